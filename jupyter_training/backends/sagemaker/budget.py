"""How often a service may be asked, and how long one waits after it did not answer. Pure: the time is an argument."""

from __future__ import annotations

import random
from collections.abc import Sequence

__all__ = ["Budget", "backoff", "step_of"]

_LEAST = 1 / 16  # of the rate, however often it was refused
_RECOVERY = 1.25  # after each call that was taken


class Budget:
    """So many calls a second and no more. One that the service refuses for its rate halves ours for a while."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._share = 1.0
        self._next = float("-inf")

    @property
    def spacing(self) -> float:
        """Seconds between two calls, as things stand."""
        return 1 / (self._rate * self._share)

    def book(self, now: float) -> float:
        """When the next call may be made, counted as made then."""
        at = max(now, self._next)
        self._next = at + self.spacing
        return at

    def refused(self, now: float) -> None:
        """The service said that this was too often."""
        self._share = max(_LEAST, self._share / 2)
        self._next = max(self._next, now + self.spacing)

    def taken(self) -> None:
        """The service has taken a call."""
        self._share = min(1.0, self._share * _RECOVERY)


def backoff(tries: int, rng: random.Random, *, first: float = 1.0, most: float = 60.0) -> float:
    """Seconds to wait after so many failures in a row: twice as long each time, with jitter."""
    longest = min(most, first * 2.0 ** min(max(0, tries - 1), 30))
    return longest * rng.uniform(0.5, 1.0)


def step_of(steps: Sequence[float], count: int) -> float:
    """The wait after the ``count``-th time of a kind; the last one goes on."""
    return steps[min(max(1, count), len(steps)) - 1]
