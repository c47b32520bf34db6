"""Counting what comes and goes; what is there no more leaves no trace, so that equal queues have equal counts."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

__all__ = ["change"]

Key = TypeVar("Key", bound=Hashable)


def change(counts: dict[Key, int], key: Key, by: int) -> None:
    left = counts.get(key, 0) + by
    if left:
        counts[key] = left
    else:
        counts.pop(key, None)
