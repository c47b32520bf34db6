"""The supervisor's own lines in the spool: begin and end, machine samples, notes."""

from __future__ import annotations

import json
import time

from jupyter_training.spool.lines import PageWriter

__all__ = ["Journal"]

# A sample has about a hundred bytes: an hour or so to a page.
_FIRST_PAGE = 16 * 1024
_NEXT_PAGE = 64 * 1024


class Journal:
    """Writes events. What a full disk does not take is gone; samples are not worth a failure."""

    def __init__(self, folder: str) -> None:
        self._writer = PageWriter(folder, first_page=_FIRST_PAGE, next_page=_NEXT_PAGE)
        self._noted: set[str] = set()

    def state(self, state: str) -> None:
        self._write("s", state)

    def sample(self, figures: dict[str, float]) -> None:
        self._write("m", figures)

    def note_once(self, code: str, text: str) -> None:
        if code not in self._noted:
            self._noted.add(code)
            self._write("n", code, text)

    def _write(self, kind: str, *rest: object) -> None:
        event = [kind, time.time_ns() // 1000, *rest]
        self._writer.write(json.dumps(event, separators=(",", ":")).encode() + b"\n")
