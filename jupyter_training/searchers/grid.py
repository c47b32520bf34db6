"""Every configuration of a space once, in Determined's order: the last of the list first.

The list is the product with the first axis, by name, as the slowest. A trial
whose configuration makes no sense is not replaced, as each is proposed anyway.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import BaseModel, JsonValue

from jupyter_training.seams.searcher import Answer, Exhausted, Setup, Start
from jupyter_training.searchers.draws import OwnOptions, Unjudged

__all__ = ["Grid"]


class Grid(Unjudged):
    """Raises InvalidSpec for a continuous axis without ``count``, naming it."""

    replay: Literal["exact", "from_history"] = "exact"
    Options: ClassVar[type[BaseModel]] = OwnOptions

    def __init__(self, setup: Setup, options: BaseModel) -> None:
        super().__init__()
        self._points = setup.space.grid()
        self._left = len(self._points)
        self._adopted: set[str] = set()

    def ask(self, number: int) -> Answer:
        while self._left:
            config = self._points[self._left - 1]
            self._left -= 1
            if json.dumps(config, sort_keys=True) not in self._adopted:
                self._running.add(number)
                return Start(config)
        return Exhausted(f"All {len(self._points)} configurations of the grid have been begun.")

    def adopt(self, number: int, config: Mapping[str, JsonValue], clone_of: int | None = None) -> None:
        self._adopted.add(json.dumps(config, sort_keys=True))
        self._running.add(number)
