"""Random configurations, none of them twice. Nothing is stopped early, and any number of metrics will do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import BaseModel, JsonValue

from jupyter_training.seams.searcher import Answer, Exhausted, Outcome, Setup, Start, Verdict
from jupyter_training.tuning.searchers.draws import Draws, OwnOptions

__all__ = ["RandomSearch"]


class RandomSearch:
    replay: Literal["exact", "from_history"] = "exact"
    Options: ClassVar[type[BaseModel]] = OwnOptions

    def __init__(self, setup: Setup, options: BaseModel) -> None:
        self._draws = Draws(setup.space, setup.seed)

    def ask(self, number: int) -> Answer:
        config = self._draws.draw(number)
        return Exhausted(self._draws.exhausted) if config is None else Start(config)

    def tell(self, trial: int, resource: int, values: Mapping[str, float]) -> Verdict:
        return "continue"

    def end(self, trial: int, outcome: Outcome) -> None:
        pass

    def adopt(self, number: int, config: Mapping[str, JsonValue], clone_of: int | None = None) -> None:
        self._draws.add(config)

    def cannot_pause(self, trial: int) -> Verdict:
        return "continue"
