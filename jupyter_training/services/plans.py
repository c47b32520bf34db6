"""What a submit would store; nothing is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path

from jupyter_training.core.job import Submission
from jupyter_training.core.lifecycle import TERMINAL, JobState
from jupyter_training.core.resources import LOCAL
from jupyter_training.schema import DataView, PlannedFile, PlanView, SearchPlanView, SubmitRequest
from jupyter_training.services import bundle, experiment_words, options, search_reading, searches, served, submit
from jupyter_training.services.config_text import placed, with_config
from jupyter_training.services.experiment_present import axis_views
from jupyter_training.services.pools import unused_gpus
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.store import checkpoints, lineage, views, wishes

__all__ = ["plan"]


@dataclass(frozen=True)
class _Passing(Settings):
    """The settings of a home whose code lies in a folder that is soon gone."""

    code: Path = Path()

    @property
    def blobs(self) -> Path:
        return self.code


def plan(site: Site, user: str, request: SubmitRequest) -> PlanView:
    """What a submit of the request would store, checked as a submit is. Data need not have been sent yet.

    Raises:
        InvalidSpec, UnknownPool, UnknownPlugin, TooLarge, JobExists: as a submit would.
    """
    with placed(request):
        request = with_config(request)
        with _where_code_is_read(site, request) as there:
            return _planned(there, user, request)


def _planned(site: Site, user: str, request: SubmitRequest) -> PlanView:
    found = search_reading.parted(request)
    search = None
    if found.space is not None:
        search = searches.wished(site, request, found, user=user, keep=False)
        submission, asked = search.trial, searches.driver_of(search, request)
        notes = list(search.notes)
    else:
        request, said = search_reading.as_plain(request, found)
        files = bundle.listed(submit.code_of(site, request))
        submission = asked = submit.submission_of(site, request, files, user=user)
        notes = list(said)
    spec = submission.spec
    jobs, within = searches.bounds(search) if search is not None else (1, None)
    pool = submission.makes or views.pools(site.store)[submission.pool]
    there = wishes.stand_in(site.store, asked)
    if there is not None:
        state = "has succeeded" if there.ended is not None else "has not ended"
        noun = "job" if search is None else "search"
        words = f"{there.name} {there.id[:6]} does the same and {state}: a submit gives that {noun}, not a new one."
        notes.append(words)
    if request.resume:
        notes.append(_resume(site, submission))
    unused = unused_gpus(views.pools(site.store).get(submission.pool), spec.resources)
    if unused is not None:
        notes.append(unused)
    return PlanView(
        spec=spec.model_dump(mode="json"),
        pool=submission.pool,
        priority=submission.priority,
        files=tuple(PlannedFile(path=file.path, size=file.size) for file in spec.files),
        data=tuple(DataView(name=one.name, kind=one.kind, words=one.words, size=one.size) for one in spec.data),
        sizes={"code": sum(file.size for file in spec.files), "data": sum(one.size for one in spec.data)},
        notes=tuple(notes),
        search=_search(search) if search is not None else None,
        service=served.call(site, spec, pool, jobs=jobs, within=within),
    )


@contextmanager
def _where_code_is_read(site: Site, request: SubmitRequest) -> Iterator[Site]:
    """The site for a backend that judges the code of a wish, as it can where one is stored: read by its hashes."""
    if options.backend_of(views.pools(site.store), request.pool, request.backend) == LOCAL:
        yield site  # code is not judged here
        return
    contents = bundle.read(request.files, request.entry, limit=site.settings.bundle_limit_bytes)
    with tempfile.TemporaryDirectory(prefix="jupyter-training-plan-") as folder:
        bundle.keep(contents, Path(folder))
        same = {one.name: getattr(site.settings, one.name) for one in fields(Settings)}
        yield replace(site, settings=_Passing(**same, code=Path(folder)))


def _search(wish: searches.Wished) -> SearchPlanView:
    spec = wish.spec
    return SearchPlanView(
        axes=axis_views(wish.space.domains),
        constants={**spec.template.params, **wish.space.constants},
        size=wish.space.size(),
        searcher=spec.searcher,
        searcher_note=wish.chosen.note,
        metrics=spec.objective.metrics,
        modes=spec.objective.modes,
        workers=spec.workers,
        seed=spec.seed,
        stop=spec.stop,
        ends=experiment_words.ends(spec.stop, spec.searcher),
        resource=spec.resource,
        max_resource=spec.max_resource,
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
