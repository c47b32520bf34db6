"""Quantities as people write them: 90m, 1h30m, 16GB."""

from __future__ import annotations

import math
import re

from jupyter_training.errors import InvalidSpec

__all__ = ["duration", "size"]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_DURATION = re.compile(r"\s*(?:\d+(?:\.\d+)?\s*[smhdw]\s*)+\Z")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_SIZES = {"": 1, "b": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*\Z", re.IGNORECASE)


def duration(value: float | str, *, key: str) -> float:
    """Seconds from a number of seconds or a text like ``90m`` or ``1h30m``.

    Raises:
        InvalidSpec: neither of the two, negative, or not finite; names ``key``.
    """
    if isinstance(value, str):
        if _DURATION.match(value):
            return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
        try:
            value = float(value)
        except ValueError:
            raise InvalidSpec(
                f"{key}: {value!r} is not a duration.", hint="Write seconds, or e.g. 45s, 90m, 2h, 1h30m."
            ) from None
    if not math.isfinite(value) or value < 0:
        raise InvalidSpec(f"{key}: {value} is not allowed; it must be a finite number of seconds, 0 or more.")
    return float(value)


def size(value: int | str, *, key: str) -> int:
    """Bytes from a number or a text like ``16GB`` (powers of 1000) or ``16GiB`` (of 1024).

    Raises:
        InvalidSpec: neither of the two, or not positive; names ``key``.
    """
    if isinstance(value, str):
        match = _SIZE.match(value)
        if match is None:
            raise InvalidSpec(f"{key}: {value!r} is not a size.", hint="Write bytes, or e.g. 500MB, 16GB, 16GiB.")
        number, prefix, binary = match.groups()
        power = "bkmgt".index(prefix.lower() or "b")
        value = int(float(number) * (1024**power if binary else _SIZES[prefix.lower()]))
    if value <= 0:
        raise InvalidSpec(f"{key}: {value} is not allowed; it must be more than 0 bytes.")
    return value
