"""A report's values as a library can bear them: all to be minimised, all finite.

A library has one direction for all objectives, or none for some of its
searchers, so "max" is told as its negative. A value that is no number, or
infinite, is told as worse than all that were told: models that fit an infinity
break, and one that dropped the report would think well of what diverges.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from jupyter_training.core.experiment import Objective

__all__ = ["Scores"]

# Models compute in single precision, whose largest number is 3e38, and square differences.
_LIMIT = 1e15


class Scores:
    """Reads reports of one objective, and remembers the range of what it has read."""

    def __init__(self, objective: Objective) -> None:
        self._metrics = tuple(zip(objective.metrics, objective.modes, strict=True))
        self._ranges: list[tuple[float, float] | None] = [None] * len(self._metrics)

    def read(self, values: Mapping[str, float]) -> list[float] | None:
        """One number per metric, smaller is better; None while nothing tells yet what worse would be.

        Whoever gets None goes on as if nothing had been reported: what diverges
        will report again, or end.
        """
        scores: list[float] = []
        for at, (metric, mode) in enumerate(self._metrics):
            value = float(values.get(metric, math.nan))
            if math.isfinite(value):
                score = max(-_LIMIT, min(_LIMIT, -value if mode == "max" else value))
                low, high = self._ranges[at] or (score, score)
                self._ranges[at] = min(low, score), max(high, score)
                scores.append(score)
            else:
                seen = self._ranges[at]
                scores.append(math.nan if seen is None else _worse(*seen))
        return None if any(math.isnan(score) for score in scores) else scores


def _worse(low: float, high: float) -> float:
    """Beyond the worst by the whole range, so that it is clearly worse yet does not flatten the rest."""
    return high + ((high - low) or max(1.0, abs(high)))
