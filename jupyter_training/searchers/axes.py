"""A search space as a library of searchers can take it. One way only: what we keep is always our own space.

    our domain               axis for a library                      back to a value
    choice                   a category per place: "0", "1", ...     the value at that place, of whatever type
    ordinal                  its places, or its numbers              the value there, or the nearest
    int                      whole numbers, by their log if so said  an int
    float                    a real range, likewise                  the number, below an open end
    float on a reverse log   1 - x by its log                        1 - that
    step or so many points   that many numbers in a row              the number of our own row
    a step on a log scale    as without the step                     the nearest number of our own row

What is always the same, a domain of one value, is no axis: it is put into each
configuration. A condition (``when``) is no library's business either: what is
not active is left out of what a trial gets, and has some value, always the
same, where a library insists on one.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import JsonValue

from jupyter_training.core.expression.condition import equal
from jupyter_training.core.space import Choice, Const, Float, Int, Ordinal, SearchSpace

__all__ = ["Axes", "Axis", "Category", "Code", "Logged", "Place", "Real", "Row", "Shifted", "Whole"]

Code = str | int | float  # what stands for a value where a library sees it

_ROW = 10_000  # a longer row is drawn from its range, for libraries that make a list of it
_WHOLE = 2**53  # beyond it whole numbers are drawn as real ones


class Axis(Protocol):
    def code(self, value: JsonValue) -> Code:
        """What stands for a value; for one that the domain lacks, what comes nearest."""

    def value(self, code: Code) -> JsonValue:
        """The value, in the domain whatever the code."""

    def middle(self) -> JsonValue:
        """Some value, always the same."""


@dataclass(frozen=True)
class Category:
    """Values without an order. Codes are texts: models would take numbers for quantities."""

    values: Sequence[JsonValue]

    @property
    def codes(self) -> list[str]:
        return [str(place) for place in range(len(self.values))]

    def code(self, value: JsonValue) -> str:
        return str(_place(value, self.values))

    def value(self, code: Code) -> JsonValue:
        return self.values[int(code)]

    def middle(self) -> JsonValue:
        return self.values[0]


@dataclass(frozen=True)
class Place:
    """Ordered values, told by their places 0, 1, ..."""

    values: Sequence[JsonValue]

    def code(self, value: JsonValue) -> int:
        return _place(value, self.values)

    def value(self, code: Code) -> JsonValue:
        return self.values[max(0, min(len(self.values) - 1, round(float(code))))]

    def middle(self) -> JsonValue:
        return self.values[len(self.values) // 2]


@dataclass(frozen=True)
class Row:
    """Rising numbers, told as they are; evenly ``spaced`` on a scale, or as they were given."""

    values: Sequence[JsonValue]
    spaced: Literal["linear", "log", "uneven", "uneven-log"]
    step: float | None = None  # in exact decimals, where there is one

    @property
    def numbers(self) -> list[float]:
        return [float(value) for value in self.values if isinstance(value, int | float)]

    @property
    def is_whole(self) -> bool:
        return all(isinstance(value, int) for value in self.values)

    def code(self, value: JsonValue) -> float:
        return self.numbers[self.place(_number(value, self.numbers[0]))]

    def value(self, code: Code) -> JsonValue:
        return self.values[self.place(float(code))]

    def middle(self) -> JsonValue:
        return self.values[len(self.values) // 2]

    def place(self, number: float) -> int:
        numbers = self.numbers
        place = bisect_left(numbers, number)
        around = range(max(place - 1, 0), min(place + 1, len(numbers)))
        return min(around, key=lambda one: abs(numbers[one] - number))


@dataclass(frozen=True)
class Whole:
    """All integers from low to high, both included."""

    low: int
    high: int
    log: bool = False

    def code(self, value: JsonValue) -> int:
        return self.value(_number(value, self.low))

    def value(self, code: Code) -> int:
        return max(self.low, min(self.high, round(float(code))))

    def middle(self) -> int:
        return self.value(_between(self.low, self.high, log=self.log))


@dataclass(frozen=True)
class Real:
    """The numbers between low and high, as a library is to draw them; ``domain`` gives what is nearest in it."""

    domain: Int | Float
    low: float
    high: float
    log: bool = False
    mirrored: bool = False  # the code is 1 - the value

    def code(self, value: JsonValue) -> float:
        number = self.domain.nearest(_number(value, self.domain.low))
        return max(self.low, min(self.high, 1.0 - number if self.mirrored else float(number)))

    def value(self, code: Code) -> JsonValue:
        return self.domain.nearest(1.0 - float(code) if self.mirrored else float(code))

    def middle(self) -> JsonValue:
        return self.value(_between(self.low, self.high, log=self.log))


@dataclass(frozen=True)
class Shifted:
    """Whole numbers or places counted from 1, for models that only bear those."""

    inner: Whole | Row

    @property
    def count(self) -> int:
        return len(self.inner.values) if isinstance(self.inner, Row) else self.inner.high - self.inner.low + 1

    def code(self, value: JsonValue) -> int:
        if isinstance(self.inner, Row):
            return self.inner.place(self.inner.code(value)) + 1
        return self.inner.code(value) - self.inner.low + 1

    def value(self, code: Code) -> JsonValue:
        place = max(1, min(self.count, round(float(code)))) - 1
        return self.inner.values[place] if isinstance(self.inner, Row) else self.inner.low + place

    def middle(self) -> JsonValue:
        return self.inner.middle()


@dataclass(frozen=True)
class Logged:
    """A logarithm in place of the number, for models that know no scale."""

    inner: Whole | Real

    @property
    def low(self) -> float:
        return math.log(self.inner.low - (0.5 if isinstance(self.inner, Whole) else 0))

    @property
    def high(self) -> float:
        return math.log(self.inner.high + (0.5 if isinstance(self.inner, Whole) else 0))

    def code(self, value: JsonValue) -> float:
        return max(self.low, min(self.high, math.log(self.inner.code(value))))

    def value(self, code: Code) -> JsonValue:
        return self.inner.value(math.exp(float(code)))

    def middle(self) -> JsonValue:
        return self.inner.middle()


class Axes:
    """Those of a space that a library is to search, by name, in the space's order.

    ``flat``: for a model that takes every number as it is, and integers only from 1.
    """

    def __init__(self, space: SearchSpace, *, flat: bool = False) -> None:
        self._space = space
        self._fixed: dict[str, JsonValue] = {}
        self.axes: dict[str, Axis] = {}
        for name, domain in space.axes.items():
            assert not isinstance(domain, Const)
            axis = _axis(domain)
            if domain.size() == 1:
                self._fixed[name] = axis.middle()
            else:
                self.axes[name] = _flat(axis) if flat else axis

    @property
    def conditional(self) -> set[str]:
        """Those that are not active in each configuration."""
        return {name for name in self.axes if self._space.domains[name].when is not None}

    def config(self, codes: Mapping[str, Code]) -> dict[str, JsonValue]:
        """What a trial gets: the values, constants with them, without what is not active."""
        return self._space.complete({**self._fixed, **self._values(codes)})

    def codes(self, config: Mapping[str, JsonValue]) -> dict[str, Code]:
        """What a library is told of a configuration, also of the axes that it lacks."""
        return {name: axis.code(config[name] if name in config else axis.middle()) for name, axis in self.axes.items()}

    def defined_by_run(self, suggest: Callable[[str, Axis], Code]) -> dict[str, Code]:
        """Asks for one value after the other, each once it is known whether its condition holds."""
        codes: dict[str, Code] = {}
        for name in self._space.sequence:
            if name in self.axes and (
                name not in self.conditional or name in self._space.active({**self._fixed, **self._values(codes)})
            ):
                codes[name] = suggest(name, self.axes[name])
        return codes

    def _values(self, codes: Mapping[str, Code]) -> dict[str, JsonValue]:
        return {name: self.axes[name].value(code) for name, code in codes.items()}


def _axis(domain: Choice | Ordinal | Int | Float) -> Axis:
    if isinstance(domain, Choice):
        return Category(domain.values)
    if isinstance(domain, Ordinal):
        if domain.kind == "equal":
            return Place(domain.values)
        return Row(domain.values, "uneven-log" if domain.kind == "nn-log" else "uneven")
    if domain.points is not None and domain.points <= _ROW:
        if domain.scale == "reverse_log":
            return Place(domain.values)
        return Row(domain.values, domain.scale)
    if isinstance(domain, Int):
        if domain.scale == "linear" and 1 < domain.step and domain.size() <= _ROW:
            return Row(domain.values, "linear", domain.step)
        if domain.step == 1 and domain.points is None and max(abs(domain.low), abs(domain.high)) < _WHOLE:
            return Whole(domain.low, domain.high, domain.scale == "log")
        return Real(domain, domain.low, domain.high, domain.scale == "log")
    if domain.step is not None and domain.scale == "linear" and len(domain.values) <= _ROW:
        return Row(domain.values, "linear", domain.step)
    if domain.scale == "reverse_log":
        return Real(domain, 1.0 - domain.high, 1.0 - domain.low, log=True, mirrored=True)
    return Real(domain, domain.low, domain.high, domain.scale == "log")


def _flat(axis: Axis) -> Axis:
    if isinstance(axis, Whole | Real) and axis.log:
        return Logged(axis)
    return Shifted(axis) if isinstance(axis, Whole | Row) else axis


def _place(value: JsonValue, values: Sequence[JsonValue]) -> int:
    for place, one in enumerate(values):
        if equal(one, value):
            return place
    return 0


def _number(value: JsonValue, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else otherwise


def _between(low: float, high: float, *, log: bool) -> float:
    return math.sqrt(low * high) if log else (low + high) / 2
