"""Drivers of searches that leave for want of work and come back, and those that ended before their search.

A driver with nothing to do asks to be paused until something happens (the hold
``experiment``). What brings it back: a trial of its search has come to another
state, was wished something, was deleted, or has reported what is judged; or the
time of the search is over. In a search that a person has paused nothing does:
it comes back with the search. A driver that is only about to leave is called back
too, since it may have looked for the last time.
"""

from __future__ import annotations

from collections.abc import Collection

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import TERMINAL, Hold, JobState, Verb, end_sentence
from jupyter_training.errors import IllegalVerb
from jupyter_training.store import driving, experiment_verbs, experiments, reports, verbs
from jupyter_training.store.engine import Store

__all__ = ["Away", "has_ended", "is_away"]


class Away:
    """Those that have left, as far as one dispatcher knows. It keeps what it needs to tell news from noise."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._metrics: dict[JobId, tuple[str, ...]] = {}
        self._until: dict[JobId, float | None] = {}  # when their search's time is over
        # How often a trial has reported what is judged, when last looked at: by its search, until that is over.
        self._reported: dict[JobId, dict[JobId, int]] = {}

    def rouse(
        self, away: Collection[JobId], touched: Collection[JobId] | None, reported: Collection[JobId], now: Instant
    ) -> bool:
        """Bring back those of ``away`` that something has happened to. True: any was.

        ``touched``: the jobs that changed, None: perhaps all; ``reported``: those of which points came, which may be
        samples of the machine only.
        """
        for gone in set(self._until) - set(away):
            del self._until[gone]
        if not away:
            return False
        wanted = {one for one in away if one not in self._until} if touched is None else set()
        fresh = [one for one in away if one not in self._until]
        if fresh:
            self._forget(set(self._metrics) - set(away))
            self._look_at(fresh)
        wanted |= {one for one, until in self._until.items() if until is not None and now >= until}
        if touched is not None:
            wanted |= set(experiments.belongs_to(self._store, list(touched)).values()) & set(away)
            wanted |= self._have_news(reported, set(away) - wanted)
        return driving.rouse(self._store, sorted(wanted), now)

    def _look_at(self, fresh: Collection[JobId]) -> None:
        for one in experiments.many(self._store, list(fresh)):
            limit = one.spec.stop.max_time
            runs = limit is not None and one.started is not None and one.paused_since is None
            self._until[one.id] = one.started + one.paused_seconds + limit if runs else None  # type: ignore[operator]
            self._metrics[one.id] = one.spec.objective.metrics

    def _forget(self, back: Collection[JobId]) -> None:
        """Of those that are not away any more, what was known of the searches that are over."""
        going = {one.id for one in experiments.many(self._store, list(back)) if not one.state.is_final}
        for one in set(back) - going:
            del self._metrics[one]
            self._reported.pop(one, None)

    def _have_news(self, reported: Collection[JobId], away: Collection[JobId]) -> set[JobId]:
        found: set[JobId] = set()
        for job, experiment in experiments.belongs_to(self._store, list(reported)).items() if away else ():
            if experiment in away and experiment in self._metrics:
                count, known = reports.count(self._store, job, self._metrics[experiment]), self._reported
                if count > known.setdefault(experiment, {}).get(job, 0):
                    known[experiment][job] = count
                    found.add(experiment)
        return found


def has_ended(store: Store, driver: Job, now: Instant) -> None:
    """See that a search whose driver has ended has ended too, or is driven on.

    One that went in good order, and whose search a person extended in that very moment, begins again. With one that
    has failed for good the search has failed, and with one that was canceled it is canceled.
    """
    if driver.state is JobState.FAILED:
        why = driver.detail or (end_sentence(driver.reason) if driver.reason is not None else "it failed.")
        driving.failed(store, driver.id, f"Its driver failed: {why} Retry it to go on; its log says more.", now)
        return
    found = experiments.many(store, [driver.id])
    if driver.state not in TERMINAL or not found or found[0].state.is_final:
        return
    if driver.state is JobState.SUCCEEDED:
        verbs.wish(store, [driver.id], Verb.RETRY, now=now, force=True)
        return
    try:
        experiment_verbs.cancel(store, driver.id, now=now)
    except IllegalVerb:
        return  # it has ended by now


def is_away(job: Job) -> bool:
    """Whether a driver has left, or is about to."""
    return job.is_driver and Hold.EXPERIMENT in job.holds and job.state not in TERMINAL
