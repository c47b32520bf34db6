"""One line of the budget table, and the ways to measure it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import TypedDict

__all__ = ["Row", "in_turn", "middle", "row", "seconds", "tail"]


class Row(TypedDict):
    """``figure`` and ``baseline`` are in ``unit``. ``ok`` None: shown for comparison, no budget of ours."""

    what: str
    figure: float
    unit: str
    baseline: float | None
    baseline_what: str
    ratio: float | None
    budget: str
    ok: bool | None


def row(
    what: str,
    figure: float,
    unit: str,
    *,
    baseline: float | None = None,
    baseline_what: str = "",
    budget: str = "",
    ok: bool | None = None,
) -> Row:
    """A row with its ratio worked out."""
    return Row(
        what=what,
        figure=figure,
        unit=unit,
        baseline=baseline,
        baseline_what=baseline_what,
        ratio=figure / baseline if baseline else None,
        budget=budget,
        ok=ok,
    )


def seconds(act: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def in_turn(rounds: int, *acts: Callable[[], float]) -> list[list[float]]:
    """Each act's figures over the rounds, taken in turn so that a slow moment meets them all alike."""
    taken: list[list[float]] = [[] for _ in acts]
    for _ in range(rounds):
        for figures, act in zip(taken, acts, strict=True):
            figures.append(act())
    return taken


def middle(figures: Sequence[float]) -> float:
    return statistics.median(figures)


def tail(figures: Sequence[float]) -> float:
    """The 95th percentile."""
    return sorted(figures)[min(len(figures) - 1, int(0.95 * len(figures)))]
