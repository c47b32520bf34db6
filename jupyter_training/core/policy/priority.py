"""The priority policy: the order decides, and the head of the order is not overtaken.

The walk goes through the order, which merges the lines of all classes of need:

    fits                      starts, while nobody ahead waits for room
    its experiment is full    is passed over; nobody waits for it
    does not fit: the head    without preemption the walk ends here
      enough is promised      reserves it, and waits
      others can make room    they are stopped; reserves it, and waits
      not to be made to fit   waits, and nobody behind it may stop anybody
    behind a head             starts only if it can be preempted at once, in what
                              is free and reserved for nobody (backfill)

A class that does not fit leaves the walk, so it costs as much as there are
starts and classes, and never as much as there are jobs; with aging all classes
of all priorities are looked at, without it only those of the priorities it
comes to. The next plan comes to
the same reservations, from promises instead of victims: it adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from heapq import heapify, heappop, heappush, heapreplace

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.policy.aging import aged, next_change
from jupyter_training.core.policy.blocked import Wait
from jupyter_training.core.policy.caps import Caps
from jupyter_training.core.policy.nouns import Place, QueuedJob, Start, Stop
from jupyter_training.core.policy.pool_plan import PoolPlan
from jupyter_training.core.policy.pool_queue import NeedClass, PoolQueue
from jupyter_training.core.policy.room import Room
from jupyter_training.core.policy.victims import Candidates, may_make_room
from jupyter_training.core.policy.view import QueueView

__all__ = ["plan_pool"]


@dataclass
class _Cursor:
    """How far the walk has come in one line."""

    places: list[Place]
    at: int = 0


class _Walk:
    """The waiting jobs of a pool in the order of starts.

    Within a priority the places decide; a whole priority is as good as the one
    that stands first in it has become by waiting.
    """

    def __init__(self, view: QueueView, queue: PoolQueue, now: Instant) -> None:
        self._view = view
        self._waiting = queue.waiting
        self._aging = queue.pool.aging if queue.pool is not None else None
        self._now = now
        self._levels: dict[int, list[tuple[Place, int, _Cursor]]] = {}
        self._heads: list[tuple[int, Place, int]] = []  # effective priority, place, priority
        self._left: Callable[[NeedClass], bool] | None = None
        # Where nobody's priority gets better a worse one is not looked at before the better ones are through.
        self._unopened = sorted(queue.waiting, reverse=True)
        self._open(len(self._unopened) if self._aging is not None else 1)

    def _open(self, count: int) -> None:
        """Take in so many more priorities, or further ones where nothing of these is left to look at."""
        while self._unopened and (count > 0 or not self._heads):
            priority = self._unopened.pop()
            lines = self._waiting[priority].items()
            left = [line for kind, line in lines if self._left is None or self._left(kind)]
            level = [(line.places[0], n, _Cursor(line.places)) for n, line in enumerate(left)]
            if level:
                heapify(level)
                self._levels[priority] = level
                heappush(self._heads, self._head(priority))
            count -= 1

    def narrow(self, left: Callable[[NeedClass], bool]) -> None:
        """Of the priorities that are still to come only these classes are to be looked at."""
        if self._aging is None:
            self._left = left

    def __bool__(self) -> bool:
        return bool(self._heads)

    @property
    def head(self) -> QueuedJob:
        place = self._heads[0][1]
        return self._view.job(place[2])

    def lifts_the_next(self) -> bool:
        """Whether the next one of its priority has waited longer: it would pass others once the head is gone."""
        if self._aging is None:
            return False
        effective, _, priority = self._heads[0]
        level = self._levels[priority]
        cursor = level[0][2]
        following = [entry[0] for entry in level[1:3]]  # of a heap, where the second one is among these
        following += cursor.places[cursor.at + 1 : cursor.at + 2]
        return bool(following) and self._effective(min(following), priority) < effective

    def advance(self) -> None:
        """Go on behind the head."""
        priority = self._heads[0][2]
        level = self._levels[priority]
        _, n, cursor = level[0]
        cursor.at += 1
        if cursor.at < len(cursor.places):
            heapreplace(level, (cursor.places[cursor.at], n, cursor))
            heapreplace(self._heads, self._head(priority))
        else:
            self.leave()

    def leave(self) -> None:
        """Let go of all jobs of the head's priority and class."""
        priority = self._heads[0][2]
        level = self._levels[priority]
        heappop(level)
        if level:
            heapreplace(self._heads, self._head(priority))
        else:
            heappop(self._heads)
            self._open(0)

    def _head(self, priority: int) -> tuple[int, Place, int]:
        place = self._levels[priority][0][0]
        return self._effective(place, priority), place, priority

    def _effective(self, place: Place, priority: int) -> int:
        since = self._view.job(place[2]).waiting_since if self._aging is not None else None
        return priority if since is None else aged(priority, self._now - since, self._aging)


def plan_pool(
    view: QueueView, queue: PoolQueue, room: Room, caps: Caps, stopping: set[JobId], now: Instant
) -> PoolPlan:
    """``stopping``: attempts that this plan stops already; those that make room come to them."""
    planned = PoolPlan(wake=_next_change(view, queue, now))
    walk = _Walk(view, queue, now)
    candidates: Candidates | None = None
    is_closed = False
    while walk:
        job = walk.head
        need = job.need
        if caps.is_full(job):
            walk.leave()
        elif _may_start(walk, room, behind_a_head=bool(planned.waits)):
            planned.starts.append(Start(job.id, room.take(need)))
            caps.count(job)
            walk.advance()
        elif not room.pool.preemption:
            planned.waits.append(Wait(job, "short"))
            caps.count(job)
            break
        elif is_closed:
            walk.leave()
        elif room.fits_soon(need):
            planned.waits.append(Wait(job, "promised"))
            room.reserve(need)
            caps.count(job)
            walk.advance()
        else:
            if candidates is None:
                candidates = _candidates(view, queue, room, stopping, now)
            victims = candidates.take_for(job)
            if victims:
                planned.waits.append(Wait(job, "promised"))
                planned.stops += [Stop(one.job, one.number, "preempt") for one in victims]
                stopping.update(one.job for one in victims)
                room.promise(victims)
                room.reserve(need)
                caps.count(job)
                walk.advance()
            else:
                planned.waits.append(Wait(job, "short"))
                caps.count(job)  # or another one of its experiment would pass it, and leave it no place there
                is_closed = True
                walk.leave()
                walk.narrow(_who_fills_gaps(room))
    return planned


def _who_fills_gaps(room: Room) -> Callable[[NeedClass], bool]:
    """Who could still start behind a head that nothing is to be had for: it only gets less."""
    fits = cache(room.fits_now)
    return lambda kind: kind.preemptible and fits(kind.need)


def _may_start(walk: _Walk, room: Room, *, behind_a_head: bool) -> bool:
    job = walk.head
    if behind_a_head and (not room.pool.preemption or not job.preemptible or walk.lifts_the_next()):
        return False
    return room.fits_now(job.need)


def _candidates(view: QueueView, queue: PoolQueue, room: Room, stopping: set[JobId], now: Instant) -> Candidates:
    found = [(order, view.attempt(order[3])) for order in queue.holding]
    return Candidates([one for one in found if may_make_room(one[1], stopping)], room, now)


def _next_change(view: QueueView, queue: PoolQueue, now: Instant) -> Instant | None:
    aging = queue.pool.aging if queue.pool is not None else None
    if aging is None or len(queue.waiting) < 2:
        return None
    moments = [next_change(priority, job.waiting_since, aging, now) for priority, job in _heads(view, queue)]
    return min((moment for moment in moments if moment is not None), default=None)


def _heads(view: QueueView, queue: PoolQueue) -> Iterator[tuple[int, QueuedJob]]:
    for priority, lines in queue.waiting.items():
        for line in lines.values():
            yield priority, view.job(line.places[0][2])
