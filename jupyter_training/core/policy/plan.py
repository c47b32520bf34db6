"""Who runs next: a pure rule from a view of the queue to decisions.

Wishes and time limits come first, then each pool gives out what it has by its
own policy. Jobs that need no room start at once. An attempt holds what it was
given until it has ended, also while it is stopping or unknown.

Planning again after acting yields nothing new, also while those that were
asked to stop have not ended: what they hold counts as promised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import Seen
from jupyter_training.core.policy import fair_share, priority, wishes
from jupyter_training.core.policy.blocked import Blocked, no_pool
from jupyter_training.core.policy.caps import Caps
from jupyter_training.core.policy.nouns import ActiveAttempt, Decision, Order, QueuedJob, Start
from jupyter_training.core.policy.pool_plan import PoolPlan
from jupyter_training.core.policy.pool_queue import PoolQueue
from jupyter_training.core.policy.room import Room
from jupyter_training.core.policy.view import QueueView
from jupyter_training.core.resources import Allocation, Pool

__all__ = ["Plan", "plan"]


@dataclass(frozen=True)
class Plan:
    decisions: tuple[Decision, ...]
    blocked: Mapping[str, Blocked] = field(default_factory=dict)  # by pool
    next_wake: Instant | None = None  # when time alone would change the plan

    def sentence(self, job: QueuedJob) -> str:
        """Why a waiting job waits, in a person's words."""
        if job.held:
            return "Held; it starts when it is activated."
        if job.unmet:
            return f"Starts after {job.unmet} other {'job' if job.unmet == 1 else 'jobs'}."
        found = self.blocked.get(job.pool)
        if found is None:
            return no_pool(job.pool)
        return found.sentence(job)

    def is_backfilled(self, attempt: ActiveAttempt) -> bool:
        """Whether an attempt fills a gap that a job before it left, and has to leave when that one fits."""
        found = self.blocked.get(attempt.pool)
        may_leave = attempt.preemptible and attempt.needs_room and not attempt.is_stopping
        if found is None or not found.pool.preemption or not may_leave:
            return False
        return any(wait.job.order < attempt.order for wait in found.waits[:1])


def plan(view: QueueView, now: Instant) -> Plan:
    """Decide what to start and what to stop, and say why the rest waits.

    Pure; the order in which the view's members came does not matter. Jobs of a
    pool that the view lacks wait.
    """
    stops = wishes.stops(view, now)
    stopping = {stop.job for stop in stops}
    starts: list[Start] = []
    blocked: dict[str, Blocked] = {}
    wakes = [wishes.next_time(view, now)]
    caps = Caps(view)
    open_devices = _open_devices(view)
    for pool, queue in view.queues():
        room = Room(pool, queue.used, open_devices[pool.backend])
        leaving = _leaving(queue, view, stopping)
        room.promise(leaving)
        beside = sorted(queue.beside.values(), key=lambda job: job.order)
        starts += [Start(job.id, Allocation(pool.name, 0)) for job in beside]
        if queue.groups is not None:
            planned = fair_share.plan_pool(view, queue, room, caps, stopping)
        else:
            planned = priority.plan_pool(view, queue, room, caps, stopping, now)
        starts += planned.starts
        stops += planned.stops
        wakes.append(planned.wake)
        leaving += [view.attempt(stop.job) for stop in planned.stops]
        blocked[pool.name] = _blocked(view, queue, pool, room, caps.held(), planned, leaving, now)
        caps.keep(planned.kept)
    decisions: tuple[Decision, ...] = (*stops, *wishes.finishes(view), *starts)
    return Plan(decisions, blocked, min((wake for wake in wakes if wake is not None), default=None))


def _open_devices(view: QueueView) -> dict[str, set[str]]:
    """What nobody holds, by backend."""
    found: dict[str, set[str]] = {}
    for pool, _ in view.queues():
        found.setdefault(pool.backend, set()).update(view.free_devices(pool))
    return found


def _leaving(queue: PoolQueue, view: QueueView, stopping: set[JobId]) -> list[ActiveAttempt]:
    """Whose room is promised: those that are asked to stop, or are by this plan. No promise where nobody answers."""
    asked = [*queue.stopping.values()]
    if stopping:
        known = queue.stopping
        attempts = [view.attempt(job_id) for job_id in stopping if job_id not in known]
        asked += [one for one in attempts if one.pool == (queue.pool.name if queue.pool else None)]
    return sorted((one for one in asked if one.needs_room and one.seen is not Seen.UNKNOWN), key=_order)


def _order(attempt: ActiveAttempt) -> Order:
    return attempt.order


def _blocked(
    view: QueueView,
    queue: PoolQueue,
    pool: Pool,
    room: Room,
    held: Mapping[str, int],
    planned: PoolPlan,
    leaving: list[ActiveAttempt],
    now: Instant,
) -> Blocked:
    holders: list[ActiveAttempt | QueuedJob] = [view.attempt(order[3]) for order in queue.holding]
    holders += [view.job(start.job) for start in planned.starts]
    return Blocked(
        pool=pool,
        now=now,
        free=room.free,
        holders=tuple(holders),
        leaving=tuple(one.name for one in leaving),
        waits=tuple(planned.waits),
        starting=frozenset(start.job for start in planned.starts),
        capped=held,
        shares=planned.shares,
    )
