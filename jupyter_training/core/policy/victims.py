"""Who makes room for a job: attempts that stand behind it, from the end of the order, and no more than it takes.

The victims' order knows what aging made of them before they began, the
newcomer's does not: so nobody stops a job that came past it, and stopping never
goes in a circle.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import Desired, Seen
from jupyter_training.core.policy.nouns import ActiveAttempt, Order, QueuedJob
from jupyter_training.core.policy.room import Amounts, Room, Short

__all__ = ["Candidates", "enough", "may_make_room"]


def may_make_room(attempt: ActiveAttempt, stopping: Collection[JobId]) -> bool:
    """Whether it could be stopped now and would go on later. One of which nobody knows can't be relied on."""
    return (
        attempt.preemptible
        and attempt.needs_room
        and attempt.desired is Desired.RUN
        and not attempt.is_stopping
        and attempt.seen is Seen.LIVE
        and attempt.job not in stopping
    )


class Candidates:
    """The attempts of a pool that may make room, from the end of the order; each is taken once in a plan."""

    def __init__(self, attempts: Sequence[tuple[Order, ActiveAttempt]], room: Room, now: Instant) -> None:
        self._attempts = sorted(attempts, key=lambda one: one[0], reverse=True)
        self._room = room
        self._now = now

    def take_for(self, job: QueuedJob) -> list[ActiveAttempt]:
        """Who makes room for this job; nobody, where even all of them together would not be enough."""
        behind = [(order, attempt) for order, attempt in self._attempts if order > job.order]
        if self._room.pool.victim == "cheapest":
            behind.sort(key=lambda one: self._by_cost(one[0], one[1], job.user))
        chosen = enough([attempt for _, attempt in behind], self._room.short(job.need), self._room)
        taken = {attempt.job for attempt in chosen}
        if taken:
            self._attempts = [one for one in self._attempts if one[1].job not in taken]
        return chosen

    def _by_cost(self, order: Order, attempt: ActiveAttempt, user: str) -> tuple[int, bool, float]:
        """Within a priority: trials of the newcomer's own user first, then what costs least; ties stay as they are."""
        own = attempt.experiment is not None and attempt.user == user
        return (-order[0], not own, self._cost(attempt))

    def _cost(self, attempt: ActiveAttempt) -> float:
        """Seconds of slots: the work that is done again, the writing and the reading of a checkpoint."""
        since = max(attempt.created, attempt.saved or attempt.created)
        work = max(0.0, self._now - since)
        return (work + attempt.save_seconds + attempt.restore_seconds) * max(1, attempt.allocation.slots)


def enough(candidates: Sequence[ActiveAttempt], short: Short, room: Room) -> list[ActiveAttempt]:
    """The first of them that give what lacks, without those that turn out not to be needed; none if all can't."""
    gifts: list[tuple[ActiveAttempt, tuple[int, int, int, int]]] = []
    total = (0, 0, 0, 0)
    for attempt in candidates:
        if short.is_covered(*total):
            break
        amounts = Amounts.of_attempt(attempt)
        gift = (amounts.slots, len(room.helpful(attempt)), amounts.cpus, amounts.memory)
        gifts.append((attempt, gift))
        total = _plus(total, gift, 1)
    if not short.is_covered(*total):
        return []
    chosen: list[ActiveAttempt] = []
    for attempt, gift in reversed(gifts):
        without = _plus(total, gift, -1)
        if short.is_covered(*without):
            total = without
        else:
            chosen.append(attempt)
    return chosen[::-1]


def _plus(total: tuple[int, int, int, int], gift: tuple[int, int, int, int], sign: int) -> tuple[int, int, int, int]:
    slots, gpus, cpus, memory = total
    return (slots + sign * gift[0], gpus + sign * gift[1], cpus + sign * gift[2], memory + sign * gift[3])
