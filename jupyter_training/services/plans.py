"""What a submit would store; nothing is."""

from __future__ import annotations

from jupyter_training.schema import DataView, PlannedFile, PlanView, SubmitRequest
from jupyter_training.services import bundle, submit
from jupyter_training.services.site import Site
from jupyter_training.store import wishes

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
    return PlanView(
        spec=spec.model_dump(mode="json"),
        pool=submission.pool,
        priority=submission.priority,
        files=tuple(PlannedFile(path=file.path, size=file.size) for file in files),
        data=tuple(DataView(name=one.name, kind=one.kind, words=one.words, size=one.size) for one in spec.data),
        sizes={"code": sum(file.size for file in files), "data": sum(one.size for one in spec.data)},
        notes=tuple(notes),
    )
