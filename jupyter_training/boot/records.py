"""Lines on stdout for a program that reads the container's log: one JSON list each, behind a mark.

    [jt] ["p",1700000000000000,1,{"loss":0.5}]
    [jt<] ["end",17000000...                       a long one, in parts: this one goes on
    [jt] ...}]                                     and ends here

Each part is written by one call, so that it is one line of the log however
many write there. What the code prints itself never looks like one.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["MOST", "Output"]

MOST = 200_000  # bytes of one call
_WHOLE, _PART = b"[jt] ", b"[jt<] "
_RECORDS = b"[jt"  # what both begin with, and nothing else does
_NEWLINE = re.compile(r"\r?\n|\r")


class Output:
    """What goes to stdout. For any number of threads."""

    def __init__(self, handle: int = 1) -> None:
        self._handle = handle
        self._writing = threading.RLock()

    def event(self, kind: str, *rest: Any) -> None:
        """One of our own events, as of now."""
        self.record([kind, time.time_ns() // 1000, *rest])

    def record(self, event: list[Any]) -> None:
        text = json.dumps(event, separators=(",", ":")).encode()
        room = MOST - len(_PART) - 1
        with self._writing:
            while len(text) > room:
                self._write(_PART + text[:room] + b"\n")
                text = text[room:]
            self._write(_WHOLE + text + b"\n")

    def line(self, text: str) -> None:
        """What the code printed, without the last newline: one line, or as many as it is."""
        with self._writing:
            for piece in _pieces(text):
                self._write(piece + b"\n")

    def say(self, sentence: str) -> None:
        self.line(f"jupyter_training: {sentence}")

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._handle, data) :]
        except OSError:
            pass  # nobody collects the log; the code goes on


def _pieces(text: str) -> Iterator[bytes]:
    """What was printed, as lines of the log. None is too long for a call, or looks like a record wherever it is cut."""
    for line in _NEWLINE.split(text):
        data = line.encode("utf-8", "replace")
        while True:
            if data.startswith(_RECORDS):
                data = b" " + data
            if len(data) < MOST:
                break
            cut = MOST - 1
            while cut > MOST - 5 and data[cut] & 0xC0 == 0x80:  # not within a character
                cut -= 1
            yield data[:cut]
            data = data[cut:]
        yield data
