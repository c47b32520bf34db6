"""Copy what the attempt writes into its folder to stdout: what is printed, and events as records.

A thread of its own, so that a log that nobody takes off our hands keeps no signal
waiting. What a file has is looked for a few times in each tenth of a second.
"""

from __future__ import annotations

import threading
import time

from jupyter_training.boot.keeping import Keeping
from jupyter_training.boot.lines import Lines
from jupyter_training.boot.records import Output
from jupyter_training.spool import log, tail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Copying"]

_LOOK_EVERY = 0.05  # seconds
_PIECE = 1024 * 1024
_LAST_LINES = 20


class Copying(threading.Thread):
    """``sends_events``: of several hosts only one does. ``keeping`` hears of them, too."""

    def __init__(
        self, folder: str, out: Output, *, sends_events: bool, url: str | None, keeping: Keeping | None = None
    ) -> None:
        super().__init__(daemon=True)
        self.last_lines: list[str] = []
        self._folder = folder
        self._out = out
        self._sends_events = sends_events
        self._url = url
        self._keeping = keeping
        self._lines = Lines()
        self._log_at = 0
        self._pages: dict[str, int] = {}
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(_LOOK_EVERY):
            self._events(final=False)
            self._log()
        self._events(final=True)
        self._log()
        for line in self._lines.end():
            self._line(line)

    def end(self) -> None:
        """Nothing is written any more; copy the rest, and be done."""
        self._is_over.set()

    def _events(self, *, final: bool) -> None:
        for page in tail.pages(self._folder):
            while True:
                start = self._pages.get(page.name, 0)
                try:
                    events, end, _ = tail.read(page, start, final=final)
                except OSError:
                    break
                for event in events:
                    if self._sends_events:
                        self._out.record(self._placed(event))
                    if self._keeping is not None:
                        self._keeping.hear(event)
                self._pages[page.name] = end
                if end == start:
                    break

    def _placed(self, event: list[Any]) -> list[Any]:
        """A checkpoint is told of with the place to which the service copies it."""
        if event[0] == "c" and self._url is not None:
            return [*event[:4], {**event[4], "place": f"{self._url}/{event[3]}"}, *event[5:]]
        return event

    def _log(self) -> None:
        while True:
            text = self._printed()
            # Also without anything new: a bar may be due.
            for line in self._lines.feed(text, time.monotonic()):
                self._line(line)
            if not text:
                return

    def _printed(self) -> str:
        """What is new in the log; a log that can't be read has nothing now, and is looked at again."""
        try:
            if log.size(self._folder) <= self._log_at:
                return ""
            text, at = log.read(self._folder, self._log_at, _PIECE)
        except OSError:
            return ""
        moved, self._log_at = at != self._log_at, at
        return text if moved else ""

    def _line(self, line: str) -> None:
        self._out.line(line)
        if line.strip():
            self.last_lines = [*self.last_lines[-_LAST_LINES + 1 :], line]
