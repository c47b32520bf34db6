"""What a submit would store; nothing is."""

from __future__ import annotations

from jupyter_training.core.job import Submission
from jupyter_training.core.lifecycle import TERMINAL, JobState
from jupyter_training.schema import DataView, PlannedFile, PlanView, SubmitRequest
from jupyter_training.services import bundle, submit
from jupyter_training.services.pools import unused_gpus
from jupyter_training.services.site import Site
from jupyter_training.store import checkpoints, lineage, views, wishes

__all__ = ["plan"]


def plan(site: Site, user: str, request: SubmitRequest) -> PlanView:
    """What a submit of the request would store, checked as a submit is. Data need not have been sent yet.

    Raises:
        InvalidSpec, UnknownPool, UnknownPlugin, TooLarge, JobExists: as a submit would.
    """
    request = submit.with_config(request)
    files = bundle.listed(submit.code_of(site, request))
    submission = submit.submission_of(site, request, files, user=user)
    spec = submission.spec
    there = wishes.stand_in(site.store, submission)
    notes = []
    if there is not None:
        state = "has succeeded" if there.ended is not None else "has not ended"
        notes.append(f"{there.name} {there.id[:6]} does the same and {state}: a submit gives that job, not a new one.")
    if request.resume:
        notes.append(_resume(site, submission))
    unused = unused_gpus(views.pools(site.store).get(submission.pool), spec.resources)
    if unused is not None:
        notes.append(unused)
    return PlanView(
        spec=spec.model_dump(mode="json"),
        pool=submission.pool,
        priority=submission.priority,
        files=tuple(PlannedFile(path=file.path, size=file.size) for file in files),
        data=tuple(DataView(name=one.name, kind=one.kind, words=one.words, size=one.size) for one in spec.data),
        sizes={"code": sum(file.size for file in files), "data": sum(one.size for one in spec.data)},
        notes=tuple(notes),
    )


def _resume(site: Site, submission: Submission) -> str:
    """What ``resume`` would come to."""
    old = lineage.newest_of_name(site.store, submission.origin, submission.spec.name)
    if old is None:
        return "There is no job of that name to be resumed: a submit makes a new one."
    called = f"{old.name} {old.id[:6]}"
    if old.state not in TERMINAL | {JobState.PAUSED}:
        return f"{called} is {old.state.value}: a submit would be refused."
    if old.checkpoint_step is None:
        with site.store.read() as connection:
            why, _ = checkpoints.why_none(connection, old.id)
        return f"{called} {why}: a submit would be refused."
    return f"A submit goes on with {called} from step {old.checkpoint_step}."
