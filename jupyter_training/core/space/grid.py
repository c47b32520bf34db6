"""All configs of a finite space, in an order: counted without being made, and each found by its number.

Without conditions a number is read digit by digit, the last axis being the fastest. With them the configs are the
leaves of a tree: an axis branches where it is there, and is skipped where it isn't. How many leaves are below a
branch hangs only on those values that conditions further down look at, so each such case is counted once:

    optimizer ─ sgd  ─ momentum 0, 0.9 ─ lr 3 values      2 x 3
              └ adam ────────────────── lr 3 values           3
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import TYPE_CHECKING, overload

from pydantic import JsonValue

from jupyter_training.core.expression import condition
from jupyter_training.core.expression.condition import Compare
from jupyter_training.core.space import order
from jupyter_training.core.space.domains import Axis, Const, Domain, Float, Int
from jupyter_training.errors import InvalidSpec, Problem

if TYPE_CHECKING:
    import random

__all__ = ["Configs", "grid_configs", "product_configs"]

Config = dict[str, JsonValue]
_Case = tuple[tuple[str, JsonValue], ...]


class Configs(Sequence[Config]):
    """A sequence of configs. ``total`` is its length, which ``len`` can't say beyond ``sys.maxsize``."""

    def __init__(
        self,
        domains: Mapping[str, Domain],
        names: Sequence[str],
        values: Mapping[str, Sequence[JsonValue]],
    ) -> None:
        self._domains = domains
        self._names = names
        self._values = values
        compared = [one for name in names for one in _compared(domains[name])]
        self._branches = {
            name: _branches(domains[name], values[name], mine)
            for name in names
            if (mine := [one for one in compared if one.name == name])
        }
        # For each place in the order: what conditions from there on look at.
        self._looked_at: list[frozenset[str]] = [frozenset()]
        for name in reversed(names):
            self._looked_at.append(self._looked_at[-1] | {one.name for one in _compared(domains[name])})
        self._looked_at.reverse()
        self._counted: dict[tuple[int, str], int] = {}
        self.total = self._count(0, {})

    def __len__(self) -> int:
        return self.total

    @overload
    def __getitem__(self, index: int) -> Config: ...
    @overload
    def __getitem__(self, index: slice) -> list[Config]: ...
    def __getitem__(self, index: int | slice) -> Config | list[Config]:
        if isinstance(index, slice):
            return [self._config(one) for one in range(*index.indices(self.total))]
        number = index + self.total if index < 0 else index
        if not 0 <= number < self.total:
            raise IndexError(index)
        return self._config(number)

    def _config(self, number: int) -> Config:
        found: Config = {}
        for place, name in enumerate(self._names):
            if not self._is_there(name, found):
                continue
            first = 0
            below = self._count(place + 1, found) if name not in self._branches else 0
            for start, length, value in self._branches.get(name, ()):
                first, below = start, self._count(place + 1, found | {name: value})
                if number < length * below:
                    break
                number -= length * below
            found[name] = deepcopy(self._values[name][first + number // below])
            number %= below
        return {name: found[name] for name in self._domains if name in found}

    def _count(self, place: int, before: Mapping[str, JsonValue]) -> int:
        """How many ways there are from a place of the order on, after these values."""
        factor = 1
        while place < len(self._names):
            name = self._names[place]
            if self._is_there(name, before):
                if name in self._branches and name in self._looked_at[place + 1]:
                    return factor * self._count_branches(place, before)
                factor *= len(self._values[name])
            place += 1
        return factor

    def _count_branches(self, place: int, before: Mapping[str, JsonValue]) -> int:
        seen = {name: before[name] for name in sorted(self._looked_at[place]) if name in before}
        key = (place, repr(seen))
        if key not in self._counted:
            name = self._names[place]
            self._counted[key] = sum(
                length * self._count(place + 1, seen | {name: value}) for _, length, value in self._branches[name]
            )
        return self._counted[key]

    def _is_there(self, name: str, before: Mapping[str, JsonValue]) -> bool:
        when = self._domains[name].when
        return when is None or condition.holds(when, before) is True


def grid_configs(domains: Mapping[str, Domain]) -> Configs:
    """What a grid tries: by name, the first name slowest.

    Raises:
        InvalidSpec: for each continuous axis without ``count``.
    """
    words = "a grid needs a list of values, and this is continuous"
    values = _listed(domains, lambda one: one.grid(), words, "Tell how many it takes: {}.")
    return Configs(domains, order.sequence(domains, sorted(domains)), values)


def product_configs(domains: Mapping[str, Domain], rng: random.Random | None) -> Configs:
    """What a plain sweep runs: as written, the last axis fastest.

    Raises:
        InvalidSpec: for each axis that has no list of values.
    """

    def product(one: Axis) -> Sequence[JsonValue]:
        if isinstance(one, (Int, Float)) and one.sweep == "none":
            raise ValueError
        return one.product(rng)

    words = "a plain sweep needs a list of values, and {} has none"
    values = _listed(domains, product, words, "Write range(...) or choice(...), or name a searcher.")
    return Configs(domains, order.sequence(domains, domains), values)


def _listed(
    domains: Mapping[str, Domain],
    listed: Callable[[Axis], Sequence[JsonValue]],
    words: str,
    hint: str,
) -> dict[str, Sequence[JsonValue]]:
    found: dict[str, Sequence[JsonValue]] = {}
    problems: list[Problem] = []
    for name, one in domains.items():
        try:
            found[name] = (one.value,) if isinstance(one, Const) else listed(one)
        except ValueError:
            problems.append(Problem(words.format(_noun(one)), key=name, hint=hint.format(_with_count(one))))
    if problems:
        first = problems[0]
        rest = "".join(f", {one.key}" for one in problems[1:])
        raise InvalidSpec(f"{first.key}{rest}: {first.detail}.", hint=first.hint, errors=problems)
    return found


def _noun(domain: Domain) -> str:
    if isinstance(domain, Int) or (isinstance(domain, Float) and not domain.includes_high):
        return "an interval"
    return "a continuous one"


def _with_count(domain: Domain) -> str:
    from jupyter_training.core.space.written import expression

    if isinstance(domain, Float):
        return expression(Float(domain.low, domain.high, scale=domain.scale, count=5))
    return expression(domain)


def _compared(domain: Domain) -> Iterable[Compare]:
    return () if domain.when is None else condition.compared(domain.when)


def _branches(
    domain: Domain, values: Sequence[JsonValue], asked: Sequence[Compare]
) -> list[tuple[int, int, JsonValue]]:
    """Runs of neighbouring values that each comparison finds alike: where one begins, its length, its first value."""
    if isinstance(domain, (Int, Float)):
        edges = {0, len(values)}
        for one in asked:
            for value in one.value if isinstance(one.value, list) else [one.value]:
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    edges |= {bisect_left(values, value), bisect_right(values, value)}  # type: ignore[type-var]
        starts = sorted(edges)
    else:
        alike = [tuple(condition.holds(one, {one.name: value}) for one in asked) for value in values]
        starts = [place for place in range(len(values)) if place == 0 or alike[place] != alike[place - 1]]
        starts.append(len(values))
    return [(start, end - start, values[start]) for start, end in pairwise(starts)]
