"""A line: places in order, with a rank for each, and a head.

A sorted list. Inserting moves what stands behind, a few microseconds among a
hundred thousand; a tree was slower at every length we have. What arrives is
sorted in when somebody looks, so that a long queue is read in one go.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from jupyter_training.core.policy.nouns import Place

__all__ = ["Line"]

_FEW = 32  # arrivals that are put in one by one; more are sorted together


class Line:
    """Places, each at most once."""

    __slots__ = ("_arrived", "_places")

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._arrived: list[Place] = []

    def __len__(self) -> int:
        return len(self._places) + len(self._arrived)

    def add(self, place: Place) -> None:
        self._arrived.append(place)

    def remove(self, place: Place) -> None:
        """Take out one that is there."""
        places = self.places
        del places[bisect_left(places, place)]

    def rank(self, place: Place) -> int:
        """How many stand before ``place``."""
        return bisect_left(self.places, place)

    @property
    def places(self) -> list[Place]:
        """In order. To be read only, and not kept beyond the next change."""
        if self._arrived:
            if len(self._arrived) <= _FEW:
                for place in self._arrived:
                    insort(self._places, place)
            else:
                self._places += self._arrived
                self._places.sort()
            self._arrived = []
        return self._places
