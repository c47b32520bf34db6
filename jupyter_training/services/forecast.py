"""When waiting jobs start, for whoever looks at one.

A forecast is of a whole pool and kept for some seconds; it is made by who looks
and never in the background, and takes at most a tenth of the time. One thread
makes it; others have the one before meanwhile. No lock of the store, and none
that a submit takes, is held while it is made: a submit has what is at hand.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

from jupyter_training.core.forecast import FAR, Start, Unknown, forecast
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import JobState
from jupyter_training.core.queue_front import LOOKED_AT, front
from jupyter_training.schema import StartView
from jupyter_training.services import history
from jupyter_training.services.site import Site
from jupyter_training.services.standing import standing
from jupyter_training.store import dependencies, views

__all__ = ["Told", "of_pools", "start_of"]

_KEPT = 4.0  # seconds, while nothing changes
_SHARE = 10  # a new one comes after so many times what the last one took


@dataclass(frozen=True)
class Told:
    """A pool's forecast. ``made``: the moment that its seconds count from."""

    made: Instant
    found: Mapping[JobId, Start | Unknown]
    head: int  # the change that it is as of
    at: float  # on the monotonic clock
    cost: float


@dataclass
class _Pool:
    turn: Lock = field(default_factory=Lock)
    told: Told | None = None


_turn = Lock()
_pools: WeakKeyDictionary[Site, dict[str, _Pool]] = WeakKeyDictionary()


def of_pools(site: Site, pools: set[str], *, at_hand: bool = False) -> dict[str, Told]:
    """The forecasts of these pools. ``at_hand``: what there is already, in no time."""
    found = {}
    for name in sorted(pools):
        with _turn:
            kept = _pools.setdefault(site, {}).setdefault(name, _Pool())
        told = kept.told if at_hand else _told(site, name, kept)
        if told is not None:
            found[name] = told
    return found


def start_of(job: Job, told: Mapping[str, Told], *, now: Instant) -> tuple[StartView | None, str | None]:
    """When a job starts as its view has it, or why that is not told; neither of one that does not wait."""
    of_pool = told.get(job.pool)
    if of_pool is None or job.state is not JobState.QUEUED or job.holds:
        return None, None
    found = of_pool.found.get(job.id)
    if found is None:
        return None, FAR if len(of_pool.found) >= LOOKED_AT else None
    if isinstance(found, Unknown):
        return None, found.reason
    passed = max(0.0, now - of_pool.made)
    low = round(max(0.0, found.low - passed), 1)
    return StartView(low=low, high=None if found.high is None else round(max(0.0, found.high - passed), 1)), None


def _told(site: Site, name: str, kept: _Pool) -> Told:
    """The pool's forecast, made anew where it is too old."""
    before = kept.told
    if before is not None and _is_good(site, before):
        return before
    if not kept.turn.acquire(blocking=before is None):
        assert before is not None
        return before  # somebody makes a new one
    try:
        before = kept.told
        if before is None or not _is_good(site, before):
            kept.told = before = _make(site, name)
        return before
    finally:
        kept.turn.release()


def _is_good(site: Site, told: Told) -> bool:
    age = time.monotonic() - told.at
    return age < told.cost * _SHARE or (age < _KEPT and views.head(site.store) == told.head)


def _make(site: Site, name: str) -> Told:
    began = time.monotonic()
    now = site.now()
    head = views.head(site.store)
    with standing(site) as view:
        seen = front(view, name)
    known = history.known(site, views.jobs(site.store, seen.jobs), now=now)
    tied = dependencies.of_jobs(site.store, [one.id for one in seen.queued if one.unmet])
    after = {job: {one.after for one in others if not one.met} for job, others in tied.items()}
    found = forecast(seen, known, after, rng=random.Random(head), now=now)
    ended = time.monotonic()
    return Told(now, found, head, ended, ended - began)
