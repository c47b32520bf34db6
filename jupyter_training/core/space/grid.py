"""All configs of a finite space, in an order: counted without being made, and each found by its number.

Without conditions a number is read digit by digit, the last axis being the fastest. With them the configs are the
leaves of a tree: an axis branches where it is there, and is skipped where it isn't. How many leaves are below a
branch is said by ``tree``. Axes that no condition links are trees of their own, whose counts are multiplied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, overload

from pydantic import JsonValue

from jupyter_training.core.expression.text import refused
from jupyter_training.core.space import order
from jupyter_training.core.space.domains import Axis, Const, Domain, Float, Int
from jupyter_training.core.space.tree import Tree
from jupyter_training.errors import InvalidSpec, Problem

if TYPE_CHECKING:
    import random

__all__ = ["Configs", "grid_configs", "product_configs", "size"]

Config = dict[str, JsonValue]
_MOST = 1 << 62  # what a sequence can be long


class Configs(Sequence[Config]):
    """A sequence of configs, made when they are asked for."""

    def __init__(
        self,
        domains: Mapping[str, Domain],
        names: Sequence[str],
        values: Mapping[str, Sequence[JsonValue]],
    ) -> None:
        self._domains = domains
        self._names = names
        self._values = values
        self._trees: dict[str, Tree] = {}
        self.total = 1
        for together in order.together(domains, names):
            tree = Tree(domains, together, values)
            self._trees.update(dict.fromkeys(together, tree))
            self.total *= tree.count(0, {})

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
        rest = self.total  # how many configs begin with what was found
        for name in self._names:
            tree = self._trees[name]
            if not tree.is_there(name, found):
                continue
            others = rest // tree.count(tree.place(name), found)
            for start, length, value in tree.branches(name):
                rest = others * tree.count(tree.place(name) + 1, found | {name: value})
                if number < length * rest:
                    found[name] = self._values[name][start + number // rest]
                    number %= rest
                    break
                number -= length * rest
        return {name: deepcopy(found[name]) for name in self._domains if name in found}


def grid_configs(domains: Mapping[str, Domain]) -> Configs:
    """What a grid tries: by name, the first name slowest.

    Raises:
        InvalidSpec: for each continuous axis without ``count``.
    """
    words = "a grid needs a list of values, and this is continuous"
    values = _listed(domains, lambda one: one.grid(), words, "Tell how many it takes: {}.")
    return _bounded(Configs(domains, order.sequence(domains, sorted(domains)), values))


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
    return _bounded(Configs(domains, order.sequence(domains, domains), values))


def size(domains: Mapping[str, Domain]) -> int | None:
    """How many configs there are; None where there is no end to them, or no way to count them."""
    values: dict[str, Sequence[JsonValue]] = {}
    for name, one in domains.items():
        if isinstance(one, Float) and not one.is_finite:
            return None
        values[name] = (one.value,) if isinstance(one, Const) else one.values
    try:
        return Configs(domains, order.sequence(domains, domains), values).total
    except InvalidSpec:
        return None


def _bounded(configs: Configs) -> Configs:
    if configs.total > _MOST:
        words = f"{float(min(configs.total, 10**300)):.0e} configs are too many to try one by one"
        raise refused(words, hint="Name a searcher that draws some of them, or give fewer values.")
    return configs


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
