"""SearchSpace: names and their domains, in the order in which they were written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from jupyter_training.core.expression import condition
from jupyter_training.core.space import mapping, order, text
from jupyter_training.core.space.domains import Axis, Const, Domain
from jupyter_training.core.space.grid import Configs, grid_configs, product_configs, size
from jupyter_training.core.space.json_form import to_json
from jupyter_training.core.space.words import words
from jupyter_training.errors import InvalidSpec

if TYPE_CHECKING:
    import random

__all__ = ["SearchSpace"]

Config = dict[str, JsonValue]


@dataclass(frozen=True)
class SearchSpace:
    """Names of a nested space are joined by dots. Conditions name what is there and never wait for each other.

    A ``config`` has a value for each name whose condition holds, and for no other.
    """

    domains: Mapping[str, Domain]

    def __post_init__(self) -> None:
        object.__setattr__(self, "domains", dict(self.domains))
        order.check(self.domains)

    @classmethod
    def read(cls, given: Mapping[str, Any], *, key: str = "") -> SearchSpace:
        """What a person wrote: expressions, typed mappings, groups, forms in JSON, values.

        ``key``: where the space stands, as ``params``; it is put before the names in errors.

        Raises:
            InvalidSpec: each fault with its name and, within a text, its column.
        """
        try:
            return cls(mapping.read(given))
        except InvalidSpec as error:
            raise mapping.placed(error, key) from None

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> SearchSpace:
        return cls.read(given)

    def to_json(self) -> dict[str, JsonValue]:
        return {name: to_json(one) for name, one in self.domains.items()}

    def to_yaml(self) -> str:
        return text.to_yaml(self.domains)

    def to_python(self) -> str:
        return text.to_python(self.domains)

    @cached_property
    def axes(self) -> dict[str, Axis]:
        """What varies, in the order of the text."""
        return {name: one for name, one in self.domains.items() if not isinstance(one, Const)}

    @cached_property
    def constants(self) -> Config:
        """What is the same in every config. A constant under a condition is in none of the two."""
        return {name: one.value for name, one in self.domains.items() if isinstance(one, Const) and one.when is None}

    @property
    def is_search(self) -> bool:
        return bool(self.axes)

    @cached_property
    def sequence(self) -> tuple[str, ...]:
        """All names, each after those that its condition names; else in the order of the text."""
        return order.sequence(self.domains, self.domains)

    def size(self) -> int | None:
        """How many configs there are; None where one axis is continuous, or conditions leave no way to count them."""
        return size(self.domains)

    def sample(self, rng: random.Random) -> Config:
        """A random config; the same state of ``rng`` gives the same one."""
        found: Config = {}
        for name in self.sequence:
            one = self.domains[name]
            if one.when is None or condition.holds(one.when, found) is True:
                found[name] = deepcopy(one.value) if isinstance(one, Const) else one.sample(rng)
        return {name: found[name] for name in self.domains if name in found}

    def grid(self) -> Configs:
        """Every config that a grid tries, in Determined's order: by name, the first name slowest.

        Raises:
            InvalidSpec: an axis is continuous and has no ``count``; each is named.
        """
        return grid_configs(self.domains)

    def product(self, rng: random.Random | None = None) -> Sequence[Config]:
        """Every config of a plain sweep, in Hydra's order: as written, the last axis fastest; a stop is left out.

        ``rng`` is for ``shuffle``; without it the values keep their order.

        Raises:
            InvalidSpec: an axis has no list of values.
        """
        return product_configs(self.domains, rng)

    def active(self, config: Mapping[str, JsonValue]) -> frozenset[str]:
        """The names whose conditions hold of the values; a value that itself should not be there counts as none."""
        found: Config = {}
        names = set()
        for name in self.sequence:
            one = self.domains[name]
            if one.when is None or condition.holds(one.when, found) is True:
                names.add(name)
                if isinstance(one, Const):
                    found[name] = one.value
                elif name in config:
                    found[name] = config[name]
        return frozenset(names)

    def complete(self, values: Mapping[str, JsonValue]) -> Config:
        """The config that these values of axes make: with the constants, without what a condition leaves out."""
        active = self.active(values)
        found: Config = {}
        for name, one in self.domains.items():
            if name in active and (isinstance(one, Const) or name in values):
                found[name] = deepcopy(one.value if isinstance(one, Const) else values[name])
        return found

    def contains(self, config: Mapping[str, JsonValue]) -> bool:
        """Whether it is a config of this space: every active name, no other, each within its domain."""
        if config.keys() != self.active(config):
            return False
        return all(
            condition.equal(one.value, config[name]) if isinstance(one, Const) else one.contains(config[name])
            for name, one in self.domains.items()
            if name in config
        )

    def words(self) -> dict[str, str]:
        """What each name may be, in words."""
        return {name: words(one) for name, one in self.domains.items()}

    def replaced(self, by: SearchSpace | Mapping[str, Domain]) -> SearchSpace:
        """The space with other domains for some names, in their place; new names come last. A value fixes an axis."""
        return SearchSpace({**self.domains, **(by.domains if isinstance(by, SearchSpace) else by)})
