"""What to do about a stop that was asked for, and when. Decided here, done in ``watch``.

                              code that asks should_stop()      other code
    pause, preempt            SIGTERM `stop_within` after       SIGTERM as soon as the checkpoint is there,
                              the checkpoint is there           none will come, or `pause_within` is over
    cancel, timeout, hang     SIGTERM `stop_within` after       SIGTERM at once; where it asks checkpoint.due(),
                              the stop was asked for            when that is saved, `stop_within` later at most
    discard                   as a cancel                       SIGTERM at once
    kill                      SIGKILL at once

A checkpoint is waited for, `pause_within` at most, where the code uses
``checkpoint`` and has not said that none will come; else a pause is as a discard.
SIGKILL follows SIGTERM after the grace. A stronger stop replaces a weaker one.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from jupyter_training.spool import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["KILL", "NOTHING", "TERMINATE", "Heard", "Request", "StopFile", "Stopping", "heard"]

NOTHING, TERMINATE, KILL = "nothing", "terminate", "kill"

_GENTLE = ("pause", "preempt")
_STRENGTH = {"pause": 0, "preempt": 0, "discard": 1, "cancel": 2, "timeout": 2, "hang": 2, "kill": 3}
_MEANT_BY_DEFAULT = "cancel"


class Request(NamedTuple):
    """A stop as it was asked for. ``grace`` in seconds."""

    how: str  # a key of _STRENGTH
    grace: float


class Heard(NamedTuple):
    """What the code has said of itself so far, by marks in the attempt's folder."""

    listens: bool = False  # it asks should_stop()
    saves: bool = False  # it uses checkpoint
    saved: bool = False  # a checkpoint was committed after the stop was asked for
    none_comes: bool = False  # it says that no checkpoint will come
    due: bool = False  # it asks checkpoint.due(), and so saves when a stop is asked for


def heard(folder: str) -> Heard:
    """The marks that are there now."""
    marks = (layout.LISTENS, layout.SAVES, layout.SAVED, layout.NO_CHECKPOINT, layout.DUE)
    return Heard(*(os.path.exists(os.path.join(folder, mark)) for mark in marks))


class Stopping:
    """The stop of one attempt. Times are monotonic seconds."""

    def __init__(self, *, grace: float, stop_within: float, pause_within: float) -> None:
        self.request: Request | None = None
        self.has_acted = False
        self._grace = grace
        self._stop_within = stop_within
        self._pause_within = pause_within
        self._asked_at = 0.0
        self._free_at: float | None = None  # since when no checkpoint is waited for
        self._terminated_at: float | None = None

    def ask(self, record: dict[str, Any], now: float) -> None:
        """Take note of a stop record. A weaker one changes nothing, an equal one its grace only."""
        try:
            grace = max(0.0, float(record.get("grace", self._grace)))
        except (TypeError, ValueError):
            grace = self._grace
        how = str(record.get("how"))
        new = Request(how if how in _STRENGTH else _MEANT_BY_DEFAULT, grace)
        old = self.request
        if old is None:
            self._asked_at = now
        elif _STRENGTH[new.how] < _STRENGTH[old.how]:
            return
        elif _STRENGTH[new.how] == _STRENGTH[old.how]:
            new = Request(old.how, grace)  # what came first ended it
        elif old.how in _GENTLE and self._free_at is None:
            self._asked_at = now  # only now the code is to leave without a checkpoint
        self.request = new

    def next(self, now: float, said: Heard) -> str:
        """What to do now. TERMINATE comes once, KILL until nothing is left."""
        if self.request is None:
            return NOTHING
        if self.request.how == "kill":
            self.has_acted = True
            return KILL
        if self._terminated_at is None:
            if now < self._deadline(self.request.how, now, said):
                return NOTHING
            self.has_acted = True
            self._terminated_at = now
            return TERMINATE
        return KILL if now >= self._terminated_at + self.request.grace else NOTHING

    def _deadline(self, how: str, now: float, said: Heard) -> float:
        """Until when the code may leave by itself."""
        if self._free_at is None and how in _GENTLE:
            if said.saves and not said.saved and not said.none_comes:
                return self._asked_at + self._pause_within
            self._free_at = now if said.saves else self._asked_at
        begin = self._asked_at if self._free_at is None else self._free_at
        is_saving = how not in (*_GENTLE, "discard") and said.due and not said.saved and not said.none_comes
        return begin + (self._stop_within if said.listens or is_saving else 0.0)


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
