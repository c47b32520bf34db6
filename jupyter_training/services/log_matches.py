"""Lines of a job's log that fit a pattern, found where the log is.

A regular expression may be one that backtracks for ever, and Python's ``re``
neither stops nor lets other threads run meanwhile. So it is tried in a child
process that is given a few seconds. One request reads a bounded piece of the
log and says where to go on.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from jupyter_training import spool
from jupyter_training.errors import InvalidUsage, Problem
from jupyter_training.services.jobs import known
from jupyter_training.services.logs import attempt_of
from jupyter_training.services.site import Site
from jupyter_training.spool import layout
from jupyter_training.spool import log as spool_log

__all__ = ["LogMatch", "LogMatches", "LogMatchesQuery", "log_matches"]

_PIECE = 1024 * 1024
_PART_LINES = 20_000
_READ_AT_MOST = 64 * _PIECE  # bytes of the log in one request
_REGEX_AT_MOST = 8 * _PIECE
_LINE_LIMIT = 4000  # characters of a line that are looked at and shown
_PATIENCE = 5.0  # seconds for one piece
# Each piece ends at the next escape at the latest: a line full of beginnings must not be read from each to its end.
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_CHILD = """
import json, re, sys
given = json.load(sys.stdin)
fits = re.compile(given["pattern"]).search
json.dump([place for place, line in enumerate(given["lines"]) if fits(line)], sys.stdout)
"""


class LogMatchesQuery(BaseModel):
    """What is looked for, and where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: str = Field(min_length=1, max_length=1000)
    regex: bool = Field(False, description="a regular expression; else a part of the line, in any case")
    attempt: int | None = Field(None, ge=1, le=2**31, description="None: the latest")
    offset: int = Field(0, ge=0, le=2**62, description="where to begin: the `next` of the answer before")
    line: int = Field(
        1, ge=1, le=2**62, description="the number of the line there: the `next_line` of the answer before"
    )
    limit: int = Field(1000, ge=1, le=10_000)


class LogMatch(BaseModel):
    """A line that fits. ``offset``: of its first byte; ``line``: its number in the log, from 1."""

    model_config = ConfigDict(frozen=True)

    offset: int
    line: int
    text: str


class LogMatches(BaseModel):
    """``next``: where to go on, and ``next_line`` the line there; None: the log's present end was reached."""

    model_config = ConfigDict(frozen=True)

    attempt: int
    matches: tuple[LogMatch, ...]
    next: int | None
    next_line: int | None


def log_matches(site: Site, job_id: str, query: LogMatchesQuery) -> LogMatches:
    """The lines of an attempt's log that fit, in order: at most ``limit``, from a bounded piece of it.

    Of a line that was overwritten by carriage returns the last state counts. What
    the log's limit has cut out is passed over.

    Raises:
        UnknownJob, NotFound: no such job or attempt.
        InvalidUsage: the pattern is no regular expression, or takes too long.
    """
    job = known(site, job_id)
    if query.regex:
        _check(query.pattern)
    attempt = attempt_of(site, job, query.attempt)
    if attempt is None:
        return LogMatches(attempt=0, matches=(), next=None, next_line=None)
    folder = spool.attempt_folder(site.settings.spool_root, job.id, attempt.number)
    lines = _lines(folder, query.offset)
    found: list[LogMatch] = []
    number, offset, read = query.line, query.offset, 0
    most = _REGEX_AT_MOST if query.regex else _READ_AT_MOST
    while part := _part(lines):
        shown = [_shown(line) for _, line, _ in part]
        for place in _fitting(shown, query):
            if len(found) == query.limit:
                return LogMatches(
                    attempt=attempt.number, matches=tuple(found), next=part[place][0], next_line=number + place
                )
            found.append(LogMatch(offset=part[place][0], line=number + place, text=shown[place]))
        number += len(part)
        offset = part[-1][2]
        read += offset - part[0][0]
        if read >= most:
            return LogMatches(attempt=attempt.number, matches=tuple(found), next=offset, next_line=number)
    return LogMatches(attempt=attempt.number, matches=tuple(found), next=None, next_line=None)


def _part(lines: Iterator[tuple[int, bytes, int]]) -> list[tuple[int, bytes, int]]:
    """The next lines, about as many as one piece has."""
    part: list[tuple[int, bytes, int]] = []
    size = 0
    for line in lines:
        part.append(line)
        size += line[2] - line[0]
        if size >= _PIECE or len(part) >= _PART_LINES:
            break
    return part


def _lines(folder: Path, offset: int) -> Iterator[tuple[int, bytes, int]]:
    """Lines, each with the offset of its first byte and of the byte behind it. Past a hole begins a new line."""
    try:
        handle = os.open(layout.log_file(folder), os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        rest, start = b"", offset
        while True:
            at = start + len(rest)
            hole = next((one for one in spool_log.holes(folder) if at < one.end), None)
            if hole is not None and hole.start <= at:
                if rest:
                    yield start, rest, at
                rest, start = b"", hole.end
                continue
            room = _PIECE if hole is None else min(_PIECE, hole.start - at)
            data = os.pread(handle, room, at)
            if not data:
                break
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                after = start + len(line) + 1
                yield start, line, after
                start = after
            if len(rest) > _PIECE:  # a line without an end: in pieces
                yield start, rest, start + len(rest)
                rest, start = b"", start + len(rest)
        if rest:
            yield start, rest, start + len(rest)
    finally:
        os.close(handle)


def _shown(line: bytes) -> str:
    text = _COLOURS.sub("", line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace"))
    return text[:_LINE_LIMIT]


def _fitting(lines: list[str], query: LogMatchesQuery) -> list[int]:
    """The places of the lines that fit."""
    if query.regex:
        return _in_a_child(query.pattern, lines)
    wanted = query.pattern.casefold()
    return [place for place, line in enumerate(lines) if wanted in line.casefold()]


def _in_a_child(pattern: str, lines: list[str]) -> list[int]:
    given = json.dumps({"pattern": pattern, "lines": lines})
    command = [sys.executable, "-I", "-S", "-c", _CHILD]
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=_PATIENCE, check=True)
    except subprocess.TimeoutExpired:
        raise InvalidUsage(
            f"The pattern takes more than {_PATIENCE:.0f} s for a piece of this log.",
            hint="A repetition inside a repetition, as in (a+)+, is slow; write it without.",
            errors=[Problem("takes too long", key="pattern")],
        ) from None
    found: list[int] = json.loads(done.stdout)
    return found


def _check(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        place = getattr(error, "pos", None)
        problem = Problem(f"{error}", key="pattern", line=1, column=place + 1 if place is not None else None)
        raise InvalidUsage(
            f"pattern: {pattern[:80]!r} is not a regular expression: {error}.", errors=[problem]
        ) from None
