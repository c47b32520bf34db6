"""When it is believed that AWS has no such training job. Pure: the time is an argument.

One answer is not enough. What was made a moment ago is not known to every part
of a service at once, and credentials may have come to mean another account,
where no job of ours ever was. What hangs on it is a job that runs on, unwatched
and paid for, while its attempt is begun anew.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TIMES", "Absence"]

TIMES = 6  # answers that it takes, spread over the whole span


@dataclass
class Absence:
    """The answers in a row that there is none. ``since``: boot time of the first."""

    since: float = 0.0
    count: int = 0

    def told(self, now: float) -> None:
        """AWS says that it has none."""
        if self.count == 0:
            self.since = now
        self.count += 1

    def over(self) -> None:
        """It has one; or another may have been made since."""
        self.count = 0

    def is_sure(self, now: float, within: float) -> bool:
        """Whether that was said often enough, for at least so many seconds."""
        return self.count >= TIMES and now - self.since >= within
