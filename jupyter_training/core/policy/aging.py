"""Priorities that get better by waiting: each ``aging`` seconds count as one, up to the best there is.

Only the order of starts knows of it, and the order in which victims are looked
at: an attempt keeps the priority that its job had come to when it began, or it
would be stopped by those that it had come past.
"""

from __future__ import annotations

from math import inf, nextafter

from jupyter_training.core.job import Instant

__all__ = ["aged", "next_change"]

_BEST = 1


def aged(priority: int, waited: float, aging: float | None) -> int:
    """The priority after so many seconds of waiting."""
    if aging is None or waited <= 0:
        return priority
    return min(priority, max(_BEST, priority - int(waited // aging)))


def next_change(priority: int, since: Instant | None, aging: float | None, now: Instant) -> Instant | None:
    """When the priority of a job that waits since then is better than now; None: never."""
    if aging is None or since is None or aged(priority, now - since, aging) <= _BEST:
        return None
    steps = max(0, int((now - since) // aging)) + 1
    moment = since + steps * aging
    while (moment - since) // aging < steps:
        moment = nextafter(moment, inf)  # rounding put it before the change
    return Instant(moment)
