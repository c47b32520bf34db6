"""Read the events of an attempt while they are written, in bulk, and whatever stands there.

Nothing in a page can make a reader raise: bytes that are no event are counted
as faults and skipped up to the next newline. What comes out has these shapes:

    ["p", t, step|null, {name: number|null}, source?]     points; null is a gap
    ["g", t, done, total|null, unit, text?]               progress
    ["m", t, {name: number}]                              a machine sample
    ["n", t, code, text]                                  a note
    ["a", t, relative name]                               a kept output
    ["f", t, relative name]                               a kept figure, whole when this is written
    ["s", t, state]                                       life cycle
    ["c", t, step, name, {size, files, sha256, place, kind, metrics, seconds}]
                                                          a checkpoint is committed; place is its URL, or null: local
    ["r", t, step|null, name|null]                        what the code was given to go on from; null: nothing
    ["l", t, name, seconds]                               it was loaded; finding and checking it counts, too
    ["x", t, name, why]                                   a checkpoint failed its check
    [word, t, {...}]                                      boot, end, exit, cursor: of an attempt whose container is
                                                          elsewhere; see backends/sagemaker/mirror

``t`` is in microseconds since the epoch.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from jupyter_training.spool import checkpoints, lines

if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_training.spool.layout import StrPath

__all__ = ["Event", "pages", "read"]

Event = list[Any]  # one of the shapes above

_BOOT = b'["boot",'
_PIECE = 256 * 1024
_LIMIT = 4 * 1024 * 1024
_INT64 = 2**63
_LATEST = 2**53  # microseconds; keeps times exact as floats
_OF_MIRRORS = frozenset({"boot", "end", "exit", "cursor"})


def pages(folder: StrPath) -> list[Path]:
    """The pages of a folder, each process's in the order in which they were written."""
    from pathlib import Path

    return [Path(folder) / name for name in sorted(lines.pages(folder), key=_page_order)]


def read(page: StrPath, offset: int = 0, *, limit: int = _LIMIT, final: bool = False) -> tuple[list[Event], int, int]:
    """The events from ``offset`` on, the offset to go on from, and the number of faults between.

    Gives complete lines only; one call takes about ``limit`` bytes. An equal
    offset in the answer means that nothing is new. ``final``: nobody writes
    any more, so that zeros before other bytes are faults and not an end.
    What comes before a container's start, and what after it, are pieces of their own.

    Raises:
        OSError: the page can't be opened or read.
    """
    handle = os.open(page, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _read(handle, max(0, offset), limit, final)
    finally:
        os.close(handle)


def _page_order(name: str) -> tuple[str, int]:
    stem, _, number = name[: -len(".page")].rpartition("-")
    return stem, int(number) if number.isdigit() else -1


def _read(handle: int, offset: int, limit: int, final: bool) -> tuple[list[Event], int, int]:
    events: list[Event] = []
    faults = 0
    stop = offset + limit
    while offset < stop:
        piece, is_all = _piece(handle, offset)
        length = piece.rfind(b"\n") + 1
        if length > 0:
            body = piece[:length]
            if offset == 0:
                head, body = body[: body.index(b"\n") + 1], body[body.index(b"\n") + 1 :]
                faults += head != lines.MAGIC
                offset, length = len(head), length - len(head)
            upto = _apart(body, is_first=not events)
            if upto is not None:
                body, length, stop = body[:upto], upto, 0
            found, bad = _parsed(body)
            events += found
            faults += bad
            offset += length
        elif is_all and not (final and _goes_on(handle, offset + len(piece))):
            # All that there is, perhaps with the beginning of a line: one that is being written, or one that
            # its writer was killed in and nobody ever saw.
            break
        else:
            offset = _after_newline(handle, offset) if piece else _after_zeros(handle, offset)
            faults += 1
    return events, offset, faults


def _apart(body: bytes, *, is_first: bool) -> int | None:
    """Up to where lines are read together, if a container's start is among them. ``is_first``: nothing was before."""
    if body.startswith(_BOOT):
        return body.index(b"\n") + 1 if is_first else 0
    found = body.find(b"\n" + _BOOT)
    return found + 1 if found >= 0 else None


def _piece(handle: int, offset: int) -> tuple[bytes, bool]:
    """The bytes from here to the first zero, and whether that, and not our patience, ended them."""
    size = _PIECE
    while True:
        piece = os.pread(handle, size, offset)
        zero = piece.find(0)
        if zero >= 0:
            return piece[:zero], True
        if len(piece) < size:
            return piece, True
        if b"\n" in piece or size > lines.MAX_LINE:
            return piece, False
        size *= 8  # one long line


def _parsed(body: bytes) -> tuple[list[Event], int]:
    """The events in whole lines: all at once if they are as they should be, else one by one."""
    count = body.count(b"\n")
    if count == 0:
        return [], 0
    try:
        found = _decode("[" + body[:-1].decode().replace("\n", ",") + "]")
        if len(found) == count and all(map(_is_event, found)):
            return found, 0
    except (ValueError, RecursionError):
        pass
    events: list[Event] = []
    for line in body[:-1].split(b"\n"):
        try:
            event: Any = _decode(line.decode()) if len(line) < lines.MAX_LINE else None
        except (ValueError, RecursionError):
            continue
        if _is_event(event):
            events.append(event)
    return events, count - len(events)


# NaN and the infinities are no JSON, but some writers have them: a gap.
_decode = json.JSONDecoder(parse_constant=lambda _: None).decode


def _is_event(event: Any) -> bool:
    if type(event) is not list or len(event) < 3:
        return False
    kind, time = event[0], event[1]
    if type(time) is not int or not 0 <= time < _LATEST:
        return False
    if kind == "p":
        return len(event) > 3 and _is_step(event[2]) and _are_values(event[3])
    if kind == "m":
        return _are_values(event[2])
    if kind == "g":
        counts = {"done": event[2], "total": event[3] if len(event) > 3 else None}
        return len(event) > 4 and event[2] is not None and _are_values(counts) and _are_texts(event[4:6])
    if kind == "n":
        return len(event) > 3 and _are_texts(event[2:4])
    if kind == "c":
        return len(event) > 4 and _is_checkpoint(event[2], event[3]) and _is_about(event[4])
    if kind == "r":
        return len(event) > 3 and (event[2:4] == [None, None] or _is_checkpoint(event[2], event[3]))
    if kind == "l":
        return len(event) > 3 and checkpoints.is_name(event[2]) and _is_span(event[3])
    if kind == "x":
        return len(event) > 3 and checkpoints.is_name(event[2]) and _are_texts(event[3:4])
    if kind in _OF_MIRRORS:
        return type(event[2]) is dict
    return kind in ("a", "f", "s") and _are_texts(event[2:3])


def _is_checkpoint(step: Any, name: Any) -> bool:
    return type(step) is int and 0 <= step < _INT64 and checkpoints.is_name(name)


def _is_span(seconds: Any) -> bool:
    return type(seconds) in (int, float) and 0 <= seconds < _LATEST


def _is_about(about: Any) -> bool:
    """What is told of a checkpoint."""
    if type(about) is not dict or not _are_texts([about.get("sha256"), about.get("kind")]):
        return False
    if type(about.get("size")) is not int or type(about.get("files")) is not int:
        return False
    place, metrics = about.get("place"), about.get("metrics")
    if not _are_values({key: about.get(key) for key in ("size", "files", "seconds")}):
        return False
    return (place is None or _are_texts([place])) and (metrics is None or _are_values(metrics))


def _is_step(step: Any) -> bool:
    return step is None or (type(step) is int and -_INT64 <= step < _INT64)


def _are_values(values: Any) -> bool:
    if type(values) is not dict:
        return False
    for name, value in values.items():
        kind = type(value)
        if kind is float:
            if value - value != 0:  # a number that is too large became infinity
                return False
        elif value is not None and not (kind is int and -_INT64 <= value < _INT64):
            return False
        if not (name.isprintable() or _is_clean(name)) or not name:
            return False
    return True


def _are_texts(values: list[Any]) -> bool:
    return all(type(value) is str and (value.isprintable() or _is_clean(value)) for value in values)


def _is_clean(text: str) -> bool:
    """Whether databases can take the text: no null characters, no halves of characters."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _after_newline(handle: int, offset: int) -> int:
    """The offset behind the line that begins here, or of the first zero or the end if it has no newline."""
    while True:
        piece = os.pread(handle, _PIECE, offset)
        newline, zero = piece.find(b"\n"), piece.find(0)
        if newline >= 0 and (zero < 0 or newline < zero):
            return offset + newline + 1
        if zero >= 0:
            return offset + zero
        if not piece:
            return offset
        offset += len(piece)


def _after_zeros(handle: int, offset: int) -> int:
    while True:
        piece = os.pread(handle, _PIECE, offset)
        rest = piece.lstrip(b"\0")
        if rest or not piece:
            return offset + len(piece) - len(rest)
        offset += len(piece)


def _goes_on(handle: int, offset: int) -> bool:
    """Whether there is anything but zeros from here to the end."""
    return bool(os.pread(handle, 1, _after_zeros(handle, offset)))
