"""What a value may be: one of some, a whole number, a number, or always the same.

    Choice    one of the values, in no order
    Ordinal   one of the values, in their order
    Int       a whole number from low to high, both included
    Float     a number from low to high; `includes_high` says of a continuous one whether high itself belongs to it
    Const     one value that is no axis

Each is checked when it is made, so none that makes no sense exists. What can be asked of each:
``size`` (None: endless), ``values`` (all, of a finite one), ``grid`` (what a grid tries), ``product`` (what a
plain sweep runs), ``sample``, ``contains`` and ``nearest``, the member that is nearest to a value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from pydantic import JsonValue

from jupyter_training.core.expression.condition import Condition, equal
from jupyter_training.core.expression.text import shown
from jupyter_training.core.space import checks
from jupyter_training.core.space.spacing import Picked, Scale, Spread, Steps, between, closest, even_indices

if TYPE_CHECKING:
    import random

__all__ = ["Axis", "Choice", "Const", "Domain", "Float", "Int", "Kind", "Ordinal", "Sweep", "is_member"]

Kind = Literal["equal", "nn", "nn-log"]
Sweep = Literal["all", "below_high", "none"]


@dataclass(frozen=True)
class Const:
    value: JsonValue
    _: KW_ONLY
    when: Condition | None = None

    def __post_init__(self) -> None:
        checks.check_value(self.value)


@dataclass(frozen=True)
class Choice:
    """``is_shuffled``: a plain sweep runs them in a random order."""

    values: tuple[JsonValue, ...]
    _: KW_ONLY
    is_shuffled: bool = False
    when: Condition | None = None

    def __post_init__(self) -> None:
        checks.check_values(self.values, "choice")

    @property
    def count(self) -> None:
        return None

    def size(self) -> int:
        return len(self.values)

    def grid(self) -> Sequence[JsonValue]:
        return self.values

    def product(self, rng: random.Random | None = None) -> Sequence[JsonValue]:
        if not self.is_shuffled or rng is None:
            return self.values
        values = list(self.values)
        rng.shuffle(values)
        return values

    def sample(self, rng: random.Random) -> JsonValue:
        return deepcopy(self.values[rng.randrange(len(self.values))])

    def contains(self, value: JsonValue) -> bool:
        return is_member(value, self.values)

    def nearest(self, value: JsonValue) -> JsonValue:
        """The value itself as it was given first; a foreign one has no neighbour.

        Raises:
            ValueError: it is none of them.
        """
        for one in self.values:
            if equal(one, value):
                return deepcopy(one)
        raise ValueError(f"{shown(value)} is none of the values of this choice")


@dataclass(frozen=True)
class Ordinal:
    """``kind``: how a random one is drawn. ``equal``: each as often; ``nn``: the nearest to a random number from the
    lowest to the highest, ``nn-log``: the same on a log scale. Both need rising numbers.
    """

    values: tuple[JsonValue, ...]
    kind: Kind = "equal"
    _: KW_ONLY
    when: Condition | None = None

    def __post_init__(self) -> None:
        checks.check_values(self.values, "ordinal")
        checks.check_ordinal(self.values, self.kind)

    @property
    def count(self) -> None:
        return None

    def size(self) -> int:
        return len(self.values)

    def grid(self) -> Sequence[JsonValue]:
        return self.values

    def product(self, rng: random.Random | None = None) -> Sequence[JsonValue]:
        return self.values

    def sample(self, rng: random.Random) -> JsonValue:
        if self.kind == "equal" or len(self.values) == 1:
            return deepcopy(self.values[rng.randrange(len(self.values))])
        scale: Scale = "log" if self.kind == "nn-log" else "linear"
        numbers = [float(one) for one in self.values if isinstance(one, (int, float))]
        drawn = between(numbers[0], numbers[-1], rng.random(), scale)
        return self.values[numbers.index(closest(numbers, drawn))]

    def contains(self, value: JsonValue) -> bool:
        return is_member(value, self.values)

    def nearest(self, value: JsonValue) -> JsonValue:
        """The nearest of numbers; of others the value itself.

        Raises:
            ValueError: it is none of them, and they are no rising numbers.
        """
        for one in self.values:
            if equal(one, value):
                return deepcopy(one)
        numbers = [one for one in self.values if isinstance(one, (int, float)) and not isinstance(one, bool)]
        if self.kind == "equal" or isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{shown(value)} is none of the values of this ordinal")
        return closest(numbers, value)


@dataclass(frozen=True)
class Int:
    """Whole numbers, both ends included. ``points``: only that many of them, evenly spread on the scale.

    ``sweep``: what a plain sweep runs of them; ``below_high`` is how Hydra's ``range`` is meant, ``none`` its
    ``interval``. ``count``: how many a grid takes.
    """

    low: int
    high: int
    _: KW_ONLY
    scale: Scale = "linear"
    step: int = 1
    points: int | None = None
    sweep: Sweep = "all"
    count: int | None = None
    when: Condition | None = None

    def __post_init__(self) -> None:
        checks.check_int(self)

    @property
    def includes_high(self) -> bool:
        return True

    def size(self) -> int:
        return len(self.values)

    @property
    def values(self) -> Sequence[int]:
        """All of them, rising."""
        if self.points is None:
            return range(self.low, self.high + 1, self.step)
        return _spread(self.low, self.high, self.points, self.scale)

    def grid(self) -> Sequence[JsonValue]:
        values = self.values
        if self.count is None or self.count >= len(values):
            return values
        if self.step == 1 and self.points is None:
            return _spread(self.low, self.high, self.count, self.scale)
        return [values[place] for place in even_indices(len(values), self.count)]

    def product(self, rng: random.Random | None = None) -> Sequence[JsonValue]:
        return self.values[:-1] if self.sweep == "below_high" else self.values

    def sample(self, rng: random.Random) -> JsonValue:
        values = self.values
        if self.scale == "linear" or self.points is not None:
            return values[rng.randrange(len(values))]
        half = self.step / 2  # the ends are drawn as often as what is beside them
        low = max(self.low - half, self.low / 2)
        return int(closest(values, between(low, self.high + half, rng.random(), self.scale)))

    def contains(self, value: JsonValue) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
            return False
        return closest(self.values, value) == value

    def nearest(self, value: float) -> int:
        return int(closest(self.values, value))


@dataclass(frozen=True)
class Float:
    """Numbers; finite with a ``step``, or with ``points``: that many, evenly spread on the scale.

    A log scale needs ends above 0, a reverse log one ends from 0 to below 1. Ends of a finite one belong to it.
    ``sweep`` and ``count`` as for Int; a grid over a continuous one needs ``count``.
    """

    low: float
    high: float
    _: KW_ONLY
    scale: Scale = "linear"
    step: float | None = None
    points: int | None = None
    includes_high: bool = True
    sweep: Sweep = "all"
    count: int | None = None
    when: Condition | None = None

    def __post_init__(self) -> None:
        checks.check_float(self)

    @property
    def is_finite(self) -> bool:
        return self.step is not None or self.points is not None

    def size(self) -> int | None:
        return len(self.values) if self.is_finite else None

    @property
    def values(self) -> Sequence[float]:
        """All of a finite one, rising.

        Raises:
            ValueError: there is no end to them.
        """
        if self.step is not None:
            return Steps(self.low, self.high, self.step)
        if self.points is not None:
            return Spread(self.low, self.high, self.points, self.scale)
        raise ValueError("a continuous domain has no list of its values")

    def grid(self) -> Sequence[JsonValue]:
        """What a grid tries, rising.

        Raises:
            ValueError: it is continuous, and ``count`` is not told.
        """
        if self.count is None:
            return self.values
        if not self.is_finite:
            return tuple(dict.fromkeys(Spread(self.low, self.high, self.count, self.scale)))
        return Picked(self.values, even_indices(len(self.values), self.count))

    def product(self, rng: random.Random | None = None) -> Sequence[JsonValue]:
        return self.values[:-1] if self.sweep == "below_high" else self.values

    def sample(self, rng: random.Random) -> JsonValue:
        if self.points is not None or (self.step is not None and self.scale == "linear"):
            return self.values[rng.randrange(len(self.values))]
        if self.step is not None:
            low = max(self.low - self.step / 2, self.low / 2)
            return closest(self.values, between(low, self.high + self.step / 2, rng.random(), self.scale))
        return self.nearest(between(self.low, self.high, rng.random(), self.scale))

    def contains(self, value: JsonValue) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return False
        if self.is_finite:
            near = closest(self.values, value)
            return abs(near - value) <= 1e-9 * max(abs(near), abs(self.high - self.low))
        return self.low <= value <= self.high and (self.includes_high or value < self.high)

    def nearest(self, value: float) -> float:
        if self.is_finite:
            return closest(self.values, value)
        top = self.high if self.includes_high else math.nextafter(self.high, self.low)
        return min(max(float(value), self.low), top)


Axis = Choice | Ordinal | Int | Float
Domain = Axis | Const


@lru_cache(maxsize=256)
def _spread(low: int, high: int, points: int, scale: Scale) -> tuple[int, ...]:
    """Whole numbers that are evenly spread, each once."""
    return tuple(sorted({int(one) for one in Spread(low, high, points, scale, is_whole=True)}))


def is_member(value: JsonValue, values: Sequence[JsonValue]) -> bool:
    return any(equal(one, value) for one in values)
