"""What our own searchers share: configurations drawn at random, each once, and the one number a report is judged by."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from math import isnan, nan

from pydantic import BaseModel, ConfigDict, JsonValue

from jupyter_training.core.experiment import Objective, Outcome, Verdict
from jupyter_training.core.space import SearchSpace
from jupyter_training.errors import InvalidSpec, Problem

__all__ = ["Draws", "Losses", "OwnOptions", "Unjudged", "refused"]

_TRIES = 1000  # for one that was not drawn before


class OwnOptions(BaseModel):
    """Options of a searcher: none that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Draws:
    """Random configurations of a space. A trial's is told by the seed, its number, and which were drawn before."""

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._space = space
        self._seed = seed
        self._size = space.size()
        self._seen: set[str] = set()

    def draw(self, number: int) -> dict[str, JsonValue] | None:
        """One for the trial of this number, new if there is a new one; None once all have been drawn."""
        if self._size is not None and len(self._seen) >= self._size:
            return None
        rng = random.Random(f"{self._seed}/{number}")  # by text: the same in every process
        config: dict[str, JsonValue] = {}
        for _ in range(_TRIES):
            config = self._space.sample(rng)
            if _text(config) not in self._seen:
                break
        self.add(config)
        return config

    def add(self, config: Mapping[str, JsonValue]) -> None:
        """Drawn by somebody else."""
        self._seen.add(_text(config))

    @property
    def exhausted(self) -> str:
        """The sentence once ``draw`` gives None."""
        return f"All {self._size} configurations of the space have been tried."


class Unjudged:
    """A searcher that lets every trial go on to its end."""

    def __init__(self) -> None:
        self._running: set[int] = set()

    def tell(self, trial: int, resource: int, values: Mapping[str, float]) -> Verdict:
        return "continue" if trial in self._running else "stop"

    def end(self, trial: int, outcome: Outcome) -> None:
        self._running.discard(trial)

    def cannot_pause(self, trial: int) -> Verdict:
        return "continue"


class Losses:
    """The first metric, turned so that smaller is better. What is no number is NaN."""

    def __init__(self, objective: Objective, name: str) -> None:
        if objective.is_multiple:
            raise refused(
                "searcher",
                f"Searcher {name!r} judges by one metric, and {len(objective.metrics)} were given.",
                hint="For several: nsga2, moasha, random.",
            )
        self._metric = objective.metric
        self._sign = -1.0 if objective.mode == "max" else 1.0

    def __call__(self, values: Mapping[str, float]) -> float:
        value = float(values.get(self._metric, nan))
        return nan if isnan(value) else self._sign * value


def refused(key: str, detail: str, *, hint: str | None = None) -> InvalidSpec:
    return InvalidSpec(detail, hint=hint, errors=(Problem(detail, key=key, hint=hint),))


def _text(config: Mapping[str, JsonValue]) -> str:
    return json.dumps(config, sort_keys=True)
