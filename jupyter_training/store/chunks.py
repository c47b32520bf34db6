"""Long lists of values in pieces that one statement takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

__all__ = ["chunks"]

# SQLite takes 32,766 values in a statement, PostgreSQL 65,535; short lists keep the statements' kinds few.
_CHUNK = 500

Item = TypeVar("Item")


def chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
