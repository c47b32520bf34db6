"""Who runs next: a pure rule from a view of the queue to decisions.

Within a pool the order is (priority, position, submission). The head of that
order starts when its slots are free; what stands behind a head that does not
fit waits too, so that a large job is not overtaken for ever. Jobs that need no
slot start at once. An attempt holds its slots until it has ended, also while
it is stopping or unknown.

Wishes are level-triggered: ``plan`` compares what is desired with what is, so
planning again after acting yields nothing new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import STRENGTH, AttemptState, Desired, Seen, StopHow
from jupyter_training.core.resources import Allocation, Pool

__all__ = ["ActiveAttempt", "Blocked", "Decision", "Finish", "Plan", "QueueView", "QueuedJob", "Start", "Stop", "plan"]


@dataclass(frozen=True)
class QueuedJob:
    """A job that waits for an attempt."""

    id: JobId
    name: str
    pool: str
    priority: int
    position: str
    seq: int
    slots: int
    desired: Desired
    held: bool = False

    @property
    def order(self) -> tuple[int, str, int]:
        return (self.priority, self.position, self.seq)


@dataclass(frozen=True)
class ActiveAttempt:
    """An attempt that has not ended. ``deadline``: when its time limit is reached."""

    job: JobId
    name: str
    number: int
    state: AttemptState
    seen: Seen
    desired: Desired
    allocation: Allocation
    stop_asked: StopHow | None
    deadline: Instant | None = None
    discard: bool = False  # a pause need not wait for a checkpoint
    hang_at: Instant | None = None  # when it counts as hung, unless it says something before


@dataclass(frozen=True)
class QueueView:
    """All that a plan looks at. Queued jobs may come in any order."""

    pools: Mapping[str, Pool]
    queued: Iterable[QueuedJob]
    active: Iterable[ActiveAttempt]


@dataclass(frozen=True)
class Start:
    job: JobId
    allocation: Allocation


@dataclass(frozen=True)
class Stop:
    """Ask an attempt to end: gracefully, at once, or since its time is up."""

    job: JobId
    number: int
    how: StopHow


@dataclass(frozen=True)
class Finish:
    """A job that is to be stopped and has no attempt: it ends without having run."""

    job: JobId
    how: Literal["cancel", "kill"]


Decision = Start | Stop | Finish


@dataclass(frozen=True)
class Blocked:
    """Why the jobs of a pool wait: a rule with its numbers, rendered when somebody looks."""

    pool: str
    slots: int
    free: int
    head: JobId
    head_name: str
    head_slots: int
    holders: tuple[str, ...]  # names of the jobs that hold slots

    def sentence(self, job: QueuedJob) -> str:
        """The reason in a person's words. ``job`` is one that waits in this pool."""
        if job.slots > self.slots:
            return f"No slot will ever fit: it asks for {job.slots}, the pool {self.pool!r} has {self.slots}."
        if job.id == self.head:
            used = f"{self.slots - self.free} of {self.slots} slots are used"
            by = f" by {_listed(self.holders)}" if self.holders else ""
            return f"{used}{by}; it needs {job.slots}."
        return f"Needs {_slots(job.slots)}; {self.free} free. {self.head_name} is ahead."


@dataclass(frozen=True)
class Plan:
    decisions: tuple[Decision, ...]
    blocked: Mapping[str, Blocked] = field(default_factory=dict)  # by pool
    next_wake: Instant | None = None  # when time alone would change the plan


def plan(view: QueueView, now: Instant) -> Plan:
    """Decide what to start and what to stop, and say why the rest waits.

    Pure; the order of the view's jobs and attempts does not matter. Jobs of a
    pool that the view lacks wait.
    """
    decisions: list[Decision] = []
    free = {name: pool.slots for name, pool in view.pools.items()}
    holders: dict[str, list[str]] = {}
    wakes: list[Instant] = []
    for attempt in sorted(view.active, key=lambda one: (one.job, one.number)):
        pool = attempt.allocation.pool
        free[pool] = free.get(pool, 0) - attempt.allocation.slots
        if attempt.allocation.slots:
            holders.setdefault(pool, []).append(attempt.name)
        stop = _stop(attempt, now)
        if stop is not None:
            decisions.append(stop)
        else:
            wakes += [moment for moment in (attempt.deadline, attempt.hang_at) if moment is not None and moment > now]

    blocked: dict[str, Blocked] = {}
    for job in sorted(view.queued, key=lambda one: one.order):
        if job.desired in (Desired.CANCEL, Desired.KILL):
            decisions.append(Finish(job.id, "kill" if job.desired is Desired.KILL else "cancel"))
            continue
        if job.held or job.desired is Desired.PAUSE or job.pool not in view.pools:
            continue
        if job.slots == 0:
            decisions.append(Start(job.id, Allocation(job.pool, 0)))
        elif job.pool in blocked:
            continue
        elif job.slots <= free[job.pool]:
            free[job.pool] -= job.slots
            decisions.append(Start(job.id, Allocation(job.pool, job.slots)))
            holders.setdefault(job.pool, []).append(job.name)
        else:
            blocked[job.pool] = Blocked(
                pool=job.pool,
                slots=view.pools[job.pool].slots,
                free=max(0, free[job.pool]),
                head=job.id,
                head_name=job.name,
                head_slots=job.slots,
                holders=tuple(sorted(holders.get(job.pool, ()))),
            )
    return Plan(tuple(decisions), blocked, min(wakes, default=None))


def _stop(attempt: ActiveAttempt, now: Instant) -> Stop | None:
    """The stop that this attempt still has to be asked for. A stronger one outranks what was asked before."""
    asked = STRENGTH[attempt.stop_asked] if attempt.stop_asked is not None else 0
    wanted = max(_reasons(attempt, now), key=lambda how: STRENGTH[how], default=None)
    if wanted is None or STRENGTH[wanted] <= asked:
        return None
    return Stop(attempt.job, attempt.number, wanted)


def _reasons(attempt: ActiveAttempt, now: Instant) -> list[StopHow]:
    """Every reason to stop there is, what a person wished before what time did."""
    found: list[StopHow] = []
    if attempt.desired is Desired.PAUSE:
        found.append("discard" if attempt.discard else "pause")
    elif attempt.desired is Desired.CANCEL:
        found.append("cancel")
    elif attempt.desired is Desired.KILL:
        found.append("kill")
    if attempt.deadline is not None and attempt.deadline <= now:
        found.append("timeout")
    if attempt.hang_at is not None and attempt.hang_at <= now:
        found.append("hang")
    return found


def _listed(names: tuple[str, ...]) -> str:
    if len(names) <= 3:
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{', '.join(names[:2])} and {len(names) - 2} more"


def _slots(count: int) -> str:
    return "1 slot" if count == 1 else f"{count} slots"
