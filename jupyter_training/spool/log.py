"""Read what an attempt printed, by byte offset.

Offsets never move: where the log grew over its cap the supervisor gives back
the middle's disk space and notes the place in ``log.holes``, one JSON line
``[from, to, cap]`` for each piece; neighbours are one hole. A hole reads as one
line that says how much is missing.
"""

from __future__ import annotations

import codecs
import json
import os
from typing import TYPE_CHECKING, NamedTuple

from jupyter_training.spool import layout

if TYPE_CHECKING:
    from jupyter_training.spool.layout import StrPath

__all__ = ["Hole", "Piece", "holes", "read", "size"]


class Piece(NamedTuple):
    """Some text, and the offset of the byte behind it."""

    text: str
    next: int


class Hole(NamedTuple):
    """Bytes [start, end) that are gone since the log was over its cap."""

    start: int
    end: int
    cap: int


def size(folder: StrPath) -> int:
    """The log's length in bytes, holes included; 0 while there is none."""
    try:
        return os.stat(os.path.join(folder, layout.LOG)).st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def read(folder: StrPath, offset: int, limit: int) -> Piece:
    """At most ``limit`` bytes of the log from ``offset`` on, as text.

    UTF-8; what is not becomes U+FFFD. A character that the end of the piece
    cuts is left for the next one. Stops before a hole; in a hole, gives the line
    that stands for it. Past the end: no text, and the offset as it was.
    """
    offset = max(0, offset)
    try:
        handle = os.open(os.path.join(folder, layout.LOG), os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return Piece("", offset)
    try:
        while True:
            known = holes(folder)
            data = _bytes(handle, offset, limit, known)
            # A hole is noted before it is made: if none came while we read, what we read was there.
            if holes(folder) == known:
                break
    finally:
        os.close(handle)
    if isinstance(data, Hole):
        return Piece(_sentence(data), data.end)
    text, used = _decoded(data)
    if used == 0 and data and _is_all(folder, offset, data, limit):
        return Piece(data.decode("utf-8", "replace"), offset + len(data))
    return Piece(text, offset + used)


def holes(folder: StrPath) -> list[Hole]:
    """The log's holes in order, neighbours made one. Lines that are none are passed over."""
    try:
        with open(os.path.join(folder, layout.HOLES), "rb") as file:
            lines = file.read().split(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return []
    found: list[Hole] = []
    for line in lines:
        try:
            start, end, cap = json.loads(line)
            hole = Hole(int(start), int(end), int(cap))
        except (ValueError, TypeError, RecursionError, OverflowError):
            continue
        if found and hole.start <= found[-1].end:
            found[-1] = found[-1]._replace(end=max(hole.end, found[-1].end))
        elif hole.start < hole.end:
            found.append(hole)
    return found


def _bytes(handle: int, offset: int, limit: int, known: list[Hole]) -> bytes | Hole:
    for hole in known:
        if hole.start <= offset < hole.end:
            return hole
        if offset < hole.start:
            return os.pread(handle, min(limit, hole.start - offset), offset)
    return os.pread(handle, limit, offset)


def _decoded(data: bytes) -> tuple[str, int]:
    """The text, and how many bytes it took: all but a character that is cut at the end."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data)
    return text, len(data) - len(decoder.getstate()[0])


def _is_all(folder: StrPath, offset: int, data: bytes, limit: int) -> bool:
    """Whether the rest of a cut character will never be seen: no room for it, a hole, or the end for good."""
    if len(data) == limit or offset + len(data) < size(folder):
        return True
    return os.path.exists(os.path.join(folder, layout.EXIT))


def _sentence(hole: Hole) -> str:
    return f"\n[ {_words(hole.end - hole.start)} left out here: over the limit of {_words(hole.cap)} ]\n"


def _words(count: int) -> str:
    for unit, scale in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if count >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count} B"
