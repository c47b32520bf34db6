"""From an attempt's spool into the store: points, progress, machine samples, checkpoints.

Exactly once: the offset up to which a file was read is stored in the same
transaction as what was read from it, so that a dispatcher killed at any moment
is succeeded by one that goes on at the right byte. What goes into the jobs'
database (checkpoints, where an attempt began) is written before the offset
moves, and may be written again. Garbage is counted, never fatal.

Where an attempt goes on divides the curves of the earlier ones. While a long one
is being divided, a little in each round, what is new of its job stays in the
spool; other jobs go on.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.dispatch import untold
from jupyter_training.dispatch.reading import Committed, Damaged, Given, Piece, Reading, Restored
from jupyter_training.errors import TrainingError, Unavailable
from jupyter_training.languages.output_lines import LineReader
from jupyter_training.spool import layout, tail
from jupyter_training.store import aside, checkpoints, facts, points, retention, supersede
from jupyter_training.store.engine import Store

__all__ = ["Ingester"]

log = logging.getLogger(__name__)

_PIECE = 1024 * 1024  # bytes of a log that are read at once
_LONGEST = 64 * 1024  # a log line beyond this is skipped piece by piece
_TOGETHER = 50  # attempts whose points are stored in one transaction
_LOG = "log"
_DIVIDING = 0.3  # seconds of a round, for each job whose long curves are being divided

_Waiting = dict[JobId, tuple[Reading, list[points.Batch]]]


class Ingester:
    """Reads the spools of running attempts. One per dispatcher."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._readings: dict[tuple[JobId, int], Reading] = {}
        self._unread: set[JobId] = set()  # jobs whose first attempt began here: nobody has taken in anything of them
        self._heard: set[tuple[JobId, int]] = set()  # of readings that were begun anew

    def launched(self, attempt: Attempt) -> None:
        """An attempt began under this dispatcher, which saves asking what was taken in of a first one before."""
        if attempt.number == 1:
            self._unread.add(attempt.job)

    def ingest_all(self, running: Iterable[tuple[Job, Attempt, Path]], *, epoch: int, now: Instant) -> int:
        """Take in what running attempts have written since, each with its folder. The number of new points.

        Each file gives at most one piece. Many attempts share a transaction: with
        one for each, fifty live curves would wait for the disk a hundred times a round.

        Raises:
            StaleEpoch: another dispatcher has taken over.
            TrainingError: the store can't take it now; what was not taken in is read again the next time.
        """
        total = 0
        waiting: _Waiting = {}
        for job, attempt, folder in running:
            reading = self._reading(job, attempt.number)
            batches = self._pages(folder, reading, now, final=False)
            batches += self._log(job, folder, reading, now, final=False)
            if batches:
                waiting[job.id] = (reading, batches)
            if len(waiting) == _TOGETHER:
                total += self._store_all(waiting, epoch, now)
                waiting = {}
        return total + self._store_all(waiting, epoch, now)

    def ingest(self, job: Job, attempt: Attempt, folder: Path, *, epoch: int, now: Instant, final: bool = False) -> int:
        """Take in what an attempt has written since. The number of new points.

        ``final``: the attempt is over, so an unfinished last line counts too,
        and everything is read; else each file gives at most one piece.

        Raises:
            StaleEpoch, TrainingError: as ``ingest_all``; with ``final``, also while long curves are being divided.
        """
        total = 0
        while True:
            reading = self._reading(job, attempt.number)
            batches = self._pages(folder, reading, now, final=final)
            if final and not batches and _is_log_taken(folder, reading):
                reading.log_most = None  # nothing more will be said of it
            batches += self._log(job, folder, reading, now, final=final)
            if not batches:
                break
            waiting: _Waiting = {job.id: (reading, batches)}
            total += self._store_all(waiting, epoch, now)
            if not final:
                break
            if not waiting:
                raise Unavailable(
                    f"the curves of the job {job.id} are long, and what attempt {attempt.number} does anew is still"
                    " being put in the place of what the earlier ones did. It goes on by itself."
                )
        if final:
            self._find_untold(job, reading, epoch, now)
            self._readings.pop((job.id, attempt.number), None)
        return total

    def waits(self, attempt: Attempt, folder: Path) -> bool:
        """Whether there is more in a file that is being read than was taken in. Cheap, for asking often.

        A file that nobody has read yet is not seen, nor is the end of an attempt: a look finds them.
        """
        reading = self._readings.get((attempt.job, attempt.number))
        if reading is None:
            return False
        return any(_goes_on(folder / file, offset) for file, offset in reading.offsets.items())

    def heard(self, attempt: Attempt) -> bool:
        """Whether the code has said anything since this was last asked."""
        key = (attempt.job, attempt.number)
        reading = self._readings.get(key)
        heard = key in self._heard or (reading is not None and reading.heard)
        self._heard.discard(key)
        if reading is not None:
            reading.heard = False
        return heard

    def faults(self, job: JobId, number: int) -> int:
        """Unreadable places found so far in an attempt's pages."""
        reading = self._readings.get((job, number))
        return reading.faults if reading is not None else 0

    def _reading(self, job: Job, number: int) -> Reading:
        reading = self._readings.get((job.id, number))
        if reading is None:
            reading = self._readings[(job.id, number)] = self._new_reading(job, number)
        elif reading.policy != job.checkpoints:
            reading.renew(job.checkpoints, self._measure_of(job))
        return reading

    def _measure_of(self, job: Job) -> tuple[int, float] | None:
        """The metric of the job's policy as it was reported last, with its step."""
        metric = job.checkpoints.metric
        found = points.summaries(self._store, [job.id]).get(job.id, {}).get(metric) if metric is not None else None
        return (found.last_step, found.last) if found is not None and found.last is not None else None

    def _new_reading(self, job: Job, number: int) -> Reading:
        store = self._store

        def marks_of(name: str) -> Mapping[str, int]:
            return checkpoints.marks(store, job.id, name)

        if job.id in self._unread:
            self._unread.remove(job.id)
            return Reading(job.id, number, job.checkpoints, marks_of, measure=self._measure_of(job))
        summaries = points.summaries(store, [job.id]).get(job.id, {})
        offsets = {file: end for (attempt, file), end in points.offsets(store, job.id).items() if attempt == number}
        runs = _runs(offsets)
        known = supersede.known(store, job.id, number, max(0, len(runs) - 1))
        return Reading(
            job=job.id,
            attempt=number,
            policy=job.checkpoints,
            marks_of=marks_of,
            offsets={file: end for file, end in offsets.items() if not file.startswith(supersede.RUN)},
            runs=runs,
            next_step={name: summary.last_step + 1 for name, summary in summaries.items()},
            reported={name for name, summary in summaries.items() if summary.source == "report"},
            counted=set(known.counted),
            certainty=known.certainty,
            measure=self._measure_of(job),
        )

    def _store_all(self, waiting: _Waiting, epoch: int, now: Instant) -> int:
        """Store what was read; what can't be now leaves ``waiting``, and is read again."""
        cut = [job for job, (reading, batches) in list(waiting.items()) if self._divide(reading, batches, waiting)]
        if not waiting:
            return 0
        try:
            self._tell([reading for reading, _ in waiting.values()], epoch, now)
            taken = points.ingest_all(self._store, {job: batches for job, (_, batches) in waiting.items()}, now=now)
        except TrainingError:
            # What was counted on while reading did not come to be: the store says where to go on.
            self._read_again(waiting)
            raise
        for job, (reading, batches) in waiting.items():
            if job in taken.behind:
                # A predecessor, suspended inside its transaction, has ended it after these files were read here.
                log.info(
                    "attempt %s/%d: another dispatcher has taken points in; reading on there", job, reading.attempt
                )
                self._read_again([job])
                continue
            for batch in batches:
                reading.offsets[batch.file] = batch.end
        self._read_again(cut)
        return taken.count

    def _divide(self, reading: Reading, batches: list[points.Batch], waiting: _Waiting) -> bool:
        """See that the start that was read may be applied; if not yet, its job waits. True: only a part of it is left.

        One start at a time: the next one divides what the one before has left.
        """
        restarts = [place for place, batch in enumerate(batches) if batch.restart is not None]
        if not restarts:
            return False
        first = batches[restarts[0]]
        assert first.restart is not None
        end = time.monotonic() + _DIVIDING
        ready = aside.prepare(
            self._store, reading.job, reading.attempt, first.restart, is_over=lambda: time.monotonic() >= end
        )
        if not ready:
            del waiting[reading.job]
            self._read_again([reading.job])
            return False
        if len(restarts) == 1:
            return False
        del batches[restarts[1] :]
        return True

    def _read_again(self, jobs: Collection[JobId]) -> None:
        """Begin the readings of these jobs anew where the store says."""
        for key, reading in list(self._readings.items()):
            if key[0] in jobs:
                if reading.heard:
                    self._heard.add(key)
                del self._readings[key]

    def _tell(self, readings: Iterable[Reading], epoch: int, now: Instant) -> None:
        """Write what attempts said of checkpoints into the jobs' database."""
        readings = [reading for reading in readings if reading.told or reading.measured]
        committed = [one for reading in readings for one in reading.told if isinstance(one, Committed)]
        checkpoints.committed(self._store, epoch, [(one.checkpoint, one.marks) for one in committed], now)
        for reading in readings:
            job, number = reading.job, reading.attempt
            for one in reading.told:
                if isinstance(one, Given):
                    checkpoints.started_from(self._store, epoch, job, number, one.step, one.name, now)
                elif isinstance(one, Restored):
                    facts.restored(self._store, epoch, job, one.seconds, now)
                elif isinstance(one, Damaged):
                    checkpoints.set_state(self._store, epoch, job, [one.name], "corrupt", now)
            retention.measured(self._store, epoch, job, reading.measured, now)
            reading.told, reading.measured = [], {}

    def _find_untold(self, job: Job, reading: Reading, epoch: int, now: Instant) -> None:
        """Checkpoints whose writer was killed between committing and telling."""
        found = untold.of_attempt(self._store, job.id, reading.attempt)
        if found:
            marks = reading.marks()
            checkpoints.committed(self._store, epoch, [(one, marks) for one in found], now)

    def _pages(self, folder: Path, reading: Reading, now: Instant, *, final: bool) -> list[points.Batch]:
        batches = []
        for page in tail.pages(folder):
            start = reading.offsets.get(page.name, 0)
            try:
                events, end, faults = tail.read(page, start, final=final)
            except OSError as error:
                log.warning("attempt %s/%d: %s can't be read: %s", reading.job, reading.attempt, page.name, error)
                continue
            reading.faults += faults
            if end == start:
                continue
            if events and events[0][0] == "boot" and not _is_log_taken(folder, reading):
                break  # what the run before it printed comes first
            piece = Piece()
            for event in events:
                reading.take(event, piece, now)
            batches.append(_batch(reading, page.name, start, end, piece))
        return batches

    def _log(self, job: Job, folder: Path, reading: Reading, now: Instant, *, final: bool) -> list[points.Batch]:
        start = reading.offsets.get(_LOG, 0)
        content = _read(folder / _LOG, start)
        most = reading.log_most
        if most is not None:
            content = content[: max(0, most - start)]
        if not content:
            return []
        reading.heard |= start + len(content) > reading.log_end
        reading.log_end = start + len(content)
        length = _complete(content)
        if most is not None and start + len(content) == most:
            length = len(content)  # what comes behind is another run's
        elif length == 0:
            if not final and len(content) < _LONGEST:
                return []
            length = len(content)
        elif final and start + len(content) >= _size(folder / _LOG):
            length = len(content)
        piece = Piece()
        metrics = "off" if _has_given_up(job, folder, reading) else job.spec.metrics
        reader = LineReader(metrics, worked=time.thread_time)
        for line in reader.feed(content[:length] + b"\n"):
            reading.take_line(line, piece, now)
        if reader.too_slow is not None:
            _give_up(job, folder, reading, reader.too_slow)
        return [_batch(reading, _LOG, start, start + length, piece)]


def _batch(reading: Reading, file: str, start: int, end: int, piece: Piece) -> points.Batch:
    return points.Batch(
        reading.attempt,
        file,
        start,
        end,
        piece.points,
        piece.progress,
        piece.shown,
        piece.counted,
        piece.restart,
        piece.before,
        piece.run,
    )


def _runs(offsets: Mapping[str, int]) -> list[str]:
    """The ids of the container's starts, in order."""
    found = [file[len(supersede.RUN) :].partition(":") for file in offsets if file.startswith(supersede.RUN)]
    return [run for _, _, run in sorted(found, key=lambda one: int(one[0]))]


def _has_given_up(job: Job, folder: Path, reading: Reading) -> bool:
    """Whether the person's own patterns are too slow for what this attempt prints."""
    if not isinstance(job.spec.metrics, Mapping):
        return False
    if reading.given_up is None:
        reading.given_up = layout.slow_file(folder).exists()
    return reading.given_up


def _give_up(job: Job, folder: Path, reading: Reading, metric: str) -> None:
    """Note it beside the log, for a successor and for whoever looks at the job."""
    log.warning("attempt %s/%d: the pattern of %s takes too long", job.id, reading.attempt, metric)
    reading.given_up = True
    with contextlib.suppress(OSError):  # a full disk; a successor finds it out again
        layout.write_json(layout.slow_file(folder), {"metric": metric})


def _is_log_taken(folder: Path, reading: Reading) -> bool:
    """Whether all was taken in that was printed up to here."""
    most = reading.log_most
    return most is None or reading.offsets.get(_LOG, 0) >= min(most, _size(folder / _LOG))


def _complete(content: bytes) -> int:
    """How many bytes of the content are whole lines."""
    last = max(content.rfind(b"\n"), content.rfind(b"\r"))
    return last + 1


def _read(path: Path, offset: int) -> bytes:
    try:
        with open(path, "rb") as file:
            return os.pread(file.fileno(), _PIECE, offset)
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
