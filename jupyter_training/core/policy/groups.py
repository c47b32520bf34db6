"""Groups of a fair-share pool: an experiment's jobs, or a job alone. What each asks for is counted as it changes.

A group's *demand* is what it would hold if there were room for all its jobs:
those that wait and may start, and those that run and are wished to. A job that
makes room goes back to the queue, so it is counted all the while.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import Desired
from jupyter_training.core.policy.counts import change
from jupyter_training.core.policy.line import Line
from jupyter_training.core.policy.nouns import ActiveAttempt, Place, QueuedJob
from jupyter_training.core.resources import Need, Pool

__all__ = ["Group", "Groups", "capacity_of", "units_of"]


def capacity_of(pool: Pool) -> int:
    """What is shared: slots, or the GPUs of a pool without slots."""
    return pool.slots or len(pool.devices)


def units_of(one: QueuedJob | ActiveAttempt, pool: Pool) -> int:
    """What a job counts in its share. One that asks for GPUs only counts as one slot where there are slots."""
    if isinstance(one, QueuedJob):
        slots, gpus = one.slots, one.gpus
    else:
        slots, gpus = one.allocation.slots, len(one.allocation.devices)
    return max(1, slots) if pool.slots else gpus


class Group:
    """One group. Its weight is the largest of its jobs', and so is its limit, where all of them have one."""

    def __init__(self, name: str, pool: Pool) -> None:
        self.name = name
        self._pool = pool
        self.lines: dict[Need, Line] = {}  # who waits and may start
        self.active: dict[JobId, ActiveAttempt] = {}
        self.demand = 0
        self.weight = 1.0
        self.smallest = 0  # the size of its smallest job; one that holds nothing of what is shared has none
        self.limit: int | None = None
        self._all = 0
        self._places: list[Place] = []
        self._units: dict[int, int] = {}  # how many jobs of each size
        self._weights: dict[float, int] = {}
        self._limits: dict[int | None, int] = {}

    @property
    def came(self) -> Place:
        """The place of its first job."""
        return self._places[0]

    @property
    def is_empty(self) -> bool:
        return not self._places and not self.active

    def count(self, one: QueuedJob | ActiveAttempt, sign: int) -> None:
        """Let a job take part in the demand, or no longer."""
        units = units_of(one, self._pool)
        self._all += sign * units
        if sign > 0:
            insort(self._places, one.place)
        else:
            del self._places[bisect_left(self._places, one.place)]
        change(self._units, units, sign)
        change(self._weights, one.weight, sign)
        change(self._limits, one.max_slots, sign)
        self.limit = None if None in self._limits else max((one or 0 for one in self._limits), default=0)
        self.demand = self._all if self.limit is None else min(self._all, self.limit)
        self.weight = max(self._weights, default=1.0)
        self.smallest = min(filter(None, self._units), default=0)


class Groups:
    """All groups of a pool, and who of them came first."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.by_name: dict[str, Group] = {}
        self.holding: dict[str, Group] = {}  # those with active attempts
        self.by_size: dict[int, list[tuple[Place, str]]] = {}  # with a demand: size of the smallest job -> in order
        self.demanding = 0

    def add_queued(self, job: QueuedJob) -> None:
        group = self._changing(job.group)
        group.lines.setdefault(job.need, Line()).add(job.place)
        group.count(job, 1)
        self._changed(group)

    def remove_queued(self, job: QueuedJob) -> None:
        group = self._changing(job.group)
        line = group.lines[job.need]
        line.remove(job.place)
        if not len(line):
            del group.lines[job.need]
        group.count(job, -1)
        self._changed(group)

    def add_active(self, attempt: ActiveAttempt) -> None:
        group = self._changing(attempt.group)
        group.active[attempt.job] = attempt
        self.holding[group.name] = group
        if attempt.desired is Desired.RUN:
            group.count(attempt, 1)
        self._changed(group)

    def remove_active(self, attempt: ActiveAttempt) -> None:
        group = self._changing(attempt.group)
        del group.active[attempt.job]
        if not group.active:
            del self.holding[group.name]
        if attempt.desired is Desired.RUN:
            group.count(attempt, -1)
        self._changed(group)

    def _changing(self, name: str) -> Group:
        """Take a group out of the order; ``_changed`` puts it back."""
        group = self.by_name.get(name)
        if group is None:
            group = self.by_name[name] = Group(name, self._pool)
        elif group.smallest:
            same = self.by_size[group.smallest]
            del same[bisect_left(same, (group.came, name))]
            if not same:
                del self.by_size[group.smallest]
            self.demanding -= 1
        return group

    def _changed(self, group: Group) -> None:
        if group.is_empty:
            del self.by_name[group.name]
        elif group.smallest:
            insort(self.by_size.setdefault(group.smallest, []), (group.came, group.name))
            self.demanding += 1
