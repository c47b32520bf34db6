"""Rows of numbers: by a step, or so many evenly spread on a scale. Each is a sequence that is computed, never kept.

Numbers are those that people write: ``0.9 + 3 * 0.1`` is 1.2, not 1.2000000000000002. Steps are therefore added in
decimal, and what is spread is rounded to 12 digits where its neighbours are further apart than that.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from functools import cached_property
from typing import Literal, overload

__all__ = [
    "Picked",
    "Row",
    "Scale",
    "Spread",
    "Steps",
    "back",
    "between",
    "closest",
    "even_indices",
    "onto",
    "step_end",
    "steps_in",
]

Scale = Literal["linear", "log", "reverse_log"]

_CONTEXT = Context(prec=60, Emin=-2000, Emax=2000)
_NEARLY = Decimal("1e-9")


class Row(Sequence[float]):
    """Numbers in a rising order that are computed when they are asked for. Only ``_at`` and the length differ."""

    def _at(self, index: int) -> float:
        raise NotImplementedError

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[float]: ...
    def __getitem__(self, index: int | slice) -> float | Sequence[float]:
        if isinstance(index, slice):
            return [self._at(one) for one in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(index)
        return self._at(place)


@dataclass(frozen=True)
class Steps(Row):
    """``low``, ``low + step``, ... up to ``high``, which a whole number of steps reaches."""

    low: float
    high: float
    step: float

    @cached_property
    def last(self) -> int:
        """The place of ``high``."""
        return round(steps_in(self.low, self.high, self.step))

    def __len__(self) -> int:
        return self.last + 1

    def _at(self, index: int) -> float:
        if index == self.last:
            return self.high
        return float(_CONTEXT.fma(Decimal(index), _exact(self.step), _exact(self.low)))


@dataclass(frozen=True)
class Spread(Row):
    """So many numbers from ``low`` to ``high``, both included, even on the scale; of one number its middle."""

    low: float
    high: float
    amount: int
    scale: Scale = "linear"
    is_whole: bool = False

    def __len__(self) -> int:
        return self.amount

    def _at(self, index: int) -> float:
        part = 0.5 if self.amount == 1 else index / (self.amount - 1)
        if self.amount > 1 and index in (0, self.amount - 1):
            return self.high if index else self.low
        raw = min(max(between(self.low, self.high, part, self.scale), self.low), self.high)
        if self.is_whole:
            return half_away(raw)
        apart = abs(self.high - self.low) / max(self.amount - 1, 1)
        if self.scale != "linear":
            apart = min(abs(raw - between(self.low, self.high, max(part - 1 / self.amount, 0.0), self.scale)), apart)
        if apart <= 1e-9 * max(abs(self.low), abs(self.high)) and apart <= 1e-9 * abs(raw):
            return raw
        return min(max(float(f"{raw:.12g}"), self.low), self.high)


@dataclass(frozen=True)
class Picked(Row):
    """Some of another row, by their places."""

    row: Sequence[float]
    places: Sequence[int]

    def __len__(self) -> int:
        return len(self.places)

    def _at(self, index: int) -> float:
        return self.row[self.places[index]]


def even_indices(length: int, count: int) -> list[int]:
    """``count`` of ``length`` places, both ends among them; of one its middle, all where there are no more."""
    if count >= length:
        return list(range(length))
    if count == 1:
        return [length // 2]
    return [int(half_away(index * (length - 1) / (count - 1))) for index in range(count)]


def steps_in(low: float, high: float, step: float) -> Decimal:
    """How many steps lead from one to the other; whole where what is missing is only a rounding of the step."""
    exact = _CONTEXT.divide(_CONTEXT.subtract(_exact(high), _exact(low)), _exact(step))
    whole = exact.to_integral_value(ROUND_HALF_EVEN, _CONTEXT)
    near = _CONTEXT.multiply(_NEARLY, max(abs(whole), Decimal(1)))
    return whole if abs(_CONTEXT.subtract(exact, whole)) <= near else exact


def step_end(low: float, step: float, steps: Decimal, *, is_below: bool) -> float:
    """Where the last whole step before, or the first after, so many steps ends."""
    floor = steps.to_integral_value(ROUND_FLOOR, _CONTEXT)
    count = floor if is_below else floor + 1
    value = _CONTEXT.fma(count, _exact(step), _exact(low))
    return int(value) if isinstance(low, int) and isinstance(step, int) else float(value)


def half_away(value: float) -> int:
    """The nearest whole number, a half away from zero."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def between(low: float, high: float, part: float, scale: Scale) -> float:
    """The number at a part of the way, 0 to 1, on the scale."""
    return back(onto(low, scale) * (1.0 - part) + onto(high, scale) * part, scale)


def onto(value: float, scale: Scale) -> float:
    """Where a number is on a scale."""
    if scale == "log":
        return math.log(value)
    return -math.log1p(-value) if scale == "reverse_log" else float(value)


def back(place: float, scale: Scale) -> float:
    """The number at a place of a scale."""
    if scale == "log":
        return math.exp(place)
    return -math.expm1(-place) if scale == "reverse_log" else place


def closest(row: Sequence[float], value: float) -> float:
    """The number of a rising row that is nearest; of two the higher."""
    if isinstance(row, Steps):
        place = int(min(max((value - row.low) / row.step, 0), row.last))
        around = row[max(place - 1, 0) : place + 2]
    else:
        place = bisect_left(row, value)
        around = row[max(place - 1, 0) : place + 1]
    return min(reversed(around), key=lambda one: abs(one - value))


def _exact(value: float) -> Decimal:
    return Decimal(value) if isinstance(value, int) else Decimal(repr(float(value)))
