"""How many slots each group of a fair-share pool may hold: max-min, filled up in rounds.

In each round every group that wants more is offered its part of what is left, by
weight and at least one slot; what it does not want stays for the next round.

    capacity 8, demands 2 and 30     offers 4, 4    takes 2, 4    rest 2 -> 2, 6
    capacity 8, weights 3 and 1      offers 6, 2                         -> 6, 2

A group whose smallest job is larger than what it gets can't use it: such groups
are out, those that came last first, and the others are filled up anew. Where
there are more groups than slots, those that came first take part, each with as
much as its smallest job needs at least.

What a group holds and can't be asked back (its *floor*) is counted first. A
floor within the share that the group would have anyway changes nothing, so the
shares stay as they are while jobs start within them. What the division leaves
over goes to those that came first, not to the smallest demand: demands change
with every end, and a slot that goes to and fro costs a preemption each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace, merge
from typing import NamedTuple

from jupyter_training.core.policy.groups import Group, Groups

__all__ = ["fair_shares"]

_PART = 4  # of those that are too large for their share, one in so many is out at once, and one at least


def fair_shares(
    groups: Groups, capacity: int, floors: Mapping[str, int], most: Mapping[str, int] | None = None
) -> dict[str, int]:
    """The share of each group that has one, by name.

    ``most``: what a group can use here at most, where its experiment's limit is used up in part in other pools.
    """
    most = most or {}
    ideal = _settle(groups, capacity, {}, most)
    over = {name: floor for name, floor in floors.items() if floor > ideal.get(name, 0)}
    if not over:
        return ideal
    # Nobody gets more than without the floors: it would become a floor itself, and change the shares again.
    less = _settle(groups, capacity, over, most)
    return {name: max(over.get(name, 0), min(share, ideal.get(name, 0))) for name, share in less.items()}


@dataclass
class _Rest:
    """Slots that nobody has got yet."""

    slots: int


class _Member(NamedTuple):
    """A group that takes part, in numbers."""

    name: str
    demand: int
    weight: float
    smallest: int


def _settle(groups: Groups, capacity: int, floors: Mapping[str, int], most: Mapping[str, int]) -> dict[str, int]:
    """Fill up, and leave out who can't use what it gets, until all can."""
    free = max(0, capacity - sum(floors.values()))
    rest = _Rest(free)
    if groups.demanding > capacity:
        members = [_member(group, most) for group in _first(groups, rest, floors, most)]
        shares = _fill(members, rest, {one.name: max(one.smallest, floors.get(one.name, 0)) for one in members})
    else:
        members = [_member(groups.by_name[name], most) for _, name in merge(*groups.by_size.values())]
        members = [one for one in members if one.demand >= one.smallest]
        while True:
            rest.slots = free
            shares = _fill(members, rest, floors)
            too_large = [one.name for one in members if shares[one.name] < one.smallest]
            if not too_large:
                break
            gone = set(too_large[-max(1, len(too_large) // _PART) :])
            members = [one for one in members if one.name not in gone]
    if rest.slots:
        for group in _by_coming(groups, rest, most):
            if group.name not in shares:
                shares[group.name] = _take_rest(group, rest, floors.get(group.name, 0), most)
    for name, floor in floors.items():
        shares[name] = max(shares.get(name, 0), floor)
    return shares


def _member(group: Group, most: Mapping[str, int]) -> _Member:
    return _Member(group.name, _demand(group, most), group.weight, group.smallest)


def _demand(group: Group, most: Mapping[str, int]) -> int:
    return min(group.demand, most.get(group.name, group.demand))


def _first(groups: Groups, rest: _Rest, floors: Mapping[str, int], most: Mapping[str, int]) -> Iterator[Group]:
    """Those that came first and have room beside each other, each for its smallest job, which is kept for it."""
    for group in _by_coming(groups, rest, most):
        more = max(0, group.smallest - floors.get(group.name, 0))
        if more <= rest.slots:
            rest.slots -= more
            yield group


def _take_rest(group: Group, rest: _Rest, floor: int, most: Mapping[str, int]) -> int:
    """What a group that was out gets of what the others did not want."""
    more = min(max(0, _demand(group, most) - floor), rest.slots)
    if floor + more < group.smallest:
        return floor
    rest.slots -= more
    return floor + more


def _fill(members: Sequence[_Member], rest: _Rest, floors: Mapping[str, int]) -> dict[str, int]:
    """The rounds. ``floors`` are not in ``rest``, where that stays which is not given out."""
    shares = dict.fromkeys((one.name for one in members), 0)
    kept = {one.name: floors.get(one.name, 0) for one in members}  # of its floor, not offered to it yet
    wanting = members
    left = rest.slots
    while wanting:
        offered = left + sum(kept[one.name] for one in wanting)
        if not offered:
            break
        per_weight = offered / sum(one.weight for one in wanting)
        still = []
        for one in wanting:
            name, demand, weight, _ = one
            has = shares[name]
            part = per_weight * weight  # infinite, where all weights are next to nothing
            wanted = demand - has if part >= demand - has else int(part) or 1
            own = kept[name]
            if own:
                own = min(wanted, own)
                kept[name] -= own
            new = wanted - own
            if new > left:
                new = left
            left -= new
            shares[name] = has + own + new
            if has + own + new < demand:
                still.append(one)
        if len(still) == len(wanting) and not left and not any(kept[one.name] for one in wanting):
            break
        wanting = still
    rest.slots = left
    return shares


def _by_coming(groups: Groups, rest: _Rest, most: Mapping[str, int]) -> Iterator[Group]:
    """The groups that could use what is left, in the order of coming, while it becomes less."""
    heads = [(*same[0], size, 0) for size, same in groups.by_size.items()]
    heapify(heads)
    while heads and rest.slots > 0:
        _, name, size, at = heads[0]
        if size > rest.slots:
            heappop(heads)
            continue
        group = groups.by_name[name]
        if _demand(group, most) >= group.smallest:
            yield group
        same = groups.by_size[size]
        if at + 1 < len(same):
            heapreplace(heads, (*same[at + 1], size, at + 1))
        else:
            heappop(heads)
