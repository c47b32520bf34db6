"""How many configs there are of axes that conditions link, and of those that begin with given values.

    optimizer ─ sgd  ─ momentum 0, 0.9 ─ lr 3 values      2 x 3
              └ adam ────────────────── lr 3 values           3

An axis branches where it is there, and is skipped where it isn't. Values that every comparison finds alike are one
branch, however many they are. What is below a branch hangs only on those values that conditions further down look
at, so each such case is counted once. Conditions that look at very many axes at once have too many cases.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from pydantic import JsonValue

from jupyter_training.core.expression import condition
from jupyter_training.core.expression.condition import Compare
from jupyter_training.core.expression.text import refused
from jupyter_training.core.space.domains import Domain, Float, Int

__all__ = ["Branch", "Tree"]

Branch = tuple[int, int, JsonValue]  # where a run of values begins, its length, and its first value
_MOST_CASES = 5_000


class Tree:
    """``names``: in the order of the search, each after those that its condition names."""

    def __init__(
        self, domains: Mapping[str, Domain], names: Sequence[str], values: Mapping[str, Sequence[JsonValue]]
    ) -> None:
        self._domains = domains
        self._names = names
        self._values = values
        self._places = {name: place for place, name in enumerate(names)}
        compared = [one for name in names for one in _compared(domains[name])]
        self._branches = {
            name: _branches(domains[name], values[name], [one for one in compared if one.name == name])
            for name in names
        }
        # For each place: what conditions from there on look at.
        self._looked_at: list[frozenset[str]] = [frozenset()]
        for name in reversed(names):
            self._looked_at.append(self._looked_at[-1] | {one.name for one in _compared(domains[name])})
        self._looked_at.reverse()
        self._counted: dict[tuple[int, str], int] = {}

    def place(self, name: str) -> int:
        return self._places[name]

    def branches(self, name: str) -> Sequence[Branch]:
        return self._branches[name]

    def is_there(self, name: str, before: Mapping[str, JsonValue]) -> bool:
        when = self._domains[name].when
        return when is None or condition.holds(when, before) is True

    def count(self, place: int, before: Mapping[str, JsonValue]) -> int:
        """How many ways there are from a place on, after these values.

        Raises:
            InvalidSpec: there are too many cases to count.
        """
        factor = 1
        for at in range(place, len(self._names)):
            name = self._names[at]
            if not self.is_there(name, before):
                continue
            if name in self._looked_at[at + 1]:
                return factor * self._below(at, before)
            factor *= len(self._values[name])
        return factor

    def _below(self, place: int, before: Mapping[str, JsonValue]) -> int:
        seen = {name: before[name] for name in sorted(self._looked_at[place]) if name in before}
        key = (place, repr(seen))
        if key not in self._counted:
            if len(self._counted) >= _MOST_CASES:
                raise refused(
                    "its conditions look at too many axes at once to count its configs",
                    hint="Name a searcher that draws them, or condition each axis on fewer others.",
                    key=self._names[place],
                )
            name = self._names[place]
            branches = self._branches[name]
            self._counted[key] = sum(
                length * self.count(place + 1, seen | {name: value}) for _, length, value in branches
            )
        return self._counted[key]


def _compared(domain: Domain) -> Iterable[Compare]:
    return () if domain.when is None else condition.compared(domain.when)


def _branches(domain: Domain, values: Sequence[JsonValue], asked: Sequence[Compare]) -> list[Branch]:
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
