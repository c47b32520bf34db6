"""Places in a line: decimal fractions, exact, written as their digits after the point.

Between two of them there is always another one, so a job may be moved for ever
and nobody else's place changes. As texts they compare as the numbers do, in
Python and in a database (by bytes). None ends in 0, which would be the same
number twice.
"""

from __future__ import annotations

__all__ = ["HEAD", "after_all", "between", "number_of", "of_submission"]

HEAD = ""  # before every place; not a place itself
_DIGITS = 15  # of a number in the order of submission


def of_submission(seq: int) -> str:
    """The place of the job that was submitted as number ``seq``."""
    return f"{seq:0{_DIGITS}d}5"


def after_all(newest: int, change: int) -> str:
    """Behind all jobs there are and before all that are still to come.

    ``newest`` is the number of the newest submission, ``change`` that of the
    change which brings the job there: a later one stands behind an earlier one.
    """
    return f"{newest:0{_DIGITS}d}7{change:0{_DIGITS}d}5"


def number_of(place: str) -> int:
    """The number of the submission that a place stands at or right behind."""
    return int(place[:_DIGITS].ljust(_DIGITS, "0"))


def between(low: str, high: str) -> str:
    """A place behind ``low`` and before ``high``, with few digits: one more for each four moves to the same spot.

    Raises:
        ValueError: ``low`` does not stand before ``high``.
    """
    if not low < high:
        raise ValueError(f"no place between {low!r} and {high!r}")
    digits = enumerate(zip(low.ljust(len(high), "0"), high, strict=False))
    shared = next(at for at, (one, other) in digits if one != other)
    prefix, below, above = high[:shared], low[shared:], high[shared:]
    first, last = int(below[:1] or "0"), int(above[0])
    if last - first > 1:
        return f"{prefix}{(first + last + 1) // 2}"
    if len(above) > 1:
        return f"{prefix}{last}"
    rest = below[1:]
    nines = len(rest) - len(rest.lstrip("9"))
    digit = int(rest[nines : nines + 1] or "0")
    return f"{prefix}{first}{'9' * nines}{(digit + 10) // 2}"
