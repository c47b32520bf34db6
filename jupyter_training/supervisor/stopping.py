"""What to do about a stop that was asked for, and when. Decided here, done in ``watch``.

cancel, timeout   code that asks should_stop() gets `stop_within` seconds to leave,
                  then SIGTERM, then after the grace SIGKILL
                  other code gets SIGTERM at once, then after the grace SIGKILL
kill              SIGKILL at once
"""

from __future__ import annotations

import os
from typing import NamedTuple

from jupyter_training.spool import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["KILL", "NOTHING", "TERMINATE", "Request", "Stopping"]

NOTHING, TERMINATE, KILL = "nothing", "terminate", "kill"


class Request(NamedTuple):
    """A stop as it was asked for. ``grace`` in seconds."""

    how: str  # "cancel", "timeout" or "kill"
    grace: float


class Stopping:
    """The stop of one attempt. Times are monotonic seconds."""

    def __init__(self, *, grace: float, stop_within: float) -> None:
        self.request: Request | None = None
        self.has_acted = False
        self._grace = grace
        self._stop_within = stop_within
        self._asked_at = 0.0
        self._terminated_at: float | None = None

    def ask(self, record: dict[str, Any], now: float) -> None:
        """Take note of a stop record; a later one replaces it, the clock goes on from the first."""
        if self.request is None:
            self._asked_at = now
        try:
            grace = max(0.0, float(record.get("grace", self._grace)))
        except (TypeError, ValueError):
            grace = self._grace
        how = str(record.get("how"))
        self.request = Request(how if how in ("timeout", "kill") else "cancel", grace)

    def next(self, now: float, *, listens: bool) -> str:
        """What to do now. TERMINATE comes once, KILL until nothing is left."""
        if self.request is None:
            return NOTHING
        if self.request.how == "kill":
            self.has_acted = True
            return KILL
        if self._terminated_at is None:
            if listens and now < self._asked_at + self._stop_within:
                return NOTHING
            self.has_acted = True
            self._terminated_at = now
            return TERMINATE
        return KILL if now >= self._terminated_at + self.request.grace else NOTHING


class StopFile:
    """Looks whether ``stop.json`` is there or has changed, without reading it each time."""

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, layout.STOP)
        self._seen: tuple[int, int] | None = None

    def changed(self) -> dict[str, Any] | None:
        """The record, if it is new since the last call."""
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        mark = (status.st_ino, status.st_mtime_ns)
        if mark == self._seen:
            return None
        record = layout.read_json(self._path)
        if record is not None:
            self._seen = mark
        return record
