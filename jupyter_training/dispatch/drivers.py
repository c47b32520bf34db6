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
from dataclasses import dataclass

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import TERMINAL, Hold, JobState, Verb, end_sentence
from jupyter_training.errors import IllegalVerb
from jupyter_training.store import driving, experiment_verbs, experiments, reports, verbs
from jupyter_training.store.engine import Store

__all__ = ["Away", "has_ended", "is_away"]


@dataclass(frozen=True)
class _Left:
    """A search whose driver is away."""

    until: Instant | None  # its time is over
    metrics: tuple[str, ...]
    heard: dict[JobId, int]  # reports of each trial: told before the driver left, or that called it back since


class Away:
    """Those that have left, as far as one dispatcher knows. It keeps what it needs to tell news from noise."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[JobId, _Left] = {}

    def rouse(
        self, away: Collection[JobId], touched: Collection[JobId] | None, reported: Collection[JobId], now: Instant
    ) -> bool:
        """Bring back those of ``away`` that something has happened to. True: any was.

        ``touched``: the jobs that changed, None: perhaps all; ``reported``: those of which points came, which may be
        samples of the machine only.
        """
        for back in set(self._known) - set(away):
            del self._known[back]
        if not away:
            return False
        fresh = set(away) - set(self._known)
        wanted = set(fresh) if touched is None else set()
        if fresh:
            self._look_at(fresh)
        wanted |= {one for one, left in self._known.items() if left.until is not None and now >= left.until}
        if touched is not None:
            wanted |= set(experiments.belongs_to(self._store, list(touched)).values()) & set(away)
            wanted |= self._have_news(reported, set(away) - wanted)
        return driving.rouse(self._store, sorted(wanted), now)

    def _look_at(self, fresh: Collection[JobId]) -> None:
        for one in experiments.many(self._store, list(fresh)):
            limit = one.spec.stop.max_time
            runs = limit is not None and one.started is not None and one.paused_since is None
            until = Instant(one.started + one.paused_seconds + limit) if runs else None  # type: ignore[operator]
            self._known[one.id] = _Left(until, one.spec.objective.metrics, experiments.heard(self._store, one.id))

    def _have_news(self, reported: Collection[JobId], away: Collection[JobId]) -> set[JobId]:
        found: set[JobId] = set()
        for job, experiment in experiments.belongs_to(self._store, list(reported)).items() if away else ():
            if experiment in away and experiment in self._known:
                left = self._known[experiment]
                count = reports.count(self._store, job, left.metrics)
                if count > left.heard.get(job, 0):
                    left.heard[job] = count
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
