"""Which of several results none of the others beats: the Pareto set, for objectives that are minimised or maximised.

One result *dominates* another if it is at least as good in each objective and
better in one. Equal results don't dominate each other. A result that has a NaN
is no result: it stands in no front and keeps nobody out.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from jupyter_training.core.experiment import Mode

__all__ = ["Front", "dominates", "front", "ranks"]

_Point = tuple[float, ...]  # every objective turned so that smaller is better


def dominates(one: Sequence[float], other: Sequence[float], modes: Sequence[Mode]) -> bool:
    return _beats(_turned(one, modes), _turned(other, modes))


def front(results: Sequence[Sequence[float]], modes: Sequence[Mode]) -> list[int]:
    """The places in ``results`` of those that no other dominates, in their order."""
    points = [_turned(one, modes) for one in results]
    return sorted(_front(points, _numbers(points)))


def ranks(results: Sequence[Sequence[float]], modes: Sequence[Mode]) -> list[int | None]:
    """How many fronts must be taken away before each is in one: 0 for the Pareto set. None: it has a NaN."""
    points = [_turned(one, modes) for one in results]
    left = _numbers(points)
    found: list[int | None] = [None] * len(points)
    rank = 0
    while left:
        best = set(_front(points, left))
        for place in best:
            found[place] = rank
        left = [place for place in left if place not in best]
        rank += 1
    return found


class Front:
    """The Pareto set of results that come one by one."""

    def __init__(self, modes: Sequence[Mode]) -> None:
        self._modes = tuple(modes)
        self._points: list[_Point] = []

    def add(self, result: Sequence[float]) -> bool:
        """Whether it belongs to the set and is new there: equal to none and dominated by none so far."""
        new = _turned(result, self._modes)
        if any(map(isnan, new)) or any(one == new or _beats(one, new) for one in self._points):
            return False
        self._points = [one for one in self._points if not _beats(new, one)]
        self._points.append(new)
        return True

    def __len__(self) -> int:
        return len(self._points)


def _turned(result: Sequence[float], modes: Sequence[Mode]) -> _Point:
    return tuple(-value if mode == "max" else value for value, mode in zip(result, modes, strict=True))


def _numbers(points: Sequence[_Point]) -> list[int]:
    return [place for place, point in enumerate(points) if not any(map(isnan, point))]


def _beats(one: _Point, other: _Point) -> bool:
    return one != other and all(mine <= its for mine, its in zip(one, other, strict=True))


def _front(points: Sequence[_Point], places: Sequence[int]) -> list[int]:
    """Of the points at these places. In their order as tuples none is dominated by one that stands behind it."""
    ordered = sorted(places, key=points.__getitem__)
    if ordered and len(points[ordered[0]]) == 2:
        return _front_of_two(points, ordered)
    found: list[int] = []
    for place in ordered:
        if not any(_beats(points[one], points[place]) for one in found):
            found.append(place)
    return found


def _front_of_two(points: Sequence[_Point], ordered: Sequence[int]) -> list[int]:
    """With two objectives only the last one found can dominate: its second value is the smallest so far."""
    found: list[int] = []
    for place in ordered:
        if not found or points[place][1] < points[found[-1]][1] or points[place] == points[found[-1]]:
            found.append(place)
    return found
