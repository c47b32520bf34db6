"""Curves: taken in bulk from the spool, exactly once, and read without reading them all.

How far a spool file was read is stored in the transaction of what was read from
it. So a batch counts once, however often it is sent, and a dispatcher that died
between two batches is succeeded by one that goes on at the right byte.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from jupyter_training.core import eta
from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.metric import Point, PointSource, Progress, SeriesSummary
from jupyter_training.store import changelog, intake, pyramid, record, supersede
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.tables import offsets as offsets_table
from jupyter_training.store.tables import points as points_table
from jupyter_training.store.tables import progress as progress_table
from jupyter_training.store.tables import series as series_table
from jupyter_training.store.texts import clean

__all__ = [
    "RANK",
    "Batch",
    "Series",
    "Taken",
    "after",
    "ingest",
    "ingest_all",
    "last_step",
    "offsets",
    "progress",
    "series",
    "settle",
    "summaries",
]

# Where a name came from several sources, its summary is the first one's.
RANK: dict[str, int] = {"report": 0, "mlflow": 1, "log": 2, "machine": 3}

# In the order of ``SeriesSummary``, behind the series' own number, by which they are sorted.
_SUMMARIES = select(
    series_table.c.id,
    series_table.c.job,
    series_table.c.name,
    series_table.c.length,
    series_table.c.last,
    series_table.c.last_step,
    series_table.c.last_time,
    series_table.c.low,
    series_table.c.low_step,
    series_table.c.high,
    series_table.c.high_step,
    series_table.c.source,
).where(series_table.c.superseded == 0)

# Made once: to make a statement costs more than to run it, and these run for each job of each round.
_OFFSETS = select(offsets_table).where(offsets_table.c.job == bindparam("of"))
_BEGIN = insert(offsets_table)
_MOVE = (
    update(offsets_table)
    .where(
        offsets_table.c.job == bindparam("of"),
        offsets_table.c.attempt == bindparam("number"),
        offsets_table.c.file == bindparam("name"),
    )
    .values(place=bindparam("to"))
)
_TOLD = select(progress_table).where(progress_table.c.job == bindparam("of"))
_TELL = (
    update(progress_table)
    .where(progress_table.c.job == bindparam("of"))
    .values({name: bindparam(name) for name in ("done", "total", "unit", "time", "text", "marks")})
)

_ENDS_FROM = 8  # the smallest budget that keeps a curve's ends


@dataclass(frozen=True)
class Batch:
    """What was read from one spool file between two byte offsets.

    ``progress`` None: it said nothing of it. ``shown``: a figure was kept, which is a change by itself.
    ``counted``: names whose steps are our count. ``restart``: where its attempt turned out to have begun, after the
    first ``before`` of the points. ``run``: it tells of a start of the attempt's container, and of nothing else.
    """

    attempt: int
    file: str
    start: int
    end: int
    points: Sequence[Point]
    progress: Progress | None = None
    shown: bool = False
    counted: Collection[str] = ()
    restart: supersede.Restart | None = None
    before: int = 0
    run: supersede.Run | None = None


@dataclass(frozen=True)
class Taken:
    """What became of batches. ``count``: of the new points.

    ``behind``: jobs of which some were left out, as a file's reading stands elsewhere. Who sent them has to ask
    where: what it remembers is not what is stored.
    """

    count: int
    behind: frozenset[JobId] = frozenset()


@dataclass(frozen=True)
class Series:
    """A curve as (step, time, value) in the order of reporting. ``count`` of all; ``sampled``: these are fewer.

    ``superseded``: the attempt that did these steps anew; 0: the curve itself.
    """

    name: str
    source: PointSource
    count: int
    sampled: bool
    points: tuple[tuple[int, float, float | None], ...]
    superseded: int = 0


def ingest(store: Store, job: JobId, batches: Sequence[Batch], *, now: Instant) -> int:
    """Take the batches of one job over; see ``ingest_all``. The number of new points."""
    return ingest_all(store, {job: batches}, now=now).count


def ingest_all(store: Store, batches: Mapping[JobId, Sequence[Batch]], *, now: Instant) -> Taken:
    """Take batches over, in one transaction of the points, and log one change of each job.

    What was read from an attempt's files together is taken over together: where
    one batch does not begin where its file's reading stands, as another
    dispatcher has taken over what it begins with, all of the attempt are left
    out without harm.
    """
    count = 0
    touched: list[JobId] = []
    behind: set[JobId] = set()
    with store.write_points() as connection:
        for job, of_job in batches.items():
            accepted = _advance(connection, job, of_job)
            if len(accepted) < len(of_job):
                behind.add(job)
            moved = False
            for attempt, members in groupby(accepted, key=attrgetter("attempt")):
                own = list(members)
                counted = {name for batch in own for name in batch.counted}
                waiting: list[Point] = []
                for batch in own:
                    if batch.run is not None:
                        intake.add(connection, job, attempt, waiting, counted)
                        waiting = []
                        supersede.begin(connection, job, attempt, batch.run)
                    if batch.restart is not None:
                        waiting += batch.points[: batch.before]
                        intake.add(connection, job, attempt, waiting, counted)
                        waiting = []
                        moved |= supersede.apply(connection, job, attempt, batch.restart)
                    waiting += batch.points[batch.before :]
                intake.add(connection, job, attempt, waiting, counted)
            told = [batch.progress for batch in accepted if batch.progress is not None]
            if told:
                _set_progress(connection, job, told)
            new = sum(len(batch.points) for batch in accepted)
            count += new
            if new or told or moved or any(batch.shown for batch in accepted):
                touched.append(job)
    if touched:
        with store.write() as connection:
            changelog.touch_all(connection, touched, ChangeKind.POINTS, now)
            record.reopen(connection, touched)
    return Taken(count, frozenset(behind))


def offsets(store: Store, job: JobId) -> dict[tuple[int, str], int]:
    """How far each file of each attempt was taken over, by (attempt, file)."""
    with store.read_points() as connection:
        rows = connection.execute(select(offsets_table).where(offsets_table.c.job == job))
        return {(row.attempt, row.file): row.place for row in rows}


def settle(store: Store) -> None:
    """Make what was taken over durable, so that the spool it came from may be deleted.

    The points file is written without waiting for the disk; a loss of power may
    take its last transactions back, offsets included, and the spool is read again.
    """
    if store.points.path is None or store.points.journal != "wal":
        return
    with store.points.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(FULL)")


def summaries(store: Store, job_ids: Sequence[JobId]) -> dict[JobId, dict[str, SeriesSummary]]:
    """What each series of these jobs sums up to, by name; a job without points is left out."""
    found: dict[JobId, dict[str, SeriesSummary]] = {}
    with store.read_points() as connection:
        for part in chunks(job_ids):
            # Taken apart by place: by name it takes twice as long, and lists read thousands.
            for _, *values in sorted(connection.execute(_SUMMARIES.where(series_table.c.job.in_(part)))):
                summary = SeriesSummary(*values)
                of_job = found.setdefault(summary.job, {})
                kept = of_job.get(summary.name)
                if kept is None or RANK.get(summary.source, 9) < RANK.get(kept.source, 9):
                    of_job[summary.name] = summary
    return found


def last_step(store: Store, job: JobId, attempt: int) -> int | None:
    """The highest step that an attempt has named itself; None where it has named none."""
    with store.read_points() as connection:
        own = (series_table.c.job == job, series_table.c.last_attempt == attempt, series_table.c.superseded == 0)
        named = (series_table.c.source != "machine", ~series_table.c.counted)
        found: int | None = connection.execute(select(func.max(series_table.c.last_step)).where(*own, *named)).scalar()
        return found


def progress(store: Store, job_ids: Sequence[JobId]) -> dict[JobId, Progress]:
    """How far each of these jobs says it is; one that says nothing is left out."""
    found: dict[JobId, Progress] = {}
    with store.read_points() as connection:
        for part in chunks(job_ids):
            rows = connection.execute(select(progress_table).where(progress_table.c.job.in_(part)))
            found.update((JobId(row.job), _progress(row)) for row in rows)
    return found


def series(
    store: Store,
    job: JobId,
    names: Collection[str] | None,
    *,
    budget: int,
    sources: Collection[str] | None = None,
) -> list[Series]:
    """The job's curves of these names and sources (None: all), each of at most ``budget`` points.

    A longer one is sampled: the lowest and highest point of each stretch, its
    first gap, and the curve's first and last point are kept. What later attempts
    did anew comes after the curves, in series of its own.
    """
    wanted = select(series_table).where(series_table.c.job == job)
    if names is not None:
        wanted = wanted.where(series_table.c.name.in_([clean(name) for name in names]))
    if sources is not None:
        wanted = wanted.where(series_table.c.source.in_(list(sources)))
    with store.read_points() as connection:
        order = (series_table.c.superseded, series_table.c.id)
        return [_curve(connection, row, budget) for row in connection.execute(wanted.order_by(*order)).all()]


def after(store: Store, job: JobId, cursor: int, limit: int) -> list[tuple[int, int, Point]]:
    """Points after a cursor, oldest first, as (cursor, attempt, point): at most ``limit``. For the mirror."""
    with store.read_points() as connection:
        # Numbers have no holes, so a window of them is as good as a limit, and the key of the table finds it.
        found = connection.execute(
            select(points_table, series_table.c.name, series_table.c.source)
            .join(series_table, series_table.c.id == points_table.c.series)
            .where(series_table.c.job == job, points_table.c.n > cursor, points_table.c.n <= cursor + limit)
            .order_by(points_table.c.n)
        )
        return [(row.n, row.attempt, Point(row.name, row.step, row.time, row.value, row.source)) for row in found]


def _advance(connection: Connection, job: JobId, batches: Sequence[Batch]) -> list[Batch]:
    """Move the offsets, and return the batches that moved one: of each attempt all or none."""
    rows = connection.execute(_OFFSETS, {"of": job}).all()
    before = {(row.attempt, row.file): row.place for row in rows}
    places = dict(before)
    accepted: list[Batch] = []
    for _, members in groupby(batches, key=attrgetter("attempt")):
        own, moved = list(members), dict(places)
        for batch in own:
            key = (batch.attempt, batch.file)
            if batch.start != moved.get(key, 0) or batch.end <= batch.start:
                break
            moved[key] = batch.end
        else:
            places = moved
            accepted += own
    for (attempt, file), place in places.items():
        if (attempt, file) not in before:
            connection.execute(_BEGIN, {"job": job, "attempt": attempt, "file": file, "place": place})
        elif before[attempt, file] != place:
            connection.execute(_MOVE, {"of": job, "number": attempt, "name": file, "to": place})
    return accepted


def _set_progress(connection: Connection, job: JobId, told: Sequence[Progress]) -> None:
    """Keep the last word, and mark the way to it."""
    before = connection.execute(_TOLD, {"of": job}).first()
    marks = _marks(before.marks) if before is not None else None
    for one in told:
        marks = eta.marked(marks, one.done, one.total, one.unit, one.time)
    last = told[-1]
    values = {
        "done": last.done,
        "total": last.total,
        "unit": clean(last.unit),
        "time": last.time,
        "text": clean(last.text),
        "marks": json.dumps([marks.first, marks.early, marks.late, marks.total, clean(marks.unit)]) if marks else None,
    }
    if before is None:
        connection.execute(insert(progress_table), {"job": job, **values})
    else:
        connection.execute(_TELL, {"of": job, **values})


def _progress(row: Row[Any]) -> Progress:
    return Progress(row.done, row.total, row.unit, row.time, row.text, _marks(row.marks))


def _marks(text: str | None) -> eta.Marks | None:
    if text is None:
        return None
    first, early, late, total, unit = json.loads(text)
    return eta.Marks(tuple(first), tuple(early), tuple(late), total, unit)


def _curve(connection: Connection, row: Row[Any], budget: int) -> Series:
    drawn = _drawn(connection, row, budget)
    return Series(row.name, row.source, row.length, row.length > budget, tuple(drawn), row.superseded)


def _drawn(connection: Connection, row: Row[Any], budget: int) -> Sequence[tuple[int, float, float | None]]:
    if row.length <= budget:
        found = connection.execute(
            select(points_table.c.step, points_table.c.time, points_table.c.value)
            .where(points_table.c.series == row.id)
            .order_by(points_table.c.n)
        )
        return [(step, time, value) for step, time, value in found]
    if budget < _ENDS_FROM:
        return pyramid.drawn(connection, row.id, row.length, budget)
    drawn = pyramid.drawn(connection, row.id, row.length, budget - 2)
    first, last = (row.first_step, row.first_time, row.first), (row.last_step, row.last_time, row.last)
    if drawn[0] != first:
        drawn.insert(0, first)
    if drawn[-1] != last:
        drawn.append(last)
    return drawn
