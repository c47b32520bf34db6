"""One pool's queue: who waits in it and who holds a part of it, each where a plan looks for it.

    table     everybody, as people see it        priority -> a line
    waiting   who may start and needs room       priority -> class of need -> a line
    beside    who may start and needs none
    holding   attempts that hold something       in order, for victims from its end
    groups    the same two by group of jobs      where the policy is fair share

Jobs of one class are alike to a plan: if one of them does not fit, none does.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import NamedTuple, TypeVar

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import Desired
from jupyter_training.core.policy.aging import aged
from jupyter_training.core.policy.groups import Groups
from jupyter_training.core.policy.line import Line
from jupyter_training.core.policy.nouns import ActiveAttempt, Order, QueuedJob
from jupyter_training.core.policy.room import Amounts, could_fit
from jupyter_training.core.resources import Need, Pool

__all__ = ["NeedClass", "PoolQueue"]

Key = TypeVar("Key")


class NeedClass(NamedTuple):
    """What makes jobs alike to a plan. The last two where their experiment may hold only so many slots at once."""

    need: Need
    preemptible: bool
    group: str | None
    max_slots: int | None


class PoolQueue:
    """Kept up to date by ``QueueView``. ``pool`` is None for one that is not there (any more)."""

    def __init__(self, pool: Pool | None) -> None:
        self.pool = pool
        self.table: dict[int, Line] = {}
        self.waiting: dict[int, dict[NeedClass, Line]] = {}
        self.beside: dict[JobId, QueuedJob] = {}
        self.holding: list[Order] = []  # with the priority that each began with
        self.stopping: dict[JobId, ActiveAttempt] = {}
        self.used = Amounts()
        self.groups = Groups(pool) if pool is not None and pool.policy == "fair_share" else None

    def add_queued(self, job: QueuedJob) -> None:
        if is_shown(job):
            self.table.setdefault(job.priority, Line()).add(job.place)
        if not self._may_start(job):
            return
        if not job.needs_room:
            self.beside[job.id] = job
        elif self.groups is not None:
            self.groups.add_queued(job)
        else:
            self.waiting.setdefault(job.priority, {}).setdefault(need_class(job), Line()).add(job.place)

    def remove_queued(self, job: QueuedJob) -> None:
        if is_shown(job):
            _take_out(self.table, job.priority, job)
        if not self._may_start(job):
            return
        if not job.needs_room:
            del self.beside[job.id]
        elif self.groups is not None:
            self.groups.remove_queued(job)
        else:
            lines = self.waiting[job.priority]
            _take_out(lines, need_class(job), job)
            if not lines:
                del self.waiting[job.priority]

    def add_active(self, attempt: ActiveAttempt) -> None:
        self.table.setdefault(attempt.priority, Line()).add(attempt.place)
        if not attempt.needs_room:
            return
        insort(self.holding, self.standing(attempt))
        self.used.add(Amounts.of_attempt(attempt))
        if attempt.is_stopping:
            self.stopping[attempt.job] = attempt
        if self.groups is not None:
            self.groups.add_active(attempt)

    def remove_active(self, attempt: ActiveAttempt) -> None:
        _take_out(self.table, attempt.priority, attempt)
        if not attempt.needs_room:
            return
        del self.holding[bisect_left(self.holding, self.standing(attempt))]
        self.used.take(Amounts.of_attempt(attempt))
        self.stopping.pop(attempt.job, None)
        if self.groups is not None:
            self.groups.remove_active(attempt)

    def _may_start(self, job: QueuedJob) -> bool:
        """Whether a plan has to look at it: what never fits keeps nobody waiting."""
        if not job.may_start or self.pool is None:
            return False
        if job.max_slots is not None and job.slots > job.max_slots:
            return False
        return not job.needs_room or could_fit(self.pool, job.need)

    def standing(self, attempt: ActiveAttempt) -> Order:
        """Its order, with the better one of its priority and of the one that it had come to when it began."""
        aging = self.pool.aging if self.pool is not None else None
        return (aged(attempt.priority, attempt.waited, aging), *attempt.place)


def is_shown(job: QueuedJob) -> bool:
    """Whether it stands in the table: one that is paused does not."""
    return not job.held and job.desired is not Desired.PAUSE


def need_class(job: QueuedJob) -> NeedClass:
    capped = job.max_slots is not None
    return NeedClass(job.need, job.preemptible, job.group if capped else None, job.max_slots)


def _take_out(lines: dict[Key, Line], key: Key, one: QueuedJob | ActiveAttempt) -> None:
    line = lines[key]
    line.remove(one.place)
    if not len(line):
        del lines[key]
