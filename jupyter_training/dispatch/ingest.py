"""From an attempt's spool into the store: points, progress, machine samples.

Exactly once: the offset up to which a file was read is stored in the same
transaction as what was read from it, so that a dispatcher killed at any moment
is succeeded by one that goes on at the right byte. Garbage is counted, never
fatal.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.metric import Point, PointSource, Progress
from jupyter_training.errors import TrainingError
from jupyter_training.languages.output_lines import Found, LineReader
from jupyter_training.spool import tail
from jupyter_training.store import points
from jupyter_training.store.engine import Store

__all__ = ["Ingester"]

log = logging.getLogger(__name__)

_PIECE = 1024 * 1024  # bytes of a log that are read at once
_LONGEST = 64 * 1024  # a log line beyond this is skipped piece by piece
_TOGETHER = 50  # attempts whose points are stored in one transaction
_LOG = "log"
_MACHINE = "machine/"


@dataclass
class _Reading:
    """Where one attempt's files have been read to, and the next step of each unnumbered series."""

    offsets: dict[str, int]
    next_step: dict[str, int]
    reported: set[str]
    faults: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)


class Ingester:
    """Reads the spools of running attempts. One per dispatcher."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._readings: dict[tuple[JobId, int], _Reading] = {}

    def ingest_all(self, running: Iterable[tuple[Job, Attempt, Path]], *, now: Instant) -> int:
        """Take in what running attempts have written since, each with its folder. The number of new points.

        Each file gives at most one piece. Many attempts share a transaction: with
        one for each, fifty live curves would wait for the disk a hundred times a round.

        Raises:
            TrainingError: the store can't take it now; what was not taken in is read again the next time.
        """
        total = 0
        waiting: dict[JobId, tuple[_Reading, list[points.Batch]]] = {}
        for job, attempt, folder in running:
            reading = self._reading(job.id, attempt.number)
            batches = self._pages(attempt, folder, reading, now, final=False)
            batches += self._log(job, attempt, folder, reading, now, final=False)
            if batches:
                waiting[job.id] = (reading, batches)
            if len(waiting) == _TOGETHER:
                total += self._store_all(waiting, now)
                waiting = {}
        return total + self._store_all(waiting, now)

    def ingest(self, job: Job, attempt: Attempt, folder: Path, *, now: Instant, final: bool = False) -> int:
        """Take in what an attempt has written since. The number of new points.

        ``final``: the attempt is over, so an unfinished last line counts too,
        and everything is read; else each file gives at most one piece.
        """
        reading = self._reading(job.id, attempt.number)
        total = 0
        while True:
            batches = self._pages(attempt, folder, reading, now, final=final)
            batches += self._log(job, attempt, folder, reading, now, final=final)
            if not batches:
                break
            total += self._store_all({job.id: (reading, batches)}, now)
            if not final:
                break
        if final:
            self._readings.pop((job.id, attempt.number), None)
        return total

    def _store_all(self, waiting: Mapping[JobId, tuple[_Reading, list[points.Batch]]], now: Instant) -> int:
        if not waiting:
            return 0
        try:
            count = points.ingest_all(self._store, {job: batches for job, (_, batches) in waiting.items()}, now=now)
        except TrainingError:
            # What was counted on while reading did not come to be: the store says where to go on.
            self._readings = {key: kept for key, kept in self._readings.items() if key[0] not in waiting}
            raise
        for reading, batches in waiting.values():
            for batch in batches:
                reading.offsets[batch.file] = batch.end
        return count

    def waits(self, attempt: Attempt, folder: Path) -> bool:
        """Whether there is more in a file that is being read than was taken in. Cheap, for asking often.

        A file that nobody has read yet is not seen, nor is the end of an attempt: a look finds them.
        """
        reading = self._readings.get((attempt.job, attempt.number))
        if reading is None:
            return False
        return any(_goes_on(folder / file, offset) for file, offset in reading.offsets.items())

    def faults(self, job: JobId, number: int) -> int:
        """Unreadable places found so far in an attempt's pages."""
        reading = self._readings.get((job, number))
        return reading.faults if reading is not None else 0

    def _reading(self, job: JobId, number: int) -> _Reading:
        reading = self._readings.get((job, number))
        if reading is None:
            offsets = {
                file: offset
                for (attempt, file), offset in points.offsets(self._store, job).items()
                if attempt == number
            }
            summaries = points.summaries(self._store, [job]).get(job, {})
            reading = _Reading(
                offsets=offsets,
                next_step={name: summary.last_step + 1 for name, summary in summaries.items()},
                reported={name for name, summary in summaries.items() if summary.source == "report"},
            )
            self._readings[(job, number)] = reading
        return reading

    def _pages(
        self, attempt: Attempt, folder: Path, reading: _Reading, now: Instant, *, final: bool
    ) -> list[points.Batch]:
        batches = []
        for page in tail.pages(folder):
            start = reading.offsets.get(page.name, 0)
            try:
                events, end, faults = tail.read(page, start, final=final)
            except OSError as error:
                log.warning("attempt %s/%d: %s can't be read: %s", attempt.job, attempt.number, page.name, error)
                continue
            reading.faults += faults
            if end == start:
                continue
            found: list[Point] = []
            progress: Progress | None = None
            for event in events:
                progress = self._event(event, reading, found, now) or progress
            shown = any(event[:1] == ["f"] for event in events)
            batches.append(points.Batch(attempt.number, page.name, start, end, found, progress, shown))
        return batches

    def _event(self, event: list[Any], reading: _Reading, found: list[Point], now: Instant) -> Progress | None:
        """Add an event's points to ``found``; its progress, if it is one. A malformed event is a fault."""
        try:
            kind, moment = event[0], event[1] / 1e6
            if kind == "p":
                source: PointSource = "mlflow" if len(event) > 4 and event[4] == "mlflow" else "report"
                reading.reported.update(event[3])
                found.extend(_points(event[3], event[2], moment, source, reading))
            elif kind == "m":
                named = {_MACHINE + name: value for name, value in event[2].items()}
                found.extend(_points(named, None, moment, "machine", reading))
            elif kind == "g":
                total = None if event[3] is None else float(event[3])
                return Progress(float(event[2]), total, str(event[4]), moment, str(event[5]) if len(event) > 5 else "")
        except (IndexError, TypeError, ValueError, AttributeError, OverflowError):
            reading.faults += 1
        return None

    def _log(
        self, job: Job, attempt: Attempt, folder: Path, reading: _Reading, now: Instant, *, final: bool
    ) -> list[points.Batch]:
        start = reading.offsets.get(_LOG, 0)
        piece = _read(folder / _LOG, start)
        if not piece:
            return []
        length = _complete(piece)
        if length == 0:
            if not final and len(piece) < _LONGEST:
                return []
            length = len(piece)
        elif final and start + len(piece) >= _size(folder / _LOG):
            length = len(piece)
        reader = LineReader(job.spec.metrics)
        found: list[Point] = []
        progress: Progress | None = None
        for line in reader.feed(piece[:length] + b"\n"):
            found.extend(self._guessed(line, reading, now))
            if line.done is not None:
                progress = Progress(line.done, line.total, line.unit, now, line.text)
        return [points.Batch(attempt.number, _LOG, start, start + length, found, progress)]

    def _guessed(self, line: Found, reading: _Reading, now: Instant) -> list[Point]:
        """A line's points, less those whose series the code reports itself."""
        values = {name: value for name, value in line.metrics.items() if name not in reading.reported}
        return list(_points(values, line.step, now, "log", reading))


def _points(
    values: Mapping[str, float | None], step: int | None, moment: float, source: PointSource, reading: _Reading
) -> list[Point]:
    found = []
    for name, value in values.items():
        at = reading.next_step.get(name, 0) if step is None else int(step)
        reading.next_step[name] = at + 1
        number = None if value is None else float(value)
        if number is not None and (number != number or number in (float("inf"), float("-inf"))):
            number = None
        found.append(Point(str(name), at, moment, number, source))
    return found


def _complete(piece: bytes) -> int:
    """How many bytes of the piece are whole lines."""
    last = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
    return last + 1


def _read(path: Path, offset: int) -> bytes:
    try:
        with open(path, "rb") as log:
            return os.pread(log.fileno(), _PIECE, offset)
    except OSError:
        return b""


def _goes_on(path: Path, offset: int) -> bool:
    """Whether a byte stands here; beyond a page's last line there are zeros."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.pread(handle, 1, offset) not in (b"", b"\0")
    except OSError:
        return False
    finally:
        os.close(handle)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
