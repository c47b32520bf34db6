"""The spool of an attempt whose container is elsewhere, written here from what its log streams say, exactly once.

    events-*.page    the records, each followed sometime by a cursor
    log              what was printed

A cursor says up to where the streams were read when all before it had been
written. It comes after what it speaks of, so a writer that is killed leaves
records behind its last cursor; who goes on reads those parts of the streams
again and leaves out the records that are there. The log is cut to the length
that the cursor says, and grows again by the same lines.

    ["cursor", t, {"streams": {stream: [token, at, same]}, "open": {stream: text}, "turn": stream,
                   "log": bytes, "count": cursors before it, "skip": [digests]}]

``at`` and ``same``: the time of the last line that was read, in milliseconds, and
how many lines of that time: where one goes on if the service has forgotten the
token. ``turn`` is the stream whose lines stand behind the cursor: it has to be
read again first. ``skip`` are the records that stand behind an earlier cursor and
were not met again yet.

One writer at a time: the dispatcher that has the lease. Each new one leaves its
mark, by which one that was suspended and comes back sees that it has been given up.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jupyter_training.backends.sagemaker import names
from jupyter_training.backends.sagemaker.lines import Heard, Lines
from jupyter_training.backends.sagemaker.verdict import Records
from jupyter_training.spool import layout, lines, log, tail
from jupyter_training.supervisor.log_cap import LogCap

__all__ = ["Line", "Mirror", "NotWritten", "Position", "Superseded"]

_FIRST_HOST = "algo-1"
_OF_ONE_START = frozenset({"boot", "p", "end", "exit"})  # after the next start they would be taken for its own
_PIECE = 256 * 1024  # bytes of a page that are looked at together
_WRITER = "mirror.json"
_OPEN_MOST = 200_000  # characters of an unfinished record that a cursor takes along


class Superseded(Exception):
    """Another dispatcher writes it now; this one has been given up."""


class NotWritten(Exception):
    """The disk did not take it; what was not taken will be read again. The text says why."""


class Line(NamedTuple):
    """One line of a log stream. ``at``: when it was printed, milliseconds since the epoch."""

    at: int
    message: str


class Position(NamedTuple):
    """Up to where a stream was read."""

    token: str | None = None
    at: int = 0
    same: int = 0

    def behind(self, read: Sequence[Line], token: str | None) -> Position:
        """The position after these lines."""
        if not read:
            return Position(token, self.at, self.same)
        last = read[-1].at
        same = sum(1 for line in read if line.at == last)
        return Position(token, last, same + (self.same if last == self.at else 0))


@dataclass(frozen=True)
class _Cursor:
    """What a cursor says."""

    positions: dict[str, Position]
    open: dict[str, str]
    turn: str | None
    log: int
    count: int
    skip: list[str]

    @classmethod
    def of(cls, event: list[Any]) -> _Cursor | None:
        """The cursor that an event is; None: it is none, or not one that this mirror wrote."""
        if event[0] != "cursor":
            return None
        try:
            about = event[2]
            places = {str(stream): Position(*place) for stream, place in about["streams"].items()}
            opened = {str(stream): str(text) for stream, text in about.get("open", {}).items()}
            turn = None if about["turn"] is None else str(about["turn"])
            skip = [str(one) for one in about.get("skip", ())]
            return cls(places, opened, turn, int(about["log"]), int(about["count"]), skip)
        except (LookupError, TypeError, ValueError, AttributeError):
            return None


class Mirror:
    """Writes one attempt's spool. ``records`` are those of its end as far as they came."""

    def __init__(self, folder: Path, *, cap_bytes: int = 0, head_bytes: int = 0, has_records: bool = True) -> None:
        """``has_records``: whether a program of ours prints in the container; else all is what somebody printed."""
        self.records = Records()
        self.run: str | None = None  # the container start that speaks on the first host
        self.turn: str | None = None
        self._folder = folder
        self._has_records = has_records
        self._positions: dict[str, Position] = {}
        self._lines: dict[str, Lines] = {}
        self._skip: Counter[str] = Counter()
        self._count = 0
        self._log_size = 0
        self._is_bare = True  # no cursor stands in this writer's pages yet
        self.is_behind = False  # something stands behind the last cursor: ``turn`` is to be read before other streams
        self._mark = os.urandom(8).hex()
        layout.write_json(folder / _WRITER, {"mark": self._mark}, durable=False)
        self._recover()
        self._writer: lines.PageWriter | None = None
        self._cap = LogCap(str(folder), cap_bytes=cap_bytes, head_bytes=head_bytes)

    @property
    def streams(self) -> list[str]:
        """Those that were read from."""
        return list(self._positions)

    def position(self, stream: str) -> Position:
        return self._positions.get(stream, Position())

    def take(self, stream: str, read: Sequence[Line], token: str | None) -> None:
        """Write what a stream said, and the cursor behind it.

        Raises:
            NotWritten: the mirror has to be made anew.
            Superseded: nothing was written, as somebody else does.
        """
        if (layout.read_json(self._folder / _WRITER) or {}).get("mark") != self._mark:
            raise Superseded(f"{self._folder} is written by another dispatcher.")
        if self.turn != stream or self._is_bare:
            self.turn = stream
            self._cursor()
        reader = self._lines.setdefault(stream, Lines())
        host = names.host_of(stream)
        prefix = "" if host == _FIRST_HOST else f"[{host}] "
        is_past = self._is_past(stream, host)
        printed: list[str] = []
        for line in read:
            heard = reader.feed(line.message) if self._has_records else Heard(line.message.rstrip("\r\n"))
            if heard is None:
                continue
            if heard.text is not None:
                printed.append(f"{prefix}{heard.text}\n")
            elif heard.record is not None and not (is_past and heard.record[0] in _OF_ONE_START):
                self._record(heard.record, heard.line, host)
        if printed:
            self._append("".join(printed))
        self._positions[stream] = self.position(stream).behind(read, token)
        self.is_behind = False
        if sum(len(one.open) for one in self._lines.values()) <= _OPEN_MOST:
            self._cursor()

    def close(self) -> None:
        """Nothing more will come: give the pages' unused space back."""
        self._writer = None
        for page in lines.pages(self._folder):
            with contextlib.suppress(OSError):  # damaged or gone: nothing depends on it
                lines.trim(os.path.join(self._folder, page))

    def _is_past(self, stream: str, host: str) -> bool:
        """Whether its container was started again, and that start has spoken already."""
        began = names.begun(stream)
        return any(names.host_of(other) == host and names.begun(other) > began for other in self._positions)

    def _record(self, record: list[Any], line: bytes, host: str) -> None:
        self._note(record, host)
        digest = _digest(record)
        if self._skip[digest] > 0:
            self._skip[digest] -= 1
            self._skip = +self._skip
        else:
            self._put(line)

    def _note(self, record: list[Any], host: str) -> None:
        """Keep what is said of the end; a new start of the container makes it void."""
        kind, about = record[0], record[2]
        if kind not in ("boot", "end", "exit") or not isinstance(about, dict):
            return
        host = str(about.get("host") or host)
        if kind == "exit":
            self.records.exits[host] = about
        elif kind == "end":
            self.records.end = about
        else:
            self.records.exits.pop(host, None)
            if host == _FIRST_HOST:
                self.records.end, self.run = None, str(about.get("run"))

    def _cursor(self) -> None:
        self._count += 1
        opened = {stream: one.open for stream, one in self._lines.items() if one.open}
        about = {
            "streams": {stream: list(position) for stream, position in self._positions.items()},
            "turn": self.turn,
            "log": self._log_size,
            "count": self._count,
            **({"open": opened} if opened else {}),
            **({"skip": list(self._skip.elements())} if self._skip else {}),
        }
        self._put(json.dumps(["cursor", time.time_ns() // 1000, about], separators=(",", ":")).encode() + b"\n")
        self._is_bare = False

    def _put(self, line: bytes) -> None:
        if self._writer is None:
            # Each writer's pages come after those of the ones before it, as its cursors do.
            self._writer = lines.PageWriter(str(self._folder), stem=f"{self._count:012}")
        if not self._writer.write(line):
            fault = self._writer.fault
            raise NotWritten(f"{self._folder} can't be written: {fault.strerror if fault else 'no room'}.")

    def _append(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        try:
            with open(self._folder / layout.LOG, "ab") as file:
                file.write(data)
        except OSError as error:
            raise NotWritten(f"{self._folder} can't be written: {error.strerror}.") from None
        self._log_size += len(data)
        self._cap.keep()

    def _recover(self) -> None:
        """Go on where the last writer was, whatever it was doing then. What stands before a cursor is let go of."""
        last: _Cursor | None = None
        behind: list[list[Any]] = []
        for event in self._written():
            cursor = _Cursor.of(event)
            if cursor is not None:
                last, behind = cursor, []
            elif event[0] != "cursor":
                behind.append(event)
                self._note(event, _FIRST_HOST)
        if last is not None:
            self._positions = last.positions
            self._lines = {stream: Lines(text) for stream, text in last.open.items()}
            self._count, self.turn = last.count, last.turn
            self._skip = Counter(last.skip)
        self._skip.update(_digest(event) for event in behind)
        size = last.log if last is not None else 0
        self.is_behind = self.turn is not None and (bool(behind) or log.size(self._folder) > size)
        self._log_size = self._cut_log(size)

    def _written(self) -> Iterator[list[Any]]:
        """What each earlier writer wrote, in the order in which they did.

        Each begins with a cursor, which counts on from the one before it.
        """
        by_writer: dict[str, list[Path]] = {}
        for page in tail.pages(self._folder):
            by_writer.setdefault(page.name.rpartition("-")[0], []).append(page)
        writers = []
        for pages in by_writer.values():
            first = next((event for page in pages for event in _events(page)), None)
            cursor = _Cursor.of(first) if first is not None else None
            if cursor is not None:
                writers.append((cursor.count, pages))
        for _, pages in sorted(writers):
            for page in pages:
                yield from _events(page)

    def _cut_log(self, size: int) -> int:
        found = log.size(self._folder)
        if found > size:
            os.truncate(self._folder / layout.LOG, size)
        return min(found, size)  # shorter after a power cut: what is gone is gone


def _events(page: Path) -> Iterator[list[Any]]:
    """What a page holds, a little at a time: a long job has hundreds of megabytes of them."""
    offset = -1
    end = 0
    while offset != end:
        offset = end
        found, end, _ = tail.read(page, offset, limit=_PIECE, final=True)
        yield from found


def _digest(record: list[Any]) -> str:
    return hashlib.sha256(json.dumps(record, separators=(",", ":")).encode()).hexdigest()[:20]
