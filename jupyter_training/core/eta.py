"""How long a job still needs, told from its progress and nothing else.

Three marks of (done, time) are kept beside the progress: the first one, and two
that follow it at a distance. When twice the time from the first to the late
mark has passed, the late mark becomes the early one. So the way from the early
mark to now is always between a half and three quarters of the whole: the recent
pace is an average, too, and does not jump.

    first ........ early ........ late .................. now
      |<-------------- whole pace ------------------------->|
                    |<-------- recent pace --------------->|

The answer is a range from the faster to the slower of the two. Where the next
step is overdue, the slower one is the pace up to now.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Eta", "Marks", "marked", "time_left"]

_LEAST_SECONDS = 2.0
_LEAST_DONE = 2.0


@dataclass(frozen=True)
class Marks:
    """Where progress stood at three moments: done and time (seconds since the epoch)."""

    first: tuple[float, float]
    early: tuple[float, float]
    late: tuple[float, float]
    total: float | None
    unit: str


@dataclass(frozen=True)
class Eta:
    """Seconds left, at best and at worst of the measured paces."""

    low: float
    high: float


def marked(marks: Marks | None, done: float, total: float | None, unit: str, time: float) -> Marks:
    """The marks after a further word of progress. They begin anew where another count began: less done, another end."""
    now = (done, time)
    if marks is None or unit != marks.unit or total != marks.total or done < marks.late[0] or time < marks.late[1]:
        return Marks(now, now, now, total, unit)
    if time - marks.first[1] >= 2 * (marks.late[1] - marks.first[1]) and done > marks.late[0]:
        return Marks(marks.first, marks.late, now, total, unit)
    return marks


def time_left(marks: Marks | None, done: float, total: float | None, time: float, *, now: float) -> Eta | None:
    """The range; None without an end, before two steps and two seconds, or when nothing is left to do.

    ``time`` is when ``done`` was said, ``now`` when somebody looks.
    """
    if marks is None or total is None or done >= total:
        return None
    way, span = done - marks.first[0], time - marks.first[1]
    if way < _LEAST_DONE or span < _LEAST_SECONDS:
        return None
    paces = [way / span]
    if done > marks.early[0] and time > marks.early[1]:
        paces.append((done - marks.early[0]) / (time - marks.early[1]))
    waited = max(0.0, now - time)
    left = total - done
    found = [max(0.0, left / pace - waited) for pace in paces]
    if waited > 1 / max(paces):  # the next step is overdue: it goes slower than it did
        found.append(left * (span + waited) / way)
    return Eta(min(found), max(found))
