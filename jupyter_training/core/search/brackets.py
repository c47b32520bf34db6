"""How many rungs to halve in is a guess, so several guesses run side by side: brackets.

More rungs stop trials earlier. A bracket's share of the trials is
``divisor^(rungs-1) / rungs``, so that each costs about as much as another.

    16 trials of 256 units, divisor 4, mode standard
        rungs    3      2
        units    16 64 256     64 256
        trials   12     4
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jupyter_training.core.search.rungs import units

__all__ = ["Bracket", "BracketMode", "brackets", "concurrency", "most_rungs"]

BracketMode = Literal["aggressive", "standard", "conservative"]


@dataclass(frozen=True)
class Bracket:
    """``trials`` None: there is no limit; ``share``: of them all, in proportion to the others' shares."""

    rungs: int
    units: tuple[int, ...]
    trials: int | None
    share: float


def most_rungs(max_resource: int, max_trials: int | None, *, divisor: float, at_most: int) -> int:
    """With more rungs the first would need less than one unit, or the last would see no trial."""
    found = min(at_most, _powers(max_resource, divisor) + 1)
    return found if max_trials is None else min(found, _powers(max_trials, divisor) + 1)


def brackets(
    max_resource: int,
    max_trials: int | None,
    *,
    mode: BracketMode = "standard",
    divisor: float = 4,
    at_most: int = 5,
) -> tuple[Bracket, ...]:
    """The brackets of a search, the one with the most rungs first."""
    most = most_rungs(max_resource, max_trials, divisor=divisor, at_most=at_most)
    fewest = {"aggressive": most, "standard": (most - 1) // 2 + 1, "conservative": 1}[mode]
    rungs = range(most, fewest - 1, -1)
    shares = [divisor ** (count - 1) / count for count in rungs]
    trials: list[int | None] = [None] * len(shares)
    if max_trials is not None:
        counts = [max(1, int(max_trials * share / sum(shares))) for share in shares]
        counts[0] += max_trials - sum(counts)
        trials = [*counts]
    return tuple(
        Bracket(count, units(max_resource, count, divisor), its, share)
        for count, its, share in zip(rungs, trials, shares, strict=True)
    )


def concurrency(workers: int, trials: Sequence[int | None], *, divisor: float = 4) -> tuple[int, ...]:
    """How many trials of each bracket may run at once, as evenly as can be, the first ones getting what is over.

    Each gets one place at least, also with fewer ``workers`` than brackets. ``workers`` 0: there is no limit; then
    each gets as many places as the smallest bracket has trials, and ``divisor`` at least.
    """
    if not workers:
        smallest = trials[-1] if trials else None
        return (max(int(divisor), smallest or 0),) * len(trials)
    each, over = divmod(max(workers, len(trials)), len(trials))
    return tuple(each + (place < over) for place in range(len(trials)))


def _powers(value: float, divisor: float) -> int:
    """The largest whole k with ``divisor^k <= value``; a logarithm would miss exact powers by a hair."""
    k, power = 0, divisor
    while power <= value * (1 + 1e-9):
        k, power = k + 1, power * divisor
    return k
