"""Use cases on jobs: look, find, and what is wished of those that are there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from jupyter_training.core import filter as filters
from jupyter_training.core.ids import JobId, is_job_id
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import TERMINAL, JobState, Verb, may
from jupyter_training.errors import InvalidUsage, TrainingError, UnknownJob
from jupyter_training.schema import (
    ItemResult,
    JobPage,
    JobView,
    ProblemDocument,
    VerbRequest,
    VerbResult,
)
from jupyter_training.services import artifacts, experiment_acts, passed, signs
from jupyter_training.services.present import job_views
from jupyter_training.services.site import Site
from jupyter_training.store import verbs, views
from jupyter_training.store.find import WHERE_LISTED
from jupyter_training.store.listing import SCANNED

__all__ = ["FindQuery", "JobsQuery", "ShowQuery", "act", "find", "known", "page", "settled", "show"]

PAGE_LIMIT = 500


class JobsQuery(BaseModel):
    """What a list is narrowed to. Several states are given by repeating ``state``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: tuple[JobState, ...] = ()
    name: str | None = None
    text: str | None = Field(None, description="part of a name or an id")
    user: str | None = None
    notebook: str | None = None
    pool: str | None = None
    experiment: str | None = Field(None, description="only the jobs of this search: its trials, and what drives it")
    trials: bool = Field(False, description="the jobs of searches, too, which are left out otherwise")
    archived: bool | None = Field(
        None, description="only what was put away, or only what was not; without it the filter decides (`is:archived`)"
    )
    filter: str | None = Field(
        None,
        max_length=1000,
        description="as in `state:failed tag:x -user:bob val_accuracy>0.9 lr<=0.1 words`. One request looks at "
        f"{SCANNED} jobs at most: a page may be short, even empty, and its `next` goes on.",
    )
    sort: Literal["newest", "queue"] = Field(
        "newest", description="`queue`: what waits, in the order in which it starts"
    )
    after: str | None = Field(None, description="cursor: the `next` of the page before")
    limit: int = Field(50, ge=1, le=PAGE_LIMIT)


class FindQuery(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=1, max_length=200, description="an id, a unique prefix, a name, or `last`")
    notebook: str | None = None


class ShowQuery(BaseModel):
    """With ``wait``, the answer comes when the job's version is above ``after`` or it has ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: int | None = Field(None, ge=0, le=2**62)
    wait: float = Field(0, ge=0, le=30, description="seconds", allow_inf_nan=False)


def page(site: Site, query: JobsQuery) -> JobPage:
    """One page of jobs.

    Raises:
        InvalidRequest: the filter can't be read; with the column and the near miss.
        InvalidUsage: a cursor that no page gave, or an order that the states don't have.
    """
    if query.sort == "queue" and set(query.state) - {JobState.QUEUED}:
        raise InvalidUsage("sort=queue lists what waits, and no other states.", hint="Leave `state` out.")
    wished = filters.parse(query.filter or "")
    archived = query.archived
    if archived is None and not wished.is_about_archive:
        archived = False
    wanted = views.JobQuery(
        states=frozenset(query.state),
        name=query.name,
        text=query.text,
        user=query.user,
        notebook=query.notebook,
        pool=query.pool,
        archived=archived,
        trials=query.trials,
        experiment=JobId(query.experiment) if query.experiment is not None else None,
        filter=wished,
        order=query.sort,
    )
    found = views.page(site.store, wanted, after=query.after, limit=query.limit)
    counts = {state.value: count for state, count in views.counts(site.store).items()}
    return JobPage(jobs=tuple(job_views(site, found.jobs)), next=found.next, counts=counts)


def show(site: Site, job_id: str) -> JobView:
    """One job with its spec and artifacts.

    Raises:
        UnknownJob: no job has that id.
    """
    job = known(site, job_id)
    (view,) = job_views(site, [job], artifacts=artifacts.kept(site, job.id), full=True)
    return view


def settled(job: Job, after: int | None) -> bool:
    """Whether a waiting reader of this job should get its answer now."""
    return after is None or job.version > after or job.state in TERMINAL


def find(site: Site, user: str, query: FindQuery) -> JobView:
    """The job that a person means.

    Raises:
        UnknownJob, AmbiguousJob: with the near miss or the candidates.
    """
    job = views.find(site.store, query.text, user=user, notebook=query.notebook)
    (view,) = job_views(site, [job], full=True)
    return view


def act(site: Site, request: VerbRequest) -> VerbResult:
    """Wish something of several jobs; a result per job, in their order. One refusal stops no other."""
    ids = [JobId(text) for text in request.jobs]
    of_searches = _wished_of_searches(site, ids, request)
    rest = [one for one in ids if one not in of_searches]
    told = iter(_wished(site, rest, request)) if rest else iter(())
    outcomes = [of_searches[one] if one in of_searches else next(told) for one in ids]
    site.wake()
    site.ensure_dispatcher()
    good = [outcome for outcome in outcomes if isinstance(outcome, Job)]
    seen = {view.id: view for view in job_views(site, good)}
    results = []
    for job_id, outcome in zip(ids, outcomes, strict=True):
        if isinstance(outcome, TrainingError):
            problem = ProblemDocument.model_validate(outcome.to_problem())
            results.append(ItemResult(id=job_id, ok=False, problem=problem))
        else:
            results.append(ItemResult(id=job_id, ok=True, job=seen[outcome.id]))
    return VerbResult(results=tuple(results))


def _wished_of_searches(site: Site, ids: list[JobId], request: VerbRequest) -> dict[JobId, Job | TrainingError]:
    """What is meant of a search: a verb on the job that drives it, and a retry of a trial that has ended badly."""
    found: dict[JobId, Job | TrainingError] = {}
    for job in views.jobs(site.store, list(dict.fromkeys(ids))):
        of_trial = job.trial is not None and request.verb is Verb.RETRY and job.state is not JobState.SUCCEEDED
        if not job.is_driver and not of_trial:
            continue
        wish = experiment_acts.act_on_driver if job.is_driver else experiment_acts.retry_trials
        try:
            wish(site, job, request)
        except TrainingError as error:
            found[job.id] = error
        else:
            found[job.id] = next(iter(views.jobs(site.store, [job.id])), job)
    return found


def _wished(site: Site, ids: list[JobId], request: VerbRequest) -> list[Job | TrainingError]:
    """What the store says to each. One that is retried has the values of its ``pass_env`` before anybody starts it."""
    lacking: dict[JobId, TrainingError] = {}
    ready: dict[JobId, Callable[[], None]] = {}

    def settle(job: Job) -> None:
        if job.id in ready:
            ready[job.id]()

    with contextlib.ExitStack() as coming:
        if request.verb is Verb.RETRY:
            for job in views.jobs(site.store, list(dict.fromkeys(ids))):
                if not may(request.verb, job, force=request.force):
                    continue  # the store says why
                try:
                    ready[job.id] = coming.enter_context(passed.again(site, job, request.secrets))
                except TrainingError as error:
                    lacking[job.id] = error
        asked = [job_id for job_id in ids if job_id not in lacking]
        discard, force = request.discard, request.force
        wished = verbs.wish(
            site.store,
            asked,
            request.verb,
            now=site.now(),
            discard=discard,
            force=force,
            settle=settle,
            has_begun=lambda job, number: signs.has_begun(site.settings.spool_root, job, number),
        )
    told = iter(wished)
    outcomes = [lacking[job_id] if job_id in lacking else next(told) for job_id in ids]
    if request.verb is Verb.DELETE:
        for outcome in outcomes:
            if isinstance(outcome, Job):
                passed.drop(site, outcome)
    return outcomes


def known(site: Site, job_id: str) -> Job:
    """The job of an id that came from outside.

    Raises:
        UnknownJob: it is no id, or no job has it.
    """
    if not is_job_id(job_id):
        raise UnknownJob(f"There is no job {job_id[:40]!r}.", hint=f"Ids have ten letters and digits; {WHERE_LISTED}")
    return views.job(site.store, JobId(job_id))
