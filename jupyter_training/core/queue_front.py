"""The part of a queue that a forecast looks at: a pool's first waiting jobs, and every attempt that bears on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, zip_longest

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import Desired
from jupyter_training.core.policy import ActiveAttempt, QueuedJob, QueueView
from jupyter_training.core.resources import Pool

__all__ = ["LOOKED_AT", "Front", "front"]

LOOKED_AT = 100  # waiting jobs
_SEARCHED = 2_000  # for jobs of all groups, where each has its share


@dataclass(frozen=True)
class Front:
    """What of a queue is played: a pool's first waiting jobs, in order, and all attempts that bear on it."""

    pool: str
    pools: Mapping[str, Pool]
    queued: tuple[QueuedJob, ...]
    active: tuple[ActiveAttempt, ...]

    @property
    def jobs(self) -> list[JobId]:
        """All of whom something has to be known."""
        return [*(one.id for one in self.queued), *(one.job for one in self.active)]


def front(view: QueueView, pool: str) -> Front:
    """The part of a view that bears on the starts of a pool's first jobs."""
    own = view.pools.get(pool)
    sharing = {
        name: one
        for name, one in view.pools.items()
        if name == pool or (own is not None and one.backend == own.backend and set(one.devices) & set(own.devices))
    }
    is_shared = own is not None and own.policy == "fair_share"
    waiting = _by_turns(islice(_queued(view, pool), _SEARCHED)) if is_shared else _queued(view, pool)
    queued = tuple(islice(waiting, LOOKED_AT))
    capped = {one.experiment for one in queued if one.max_slots is not None}
    active = tuple(
        one for one in view.active if one.pool in sharing or (one.experiment is not None and one.experiment in capped)
    )
    return Front(pool, sharing, queued, active)


def _queued(view: QueueView, pool: str) -> Iterator[QueuedJob]:
    """Who waits in a pool, in order, looked up piece by piece."""
    at = 0
    while piece := view.order(pool, at, LOOKED_AT):
        at += len(piece)
        for job_id in piece:
            one = view.get(job_id)
            if isinstance(one, QueuedJob) and one.desired is Desired.RUN:
                yield one


def _by_turns(jobs: Iterable[QueuedJob]) -> Iterator[QueuedJob]:
    """One of each group, then the next of each: whoever came late is not behind all of a long sweep."""
    groups: dict[str, list[QueuedJob]] = {}
    for job in jobs:
        groups.setdefault(job.group, []).append(job)
    for turn in zip_longest(*groups.values()):
        yield from (job for job in turn if job is not None)
