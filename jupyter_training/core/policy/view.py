"""All that a plan looks at, in order and kept up to date by changes.

Nothing is rebuilt when one job changes: ``put`` and ``drop`` cost a few
microseconds, however long the queue is. The view is the same whatever the order
in which its members came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import Desired
from jupyter_training.core.policy.counts import change
from jupyter_training.core.policy.nouns import ActiveAttempt, QueuedJob
from jupyter_training.core.policy.pool_queue import PoolQueue
from jupyter_training.core.resources import LOCAL, Pool

__all__ = ["QueueView"]

_ENDING = (Desired.CANCEL, Desired.KILL)


class QueueView:
    """Pools, waiting jobs and active attempts. Not safe between threads."""

    def __init__(
        self,
        pools: Mapping[str, Pool],
        queued: Iterable[QueuedJob] = (),
        active: Iterable[ActiveAttempt] = (),
    ) -> None:
        self._pools = dict(pools)
        self._clear()
        for job in queued:
            self.put(job)
        for attempt in active:
            self.put(attempt)

    @property
    def pools(self) -> Mapping[str, Pool]:
        return self._pools

    @pools.setter
    def pools(self, pools: Mapping[str, Pool]) -> None:
        """Take in pools that changed; everybody finds a place anew, which takes a second for 100,000 jobs."""
        if self._pools == pools:
            return
        members = list(self._members.values())
        times = dict(self._times)
        self._pools = dict(pools)
        self._clear()
        for one in members:
            self.put(one)
        self._times.update(times)

    @property
    def queued(self) -> Collection[QueuedJob]:
        return [one for one in self._members.values() if isinstance(one, QueuedJob)]

    @property
    def active(self) -> Collection[ActiveAttempt]:
        return self._active.values()

    def get(self, job_id: JobId) -> QueuedJob | ActiveAttempt | None:
        return self._members.get(job_id)

    def put(self, one: QueuedJob | ActiveAttempt) -> None:
        """A job is new, or is otherwise than before."""
        self.drop(one.id)
        self._members[one.id] = one
        queue = self._queue(one.pool)
        if isinstance(one, QueuedJob):
            queue.add_queued(one)
            if one.desired in _ENDING:
                self.ending[one.id] = one
            return
        queue.add_active(one)
        self._active[one.id] = one
        if one.desired is not Desired.RUN:
            self.wished[one.id] = one
        if one.deadline is not None or one.hang_at is not None:
            self._times[one.id] = (one.deadline, one.hang_at)
        self._count(one, 1)

    def drop(self, job_id: JobId) -> None:
        """A job has ended, or was deleted. Nothing happens where it is not known."""
        one = self._members.pop(job_id, None)
        if one is None:
            return
        queue = self._queue(one.pool)
        if isinstance(one, QueuedJob):
            queue.remove_queued(one)
            self.ending.pop(job_id, None)
            return
        queue.remove_active(one)
        del self._active[job_id]
        self.wished.pop(job_id, None)
        self._times.pop(job_id, None)
        self._count(one, -1)

    def set_times(self, job_id: JobId, *, deadline: Instant | None, hang_at: Instant | None) -> None:
        """When an active attempt reaches its time limit and counts as hung, as it is known now."""
        if deadline is None and hang_at is None:
            self._times.pop(job_id, None)
        elif job_id in self._active:
            self._times[job_id] = (deadline, hang_at)

    def ahead(self, job_id: JobId) -> int | None:
        """How many jobs stand before this one in its pool, running ones included; None: it does not stand there."""
        one = self._members.get(job_id)
        if one is None:
            return None
        table = self._queue(one.pool).table
        own = table.get(one.priority)
        if own is None:
            return None
        rank = own.rank(one.place)
        if rank >= len(own) or own.places[rank] != one.place:
            return None
        return rank + sum(len(line) for priority, line in table.items() if priority < one.priority)

    def order(self, pool: str, offset: int = 0, limit: int | None = None) -> list[JobId]:
        """The jobs of a pool as they stand in line, running ones included, from the ``offset``-th on."""
        found: list[JobId] = []
        table = self._queue(pool).table
        for priority in sorted(table):
            line = table[priority]
            if offset >= len(line):
                offset -= len(line)
                continue
            stop = None if limit is None else offset + limit - len(found)
            found += [place[2] for place in line.places[offset:stop]]
            offset = 0
            if limit is not None and len(found) >= limit:
                break
        return found

    def length(self, pool: str) -> int:
        """How many jobs stand in a pool's order."""
        return sum(len(line) for line in self._queue(pool).table.values())

    # What follows is for plans.

    def queues(self) -> Iterator[tuple[Pool, PoolQueue]]:
        """The pools by name, each with its queue."""
        for name in sorted(self._pools):
            yield self._pools[name], self._queue(name)

    def job(self, job_id: JobId) -> QueuedJob:
        one = self._members[job_id]
        assert isinstance(one, QueuedJob)
        return one

    def attempt(self, job_id: JobId) -> ActiveAttempt:
        return self._active[job_id]

    def times(self) -> Mapping[JobId, tuple[Instant | None, Instant | None]]:
        return self._times

    def slots_of(self, group: str) -> int:
        """How many slots the jobs of an experiment with a limit hold, in all pools."""
        return self._slots.get(group, 0)

    def groups(self) -> Collection[str]:
        """The experiments with a limit that hold slots."""
        return self._slots.keys()

    def free_devices(self, pool: Pool) -> set[str]:
        """Those that no attempt has, be it one of another pool of the same backend."""
        return {device for device in pool.devices if not self._devices.get((pool.backend, device))}

    def _clear(self) -> None:
        self._members: dict[JobId, QueuedJob | ActiveAttempt] = {}
        self._active: dict[JobId, ActiveAttempt] = {}
        self._queues: dict[str, PoolQueue] = {}
        self._times: dict[JobId, tuple[Instant | None, Instant | None]] = {}
        self._slots: dict[str, int] = {}
        self._devices: dict[tuple[str, str], int] = {}
        self.ending: dict[JobId, QueuedJob] = {}  # to be stopped, and without an attempt
        self.wished: dict[JobId, ActiveAttempt] = {}  # of whom something else than to run is wished

    def _queue(self, pool: str) -> PoolQueue:
        if pool not in self._queues:
            self._queues[pool] = PoolQueue(self._pools.get(pool))
        return self._queues[pool]

    def _count(self, attempt: ActiveAttempt, sign: int) -> None:
        if attempt.max_slots is not None and attempt.allocation.slots:
            change(self._slots, attempt.group, sign * attempt.allocation.slots)
        pool = self._pools.get(attempt.pool)
        backend = pool.backend if pool is not None else LOCAL
        for device in attempt.allocation.devices:
            change(self._devices, (backend, device), sign)
