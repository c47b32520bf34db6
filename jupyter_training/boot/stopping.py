"""What SIGTERM sets going. A service sends it once, waits for two minutes, and kills.

first SIGTERM      stop.json: a pause. Code that saves gets the time for a checkpoint, other code SIGTERM at once
a second one, or   SIGTERM to the code, whatever it is doing
no time left
after the grace    SIGKILL to all of it. Code that knows nothing of us may do its own at SIGTERM: where nobody wished
                   a grace, it has all the time there is
``within``         whoever can't be killed is left behind: what there is to say is said before the service kills us
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from jupyter_training.spool import layout
from jupyter_training.supervisor.stopping import heard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["Stopping"]

HOW = "pause"
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LAST_WORDS = 3.0  # seconds between SIGKILL and leaving
_PREPARING_GRACE = 10  # whole seconds between SIGTERM and SIGKILL to what prepares the start


class Stopping:
    """The stop of this container. Times are monotonic seconds. Main thread only."""

    def __init__(self) -> None:
        self.acted: str | None = None  # the hardest that was done beyond asking: "term" or "kill"
        self.asked_time = 0.0  # when it was first asked for, in seconds since the epoch
        self._count = 0
        self._asked_at = 0.0
        self._hastened_at: float | None = None
        self._folder: str | None = None
        self._grace = 0.0
        self._is_patient = False
        self._leaves_by_itself = False  # it has got its SIGTERM, and all the time that is left
        self._within = 0.0
        self._written = False
        self._preparing: int | None = None

    @property
    def is_asked(self) -> bool:
        return self._count > 0

    def install(self) -> None:
        for number in _SIGNALS:
            signal.signal(number, self._heard)
        signal.signal(signal.SIGALRM, lambda *_: self._end_group(signal.SIGKILL))

    @contextlib.contextmanager
    def ending(self, group: int) -> Iterator[None]:
        """While this lasts, a stop ends this process group and no attempt."""
        self._preparing = group
        if self.is_asked:
            self._stop_preparing()
        try:
            yield
        finally:
            if self.is_asked:
                self._end_group(signal.SIGKILL)  # what it started and left behind
            self._preparing = None
            signal.alarm(0)

    def begin(self, folder: str, *, grace: float, within: float, is_patient: bool = False) -> None:
        """From now on a stop is one of the attempt in this folder. ``is_patient``: nobody wished this grace."""
        self._folder, self._grace, self._within, self._is_patient = folder, grace, within, is_patient
        if self.is_asked:
            self._ask()

    def is_over(self, now: float) -> bool:
        """Whether nothing may be waited for any more."""
        return self.is_asked and now >= self._asked_at + self._within

    def step(self, now: float) -> None:
        """Do what is due."""
        if not self.is_asked or self._folder is None:
            return
        if not self._written:
            self._ask()
        end = self._asked_at + self._within - _LAST_WORDS
        is_late = now >= end - self._grace and not self._leaves_by_itself
        if self._hastened_at is None and (self._count > 1 or is_late):
            self._hastened_at = now
            self.acted = "term"
            self._send(signal.SIGTERM)
        last = end if self._hastened_at is None else min(self._hastened_at + self._grace, end)
        if self.acted != "kill" and now >= last:
            self.acted = "kill"
            self._write("kill", self._grace)

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        if self._count == 1:
            self._asked_at, self.asked_time = time.monotonic(), time.time()
        if self._preparing is not None:
            self._stop_preparing()

    def _ask(self) -> None:
        assert self._folder is not None
        said, grace = heard(self._folder), self._grace
        if self._is_patient and not (said.listens or said.saves):
            self._leaves_by_itself = True
            grace = max(grace, self._asked_at + self._within - _LAST_WORDS - time.monotonic())
        self._written = self._write(HOW, grace)

    def _write(self, how: str, grace: float) -> bool:
        assert self._folder is not None
        try:
            record = {"how": how, "grace": grace, "time": time.time()}
            layout.write_json(os.path.join(self._folder, layout.STOP), record, durable=False)
        except OSError:
            return False  # a full disk; tried again
        return True

    def _send(self, number: int) -> None:
        """To the code's own group."""
        assert self._folder is not None
        record = layout.read_json(os.path.join(self._folder, layout.PROCESS)) or {}
        with contextlib.suppress(OSError, TypeError, ValueError):
            os.killpg(int(record["pgid"]), number) if record else None

    def _stop_preparing(self) -> None:
        """A second stop is not waited for."""
        self._end_group(signal.SIGTERM if self._count == 1 else signal.SIGKILL)
        signal.alarm(_PREPARING_GRACE)

    def _end_group(self, number: int) -> None:
        if self._preparing is not None:
            with contextlib.suppress(OSError):
                os.killpg(self._preparing, number)
