"""Random configurations, none of them twice. Nothing is stopped early, and any number of metrics will do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import BaseModel, JsonValue

from jupyter_training.seams.searcher import Answer, Exhausted, Setup, Start
from jupyter_training.searchers.draws import Draws, OwnOptions, Unjudged

__all__ = ["RandomSearch"]


class RandomSearch(Unjudged):
    replay: Literal["exact", "from_history"] = "exact"
    Options: ClassVar[type[BaseModel]] = OwnOptions

    def __init__(self, setup: Setup, options: BaseModel) -> None:
        super().__init__()
        self._draws = Draws(setup.space, setup.seed)

    def ask(self, number: int) -> Answer:
        config = self._draws.draw(number)
        if config is None:
            return Exhausted(self._draws.exhausted)
        self._running.add(number)
        return Start(config)

    def adopt(self, number: int, config: Mapping[str, JsonValue], clone_of: int | None = None) -> None:
        self._draws.add(config)
        self._running.add(number)
