"""Priorities and weights as they come in: numbers, or texts of them, from forms, config texts and command lines."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator

__all__ = ["AnyPosition", "AnyPriority", "AnyWeight", "position", "priority", "weight"]

_RANGE = (1, 99)
_FARTHEST = 2**31 - 1
_NUMBER = re.compile(r"\s*[+-]?\d{1,31}(?:_\d{1,31}){0,9}(?:\.\d{0,30})?(?:[eE][+-]?\d{1,3})?\s*")
_WEIGHTS = (1e-6, 1e9)  # sums of them stay exact enough to divide by


def priority(value: Any) -> int:
    """A whole number from 1 to 99; smaller goes first.

    Raises:
        ValueError: it is none; the words follow "priority: ".
    """
    lowest, highest = _RANGE
    found = _number(value)
    if found is None or not found.is_integer():
        raise ValueError(f"it must be a whole number from {lowest} (first) to {highest}, not {_shown(value)}")
    if not lowest <= found <= highest:
        raise ValueError(f"{_shown(value)} is not allowed; it goes from {lowest} (first) to {highest}")
    return int(found)


def weight(value: Any) -> float:
    """A number above 0, if not next to it: the share of a job or an experiment, beside those of the others.

    Raises:
        ValueError: it is none; the words follow "weight: ".
    """
    found = _number(value)
    if found is None:
        raise ValueError(f"it must be a number above 0, not {_shown(value)}")
    smallest, largest = _WEIGHTS
    if not smallest <= found <= largest:
        raise ValueError(f"{_shown(value)} is not allowed; it must be above 0, from {smallest:f} to {largest:.0f}")
    return found


def position(value: Any) -> int:
    """A place in an order, from 1. How many there are is the queue's to say.

    Raises:
        ValueError: it is none; the words follow "position: ".
    """
    found = _number(value)
    if found is None or not found.is_integer() or found < 1 or found > _FARTHEST:
        raise ValueError(f"it must be a whole number from 1 (the front), not {_shown(value)}")
    return int(found)


def _number(value: Any) -> float | None:
    """The finite number that this is or says; None: it is none."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _shown(value: Any) -> str:
    return str(value).strip() if _number(value) is not None else repr(value)[:40]


# What is not given stays None.
AnyPriority = Annotated[
    int | None,
    BeforeValidator(lambda value: None if value is None else priority(value), json_schema_input_type=int | None),
]
AnyWeight = Annotated[
    float | None,
    BeforeValidator(lambda value: None if value is None else weight(value), json_schema_input_type=float | None),
]
AnyPosition = Annotated[
    int | None,
    BeforeValidator(lambda value: None if value is None else position(value), json_schema_input_type=int | None),
]
