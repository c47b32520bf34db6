"""Successive halving without waiting: who goes on at a rung is judged by those that came there before.

    rung      0     1     2     3     4        of 256 units with divisor 4
    units     1     4    16    64   256
    results  ....  ....  ..    .               each with its loss, the best first

A trial that has come to a rung stands there with its loss of that moment. It
goes on if it is among the first ``1/divisor`` of all results there, of which
there is always at least one: the first to come goes on whatever it brings.
Whoever goes on is never called back. At the last rung a trial is done.

Equal losses stand in the order in which they came.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import inf, isnan
from typing import Literal

__all__ = ["Halving", "Rung", "units"]


def units(max_resource: int, rungs: int, divisor: float) -> tuple[int, ...]:
    """What a trial must have reported to come to each rung; the last needs everything.

    >>> units(256, 5, 4)
    (1, 4, 16, 64, 256)
    """
    return tuple(max(1, int(max_resource / divisor ** (rungs - 1 - rung))) for rung in range(rungs))


class Rung:
    """Results, the best first."""

    def __init__(self) -> None:
        self._losses: list[float] = []
        self._trials: list[int] = []

    def add(self, trial: int, loss: float) -> int:
        """Its place, from 0."""
        loss = inf if isnan(loss) else loss
        place = bisect_right(self._losses, loss)
        self._losses.insert(place, loss)
        self._trials.insert(place, trial)
        return place

    def remove(self, trial: int) -> None:
        if trial in self._trials:
            place = self._trials.index(trial)
            del self._losses[place], self._trials[place]

    def place(self, trial: int) -> int:
        return self._trials.index(trial)

    def first(self, count: int) -> Sequence[int]:
        return self._trials[:count]

    def __len__(self) -> int:
        return len(self._trials)


class Halving:
    """The rungs of one bracket, for trials that are stopped where they don't go on."""

    def __init__(self, needed: Sequence[int], divisor: float) -> None:
        self.needed = tuple(needed)
        self.divisor = divisor
        self.rungs = [Rung() for _ in self.needed]
        self._next: dict[int, int] = {}  # the rung that a trial comes to next

    def report(self, trial: int, resource: int, loss: float) -> Literal["continue", "stop"]:
        """Judge at each rung that this report reaches.

        A trial that was stopped is told so again.
        """
        while (rung := self._next.get(trial, 0)) < len(self.needed):
            if resource < self.needed[rung]:
                return "continue"
            place = self.rungs[rung].add(trial, loss)
            self._next[trial] = rung + 1
            if place >= max(1, int(len(self.rungs[rung]) / self.divisor)):
                self._next[trial] = len(self.needed)
        return "stop"

    def lost(self, trial: int) -> None:
        """It ended with an error: the worst at the rung that it would have come to."""
        rung = self._next.get(trial, 0)
        if rung < len(self.needed):
            self.rungs[rung].add(trial, inf)
            self._next[trial] = len(self.needed)

    def remove(self, trial: int) -> None:
        """Its configuration makes no sense: as if it had never been."""
        for rung in self.rungs:
            rung.remove(trial)
        self._next.pop(trial, None)
