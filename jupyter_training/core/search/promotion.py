"""Successive halving by promotion: a trial pauses at each rung, and goes on when it has earned it.

Unlike ``rungs.Halving`` nobody is stopped for having come early or late: a trial
that waits at a rung may still go on when worse ones have come there. At each
rung the first ``1/divisor`` of the results may go on, rounded down; a free place
is given to the best that waits at the highest such rung.

    rung 0   a* b* c . . . . .        8 results, divisor 4: two may go on
    rung 1   a b                      of 2 none may, yet

``*`` went on. A trial that would be let go on at once need not be paused first.

A trial that can't be paused, as it has no checkpoint to go on from, is judged
like one of ``Halving``, there and at all later rungs.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Literal

from jupyter_training.core.search.rungs import Rung

__all__ = ["Promotion"]

_Verdict = Literal["continue", "pause", "stop"]


class Promotion:
    """The rungs, and which trials wait at one. ``needed``: the units of each rung."""

    def __init__(self, needed: Sequence[int], divisor: float) -> None:
        self.needed = tuple(needed)
        self.divisor = divisor
        self.rungs = [Rung() for _ in self.needed]
        self._next: dict[int, int] = {}  # the rung that a trial comes to next
        self._waits: dict[int, int] = {}  # at which rung
        self._unpausable: set[int] = set()

    def report(self, trial: int, resource: int, loss: float) -> _Verdict:
        """Judge at each rung that this report reaches. A trial that waits and still reports is told so again."""
        if trial in self._waits:
            return "pause"
        while (rung := self._next.get(trial, 0)) < len(self.needed):
            if resource < self.needed[rung]:
                return "continue"
            self.rungs[rung].add(trial, loss)
            self._next[trial] = rung + 1
            if rung + 1 == len(self.needed):
                break
            if trial in self._unpausable:
                if not self._is_among_first(rung, trial):
                    self._next[trial] = len(self.needed)
                continue
            self._waits[trial] = rung
            if self._best() != trial:
                return "pause"
            del self._waits[trial]
        return "stop"

    def promote(self) -> int | None:
        """Let the best that waits go on, if one has earned it."""
        trial = self._best()
        if trial is not None:
            del self._waits[trial]
        return trial

    def promote_last(self) -> int | None:
        """Once nothing new begins: if no trial has come to the last rung, let the best of the highest go on."""
        if len(self.rungs[-1]):
            return None
        for rung in reversed(range(len(self.needed))):
            for trial in self.rungs[rung].first(len(self.rungs[rung])):
                if self._waits.get(trial) == rung:
                    del self._waits[trial]
                    return trial
        return None

    def let_go(self, trial: int) -> None:
        """It goes on, whatever the rule says."""
        self._waits.pop(trial, None)

    def cannot_pause(self, trial: int) -> Literal["continue", "stop"]:
        """Judge it as one that is stopped where it doesn't go on, from now on."""
        self._unpausable.add(trial)
        rung = self._waits.pop(trial, None)
        if rung is None or self._is_among_first(rung, trial):
            return "continue"
        self._next[trial] = len(self.needed)
        return "stop"

    def lost(self, trial: int) -> None:
        """It ended with an error: the worst at the rung that it would have come to."""
        rung = self._next.get(trial, 0)
        if rung < len(self.needed) and trial not in self._waits:
            self.rungs[rung].add(trial, inf)
        self.ended(trial)

    def ended(self, trial: int) -> None:
        """It goes on no more; its results stay."""
        self._waits.pop(trial, None)
        self._next[trial] = len(self.needed)

    def remove(self, trial: int) -> None:
        """Its configuration makes no sense: as if it had never been."""
        for rung in self.rungs:
            rung.remove(trial)
        self._next.pop(trial, None)
        self._waits.pop(trial, None)

    def _best(self) -> int | None:
        for rung in reversed(range(len(self.needed) - 1)):
            results = self.rungs[rung]
            for trial in results.first(int(len(results) / self.divisor)):
                if self._waits.get(trial) == rung:
                    return trial
        return None

    def _is_among_first(self, rung: int, trial: int) -> bool:
        results = self.rungs[rung]
        return results.place(trial) < max(1, int(len(results) / self.divisor))
