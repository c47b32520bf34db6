"""What live views read: where the change log stands, a first picture, and what came after."""

from __future__ import annotations

from jupyter_training.core.changes import Change
from jupyter_training.core.experiment import Experiment, ExperimentState
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import TERMINAL, JobState
from jupyter_training.errors import InvalidUsage
from jupyter_training.schema import ChangeMessage, ChangeView
from jupyter_training.services.experiment_present import experiment_views
from jupyter_training.services.present import job_views
from jupyter_training.services.site import Site
from jupyter_training.store import experiment_listing, experiments, views

__all__ = ["BATCH", "counts", "head", "running", "since", "snapshot"]

BATCH = 1000  # changes in one message at most; the next one follows at once
_FIRST_PICTURE = (
    (views.JobQuery(states=frozenset({JobState.RUNNING, JobState.PAUSED})), 500),
    (views.JobQuery(order="queue"), 200),
    (views.JobQuery(states=frozenset(TERMINAL), archived=False), 50),
)
_SEARCHES = (
    (frozenset(state for state in ExperimentState if not state.is_final), 500),
    (frozenset(state for state in ExperimentState if state.is_final), 20),
)


def head(site: Site) -> int:
    """The number of the newest change; 0 when there is none."""
    return views.head(site.store)


def running(site: Site) -> int:
    """How many jobs run now, those of searches too."""
    return views.counts(site.store, trials=True).get(JobState.RUNNING, 0)


def snapshot(site: Site) -> ChangeMessage:
    """Where a live view begins: what runs, what starts next, in that order, and what ended last.

    Searches are in it as such: a trial comes once something happens to it. Of
    very many only the first of each kind are in it; lists page through the
    rest, and ``counts`` says how many there are. ``n`` is read before the jobs
    are, so that following from it misses nothing.
    """
    n = views.head(site.store)
    jobs: list[Job] = []
    for query, limit in _FIRST_PICTURE:
        jobs += views.page(site.store, query, after=None, limit=limit).jobs
    jobs = list({job.id: job for job in jobs}.values())  # one may have begun between two looks
    searches: list[Experiment] = []
    for states, limit in _SEARCHES:
        wanted = experiment_listing.ExperimentQuery(states=states)
        searches += experiment_listing.page(site.store, wanted, after=None, limit=limit).experiments
    return ChangeMessage(
        type="snapshot",
        store=site.store.store_id,
        n=n,
        jobs=tuple(job_views(site, jobs)),
        experiments=tuple(experiment_views(site, list({one.id: one for one in searches}.values()))),
        counts=counts(site),
    )


def counts(site: Site) -> dict[str, int]:
    """How many jobs are in each state, of all that lists show. Counted once per change."""
    return {state.value: count for state, count in views.counts(site.store).items()}


def since(site: Site, after: int) -> ChangeMessage:
    """What came after a cursor, at most ``BATCH`` changes, with the jobs they touch as they are now.

    With a trial, or with what drives it, its search is touched. Changes of one
    kind to one job come as their last one. ``resync`` when the cursor is older
    than the log's tail, or from a future that was never written.

    Raises:
        InvalidUsage: a negative cursor.
    """
    if after < 0:
        raise InvalidUsage("A cursor is 0 or more.")
    batch = views.changes(site.store, after, BATCH)
    if batch.resync or after > batch.head:
        return ChangeMessage(type="resync", store=site.store.store_id, n=batch.head)
    last: dict[tuple[str, JobId | None], Change] = {}
    for change in batch.changes:
        last.pop((change.kind, change.job), None)  # so that the later one stands at its own place
        last[change.kind, change.job] = change
    touched = list(dict.fromkeys(change.job for change in last.values() if change.job is not None))
    found = views.jobs(site.store, touched) if touched else []
    searches = list(dict.fromkeys(job.experiment for job in found if job.experiment is not None))
    changed = experiment_views(site, experiments.many(site.store, searches)) if searches else []
    return ChangeMessage(
        type="changes",
        store=site.store.store_id,
        n=batch.changes[-1].n if batch.changes else after,
        changes=tuple(ChangeView(n=one.n, kind=one.kind.value, job=one.job) for one in last.values()),
        jobs=tuple(job_views(site, found)),
        experiments=tuple(changed),
        counts=counts(site),
    )
