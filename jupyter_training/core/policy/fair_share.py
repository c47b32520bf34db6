"""The fair-share policy: each group gets up to its share, whatever the order.

    below its share     starts its jobs in their order, while they fit and stay in it
    what does not fit   with preemption: groups above their shares give up the
    but is in a share   attempts that they started last, as far as somebody below
                        a share can use what they hold
    above its share     starts nothing, but for one job where the pool would stand idle:
                        what is in a share lacks something that other pools have

What a stopping attempt holds counts as its group's until it has ended, and what
is promised is reserved once, so another plan adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace

from jupyter_training.core.ids import JobId
from jupyter_training.core.policy.blocked import Share, Wait
from jupyter_training.core.policy.caps import Caps
from jupyter_training.core.policy.groups import Group, Groups, capacity_of, units_of
from jupyter_training.core.policy.nouns import ActiveAttempt, Place, QueuedJob, Start, Stop
from jupyter_training.core.policy.pool_plan import PoolPlan
from jupyter_training.core.policy.pool_queue import PoolQueue
from jupyter_training.core.policy.room import Room
from jupyter_training.core.policy.shares import fair_shares
from jupyter_training.core.policy.victims import enough, may_make_room
from jupyter_training.core.policy.view import QueueView
from jupyter_training.core.resources import Pool

__all__ = ["plan_pool"]


@dataclass
class _Account:
    """What a group holds, and what this plan adds to it."""

    group: Group
    share: int = 0
    staying: int = 0  # units of attempts that nobody stops
    used: int = 0  # units of all, with what starts and what is reserved
    floor: int = 0  # of those staying, what can't be asked back


class _Walk:
    """The waiting jobs of one group in their order, while they are in its share."""

    def __init__(self, view: QueueView, account: _Account, lines: list[list[Place]]) -> None:
        self.account = account
        self._view = view
        self._heads = [(places[0], n, 0) for n, places in enumerate(lines)]
        self._lines = lines
        heapify(self._heads)

    @property
    def head(self) -> QueuedJob | None:
        return self._view.job(self._heads[0][0][2]) if self._heads else None

    def advance(self) -> None:
        _, n, at = self._heads[0]
        if at + 1 < len(self._lines[n]):
            heapreplace(self._heads, (self._lines[n][at + 1], n, at + 1))
        else:
            heappop(self._heads)

    def leave(self) -> list[Place]:
        """Let go of all jobs that need the same; what is left of their line."""
        _, n, at = heappop(self._heads)
        return self._lines[n][at:]


def plan_pool(view: QueueView, queue: PoolQueue, room: Room, caps: Caps, stopping: set[JobId]) -> PoolPlan:
    """``stopping``: attempts that this plan stops already; those that make room come to them."""
    groups = queue.groups
    assert groups is not None
    accounts = {name: _account(group, room.pool, stopping) for name, group in groups.holding.items()}
    capacity = capacity_of(room.pool)
    floors = {name: one.floor for name, one in accounts.items() if one.floor}
    shares = fair_shares(groups, capacity, floors, _most(groups, caps))
    for name, share in shares.items():
        if name not in accounts:
            accounts[name] = _Account(groups.by_name[name])
        accounts[name].share = share
    planned = PoolPlan()
    below = [one for one in accounts.values() if one.used < one.share and one.group.lines]
    unfit = _start(view, below, room, caps, planned)
    if room.pool.preemption and unfit:
        _make_room(view, list(accounts.values()), unfit, room, caps, stopping, planned)
    if unfit and not planned.starts and not any(group.active for group in groups.holding.values()):
        waiting = [accounts.get(name) or _Account(group) for name, group in groups.by_name.items() if group.lines]
        _start_one(view, waiting, room, caps, planned)
    limited = {name: one for name, one in accounts.items() if one.group.limit is not None}
    planned.kept = {name: one.share - one.used for name, one in limited.items() if one.share > one.used}
    planned.shares = {name: Share(one.share, one.used) for name, one in accounts.items()}
    return planned


def _most(groups: Groups, caps: Caps) -> dict[str, int]:
    """What is left here of the limits of experiments that hold something in other pools."""
    found = {}
    for name, used in caps.held().items():
        group = groups.by_name.get(name)
        if group is not None and group.limit is not None:
            here = sum(attempt.allocation.slots for attempt in group.active.values())
            if used > here:
                found[name] = max(0, group.limit - (used - here))
    return found


def _account(group: Group, pool: Pool, stopping: set[JobId]) -> _Account:
    account = _Account(group)
    for attempt in group.active.values():
        units = units_of(attempt, pool)
        account.used += units
        if attempt.is_stopping or attempt.job in stopping:
            continue
        account.staying += units
        if not (pool.preemption and may_make_room(attempt, stopping)):
            account.floor += units
    return account


def _start(
    view: QueueView, accounts: list[_Account], room: Room, caps: Caps, planned: PoolPlan
) -> dict[str, list[list[Place]]]:
    """Start what fits, least served groups first. Comes back: what is in a share and does not fit, by group."""
    unfit: dict[str, list[list[Place]]] = {}
    walks = _walks(
        view, accounts, {one.group.name: [line.places for line in one.group.lines.values()] for one in accounts}
    )
    while walks:
        walk = walks[0][-1]
        job = walk.head
        if job is None:
            heappop(walks)
        elif not _is_in_share(job, walk.account, room.pool, caps):
            walk.leave()
        elif room.fits_now(job.need):
            planned.starts.append(Start(job.id, room.take(job.need)))
            caps.count(job)
            walk.account.used += units_of(job, room.pool)
            walk.advance()
            heapreplace(walks, _standing(walk))
        else:
            unfit.setdefault(walk.account.group.name, []).append(walk.leave())
    return unfit


def _start_one(view: QueueView, accounts: list[_Account], room: Room, caps: Caps, planned: PoolPlan) -> None:
    """Start the first that fits, be it more than its share."""
    walks = _walks(
        view, accounts, {one.group.name: [line.places for line in one.group.lines.values()] for one in accounts}
    )
    while walks:
        walk = walks[0][-1]
        job = walk.head
        if job is None:
            heappop(walks)
        elif caps.is_full(job) or not room.fits_now(job.need):
            walk.leave()
        else:
            planned.starts.append(Start(job.id, room.take(job.need)))
            caps.count(job)
            walk.account.used += units_of(job, room.pool)
            return


def _make_room(
    view: QueueView,
    accounts: list[_Account],
    unfit: dict[str, list[list[Place]]],
    room: Room,
    caps: Caps,
    stopping: set[JobId],
    planned: PoolPlan,
) -> None:
    """Reserve what is promised, and have groups above their shares give up the rest."""
    to_give = _asked_back(accounts, room.pool, stopping)
    walks = _walks(view, [one for one in accounts if one.group.name in unfit], unfit)
    while walks:
        walk = walks[0][-1]
        job = walk.head
        if job is None:
            heappop(walks)
            continue
        if not _is_in_share(job, walk.account, room.pool, caps):
            walk.leave()
            continue
        if not room.fits_soon(job.need):
            victims = enough(to_give, room.short(job.need), room)
            if not victims:
                walk.leave()
                continue
            planned.stops += [Stop(one.job, one.number, "preempt") for one in victims]
            stopping.update(one.job for one in victims)
            to_give = [one for one in to_give if one.job not in stopping]
            room.promise(victims)
        room.reserve(job.need)
        planned.waits.append(Wait(job, "promised"))
        caps.count(job)
        walk.account.used += units_of(job, room.pool)
        walk.advance()
        heapreplace(walks, _standing(walk))


def _asked_back(accounts: list[_Account], pool: Pool, stopping: set[JobId]) -> list[ActiveAttempt]:
    """What groups above their shares have to give up if somebody can use it: what they started last, first."""
    found: list[ActiveAttempt] = []
    for account in accounts:
        over = account.staying - account.share
        if over <= 0:
            continue
        own = [one for one in account.group.active.values() if may_make_room(one, stopping)]
        for attempt in sorted(own, key=_lateness, reverse=True):
            if over <= 0:
                break
            found.append(attempt)
            over -= units_of(attempt, pool)
    return sorted(found, key=_lateness, reverse=True)


def _lateness(attempt: ActiveAttempt) -> tuple[float, Place]:
    return (attempt.created, attempt.place)


def _is_in_share(job: QueuedJob, account: _Account, pool: Pool, caps: Caps) -> bool:
    return account.used + units_of(job, pool) <= account.share and not caps.is_full(job)


def _walks(
    view: QueueView, accounts: list[_Account], lines: dict[str, list[list[Place]]]
) -> list[tuple[float, Place, str, _Walk]]:
    walks = [_standing(_Walk(view, one, lines[one.group.name])) for one in accounts]
    heapify(walks)
    return walks


def _standing(walk: _Walk) -> tuple[float, Place, str, _Walk]:
    group = walk.account.group
    return (walk.account.used / group.weight, group.came, group.name, walk)
