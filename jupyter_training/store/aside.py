"""A long curve is divided beside itself, slice by slice, and takes its place in one short transaction.

    the curve       1 2 3 4 5 6 7 8 9 ...      what readers see, all the time
    put aside       1 2 3 4 -> | 5 6 7 ->      two series of no job, each slice in a transaction
    at the end      both come in the curve's place, and the curve itself is deleted slice by slice

To move millions of points at once takes longer than a dispatcher's lease. Who
is killed in between is succeeded by one that goes on behind the last point put
aside. What is aside, or gone, stands under names that are no job's id, so that
no reader meets it. Nothing may be added to the job's curves meanwhile: whoever
takes points in holds those of the job back until ``prepare`` says so.

Short curves, and those of which little moves, are divided at once (``supersede``).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, String, cast, delete, func, insert, or_, select, update

from jupyter_training.core.ids import JobId
from jupyter_training.store import intake, pyramid, tables
from jupyter_training.store.bulk import insert_rows
from jupyter_training.store.engine import Store
from jupyter_training.store.restarts import (
    TOLD,
    Beginning,
    Named,
    Restart,
    beginning,
    certainty_of,
    divided,
    fitting,
    settles,
)
from jupyter_training.store.tables import points, series

__all__ = ["clear", "drop", "owner", "prepare", "summed_up", "take_place"]

_AT_ONCE = 50_000  # points that may move in one transaction
_SLICE = 20_000  # points of a slice
_MARK = ":"  # begins what is no job's id
_GONE = ":gone"

_COLUMNS = (points.c.series, points.c.n, points.c.attempt, points.c.step, points.c.time, points.c.value)


def prepare(store: Store, job: JobId, attempt: int, restart: Restart, *, is_over: Callable[[], bool]) -> bool:
    """Put aside what a restart moves of long curves, slice by slice until ``is_over``. True: it may be applied now."""
    restart = fitting(restart)
    with store.read_points() as connection:
        long = series.c.length > _AT_ONCE
        if connection.execute(select(series.c.id).where(series.c.job == job, long).limit(1)).first() is None:
            return True
        start = beginning(connection, job, attempt, restart)
        if not settles(certainty_of(connection, job, start.key), restart):
            return True
        place = _place(job, start, restart)
        has_begun = connection.execute(select(series.c.id).where(series.c.job == place).limit(1)).first() is not None
        names = divided(connection, job, start.key, restart)
        if not has_begun:
            names = [one for one in names if _is_long(connection, job, start, one)]
    if not has_begun:
        if not names:
            return True
        with store.write_points() as connection:
            if not settles(certainty_of(connection, job, start.key), restart):
                return True  # another dispatcher has come further
            for one in names:
                _begin(connection, job, start.key, place, one)
    for one in names:
        while True:
            with store.write_points() as connection:
                if not _put_aside(connection, job, start, restart, one):
                    break
            if is_over():
                return False
    return True


def take_place(connection: Connection, job: JobId, start: Beginning, restart: Restart, one: Named) -> bool:
    """Let what was put aside of a curve take its place. False: nothing was; it is to be divided at once."""
    aside = _rows(connection, _place(job, start, restart), start.key, one)
    if not aside:
        return False
    while _put_aside(connection, job, start, restart, one):
        pass  # what the attempt reported right before it told where it began
    aside = _rows(connection, _place(job, start, restart), start.key, one)
    there = _rows(connection, job, start.key, one)
    if sum(row.length for row in aside.values()) != sum(row.length for row in there.values()):
        return False  # it has changed since it was put aside, which nobody does
    _let_go(connection, [row.id for row in there.values()])
    _let_go(connection, [row.id for row in aside.values() if not row.length])
    for row in aside.values():
        if row.length:
            values = summed_up(connection, row.id, row.length)
            connection.execute(update(series).where(series.c.id == row.id).values(job=job, **values))
    return True


def drop(connection: Connection, job: JobId, *, all_of_it: bool = False) -> int:
    """Let go of what is aside for a job; with ``all_of_it``, of its curves too. The number of the curves' points."""
    own = series.c.job == job
    count = connection.execute(select(func.coalesce(func.sum(series.c.length), 0)).where(own)).scalar_one()
    aside = series.c.job.startswith(f"{_MARK}{job}{_MARK}", autoescape=True)
    _let_go(
        connection, connection.execute(select(series.c.id).where(or_(own, aside) if all_of_it else aside)).scalars()
    )
    return int(count)


def clear(store: Store) -> bool:
    """Delete a slice of what was let go of. False: there is nothing left of it."""
    gone = select(series.c.id).where(series.c.job == _GONE).order_by(series.c.id).limit(1)
    with store.read_points() as connection:
        if connection.execute(gone).first() is None:
            return False
    with store.write_points() as connection:
        own = connection.execute(gone).scalar()
        if own is None:
            return False
        of_series = points.c.series == own
        last = connection.execute(
            select(points.c.n).where(of_series).order_by(points.c.n).limit(1).offset(_SLICE - 1)
        ).scalar()
        if last is not None:
            connection.execute(delete(points).where(of_series, points.c.n <= last))
            return True
        connection.execute(delete(points).where(of_series))
        bucket = tables.pyramid.c
        order = select(bucket.level, bucket.bucket).where(bucket.series == own).order_by(bucket.level, bucket.bucket)
        row = connection.execute(order.limit(1).offset(_SLICE - 1)).first()
        buckets = delete(tables.pyramid).where(bucket.series == own)
        if row is not None:
            upto = (bucket.level < row.level) | ((bucket.level == row.level) & (bucket.bucket <= row.bucket))
            connection.execute(buckets.where(upto))
            return True
        connection.execute(buckets)
        # Last of all: the number of a series is given again once its row is gone.
        connection.execute(delete(series).where(series.c.id == own))
    return True


def owner(name: str) -> str | None:
    """The job of which a series is, by what stands in its row; None: of none any more."""
    if not name.startswith(_MARK):
        return name
    return None if name == _GONE else name.split(_MARK)[1]


def summed_up(connection: Connection, own: int, length: int) -> dict[str, Any]:
    """The columns of a series that follow from its points and its pyramid."""
    of_series = select(points).where(points.c.series == own)
    first = connection.execute(of_series.order_by(points.c.n).limit(1)).one()
    last = connection.execute(of_series.order_by(points.c.n.desc()).limit(1)).one()
    whole = pyramid.merge(pyramid.sampled(connection, own, length, 1))
    return {
        "first": first.value,
        "first_step": first.step,
        "first_time": first.time,
        "last": last.value,
        "last_step": last.step,
        "last_time": last.time,
        "last_attempt": last.attempt,
        "low": whole.low.value if whole.low is not None else None,
        "low_step": whole.low.step if whole.low is not None else None,
        "high": whole.high.value if whole.high is not None else None,
        "high_step": whole.high.step if whole.high is not None else None,
    }


def _place(job: JobId, start: Beginning, restart: Restart) -> str:
    """Where a job's points stand aside for this restart alone: one that is known better divides otherwise."""
    said = repr((restart.certainty, restart.step, sorted(restart.counted.items())))
    return f"{_MARK}{job}{_MARK}{start.key}{_MARK}{zlib.crc32(said.encode()):x}"


def _rows(connection: Connection, place: str, key: int, one: Named) -> dict[int, Row[Any]]:
    """The live series (0) and the one superseded under this key, as far as there are any."""
    own = (series.c.job == place, series.c.name == one.name, series.c.source == one.source)
    rows = connection.execute(select(series).where(*own, series.c.superseded.in_((0, key))))
    return {row.superseded: row for row in rows}


def _is_long(connection: Connection, job: JobId, start: Beginning, one: Named) -> bool:
    """Whether more of a curve moves than may at once."""
    there = _rows(connection, job, start.key, one)
    if sum(row.length for row in there.values()) <= _AT_ONCE:
        return False
    earlier = start.earlier()
    away, back = earlier, ~earlier
    if one.last_kept is not None:
        away, back = earlier & (points.c.step > one.last_kept), earlier & (points.c.step <= one.last_kept)
    moving = 0
    for superseded, row in there.items():
        which = (points.c.series == row.id, back if superseded else away)
        newest = select(points.c.n).where(*which).order_by(points.c.n.desc()).limit(_AT_ONCE + 1).subquery()
        moving += connection.execute(select(func.count()).select_from(newest)).scalar_one()
    return moving > _AT_ONCE


def _begin(connection: Connection, job: JobId, key: int, place: str, one: Named) -> None:
    """Two empty series aside."""
    there = _rows(connection, job, key, one)
    if not there or _rows(connection, place, key, one):
        return
    for superseded in (0, key):
        like = there.get(superseded) or next(iter(there.values()))
        own = {"id": intake.last_id(connection) + 1, "job": place, "superseded": superseded, "length": 0}
        connection.execute(insert(series), {**like._mapping, **own})


def _put_aside(connection: Connection, job: JobId, start: Beginning, restart: Restart, one: Named) -> bool:
    """The next slice of a curve. False: there is none."""
    there = _rows(connection, job, start.key, one)
    aside = _rows(connection, _place(job, start, restart), start.key, one)
    if not there or not aside:
        return False
    live, beside = aside[0], aside[start.key]
    done = select(func.max(points.c.n))
    at = max(connection.execute(done.where(points.c.series == row.id)).scalar() or 0 for row in (live, beside))
    found = _next(connection, [row.id for row in there.values()], at)
    if not found:
        return False
    stay = _staying(connection, live.id, found, there[0].id if 0 in there else None, start, restart, one.last_kept)
    for row, of_it in ((live, True), (beside, False)):
        own = [point for point, stays in zip(found, stay, strict=True) if stays is of_it]
        if own:
            insert_rows(connection, points, [(row.id, *point[1:]) for point in own])
            run = [(point[1], *point[3:]) for point in own]
            insert_rows(connection, tables.pyramid, pyramid.build(connection, row.id, row.length, run))
            connection.execute(update(series).where(series.c.id == row.id).values(length=row.length + len(own)))
    return True


def _next(connection: Connection, sources: Sequence[int], at: int) -> list[tuple[Any, ...]]:
    """The next points behind ``at``, in the order of their numbers: up to a slice of each source."""
    ends = []
    for own in sources:
        behind = select(points.c.n).where(points.c.series == own, points.c.n > at).order_by(points.c.n)
        ends.append(connection.execute(behind.limit(1).offset(_SLICE - 1)).scalar())
    end = min((one for one in ends if one is not None), default=None)
    found: list[tuple[Any, ...]] = []
    for own in sources:
        wanted = select(*_COLUMNS).where(points.c.series == own, points.c.n > at)
        wanted = wanted.where(points.c.n <= end) if end is not None else wanted
        found += map(tuple, connection.execute(wanted.order_by(points.c.n)))
    return sorted(found, key=lambda point: point[1]) if len(sources) > 1 else found


def _staying(
    connection: Connection,
    aside: int,
    found: Sequence[tuple[Any, ...]],
    live: int | None,
    start: Beginning,
    restart: Restart,
    last_kept: int | None,
) -> list[bool]:
    """Which of these points are of the curve from now on, as ``supersede`` divides it."""
    own = [start.has(point[1], point[2]) for point in found]
    if last_kept is None:
        return own
    # What the attempt reported before it asked where it stood is there already, from who did those steps; the
    # points of earlier attempts have come before its own.
    goes_on = restart.certainty == TOLD and (
        any(not is_own and point[3] <= last_kept for point, is_own in zip(found, own, strict=True))
        or connection.execute(
            select(points.c.n).where(points.c.series == aside, start.earlier()).order_by(points.c.n).limit(1)
        ).first()
        is not None
    )
    return [
        point[3] > last_kept or (point[0] == live and not goes_on) if is_own else point[3] <= last_kept
        for point, is_own in zip(found, own, strict=True)
    ]


def _let_go(connection: Connection, ids: Any) -> None:
    own = series.c.id.in_(list(ids))
    values = {"job": _GONE, "name": cast(series.c.id, String), "source": "", "superseded": 0}
    connection.execute(update(series).where(own).values(**values))
