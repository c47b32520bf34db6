"""Searchers and curves for tests of what drives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from jupyter_training.core.experiment import Outcome, Verdict
from jupyter_training.seams.searcher import Answer, Exhausted, Start

__all__ = ["Counting", "falling"]


class Counting:
    """Proposes x = 0, 1, 2 ... and stops whoever is worse than ``bar`` at its second report."""

    replay: Literal["exact", "from_history"] = "exact"

    def __init__(self, *, most: int = 1_000, bar: float = float("inf")) -> None:
        self.most, self.bar, self.next = most, bar, 0
        self.heard: list[tuple[int, int, float]] = []
        self.ended: list[tuple[int, Outcome]] = []

    def ask(self, number: int) -> Answer:
        if self.next >= self.most:
            return Exhausted("There is no more.")
        self.next += 1
        return Start({"x": self.next - 1})

    def tell(self, trial: int, resource: int, values: Mapping[str, float]) -> Verdict:
        value = next(iter(values.values()))
        self.heard.append((trial, resource, value))
        return "stop" if resource == 2 and value > self.bar else "continue"

    def end(self, trial: int, outcome: Outcome) -> None:
        self.ended.append((trial, outcome))

    def adopt(self, number: int, config: Mapping[str, Any], clone_of: int | None = None) -> None:
        self.next = max(self.next, int(config["x"]) + 1)

    def cannot_pause(self, trial: int) -> Verdict:
        return "stop"


def falling(config: Mapping[str, Any], k: int) -> float:
    return float(config["x"]) + 1 / k
