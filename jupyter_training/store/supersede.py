"""What a later attempt does anew: earlier points behind its start leave the curve and are kept beside it.

    attempt 1   1 2 3 4 5 6 7 | 8 9        it had saved at 7
    attempt 2                 | 8 9 10 11  from step 7
                              '--> 8 and 9 of attempt 1 are in a series of their own, superseded by 2

Points keep their number, which is the mirror's cursor. Which ones belong where
follows from the attempt's start alone, so a start that is known better later
(code that reports first and asks for its checkpoint then) is applied again, and
what left too much comes back. What such code had reported of earlier steps by
then leaves in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, literal, select, update

from jupyter_training.core.ids import JobId
from jupyter_training.store import aside, intake, pyramid, tables
from jupyter_training.store.bulk import insert_rows
from jupyter_training.store.engine import Store
from jupyter_training.store.restarts import (
    COUNTED,
    RUN,
    STEPPED,
    TOLD,
    Beginning,
    Certainty,
    Restart,
    Run,
    begin,
    beginning,
    certainty_of,
    divided,
    fitting,
    key_of,
    settles,
)
from jupyter_training.store.tables import points, series, starts

__all__ = ["COUNTED", "RUN", "STEPPED", "TOLD", "Certainty", "Known", "Restart", "Run", "apply", "begin", "known"]

_MACHINE = "machine"  # samples of the machine are of a time, not of a step
_AT_ONCE = 20_000  # points read together


@dataclass(frozen=True)
class Known:
    """What the store knows of an attempt's start, and which series of its job are counted."""

    certainty: Certainty | None
    counted: frozenset[str]


def known(store: Store, job: JobId, attempt: int, run: int = 0) -> Known:
    with store.read_points() as connection:
        names = select(series.c.name).where(series.c.job == job, series.c.counted, series.c.source != _MACHINE)
        return Known(
            certainty_of(connection, job, key_of(attempt, run)), frozenset(connection.execute(names).scalars())
        )


def apply(connection: Connection, job: JobId, attempt: int, restart: Restart) -> bool:
    """Divide the points of earlier attempts by this one's start. True if any moved.

    In the transaction that moves the offset behind what told of the start.
    """
    start = beginning(connection, job, attempt, restart)
    before = certainty_of(connection, job, start.key)
    if not settles(before, restart):
        return False
    if before is None:
        connection.execute(insert(starts), {"job": job, "attempt": start.key, "certainty": restart.certainty})
    else:
        own = (starts.c.job == job, starts.c.attempt == start.key)
        connection.execute(update(starts).where(*own).values(certainty=restart.certainty))
    restart = fitting(restart)
    moved = False
    for one in divided(connection, job, start.key, restart):
        which = (series.c.job == job, series.c.name == one.name, series.c.source == one.source)
        moved |= aside.take_place(connection, job, start, restart, one) or _divide(
            connection, which, start, restart, one.last_kept
        )
    aside.drop(connection, job)
    return moved


def _divide(
    connection: Connection,
    own: Sequence[ColumnElement[bool]],
    start: Beginning,
    restart: Restart,
    last_kept: int | None,
) -> bool:
    """Move points between the live series and the one superseded by this start. True if any moved."""
    earlier, of_attempt, key = start.earlier(), start.own(), start.key
    if last_kept is None:
        back, away = of_attempt, earlier
    else:
        back = (earlier & (points.c.step <= last_kept)) | (of_attempt & (points.c.step > last_kept))
        away = earlier & (points.c.step > last_kept)
    pair = _pair(connection, own, key)
    moved = key in pair and _move(connection, pair[key], pair.get(0), 0, back)
    pair = _pair(connection, own, key)
    if 0 not in pair:
        return moved
    if last_kept is not None and restart.certainty == TOLD:
        goes_on = select(points.c.n).where(points.c.series == pair[0].id, earlier, points.c.step <= last_kept).limit(1)
        if connection.execute(goes_on).first() is not None:
            # What it reported before it asked where it stood is there already, from who did those steps.
            away = away | (of_attempt & (points.c.step <= last_kept))
    return _move(connection, pair[0], pair.get(key), key, away) or moved


def _pair(connection: Connection, own: Sequence[ColumnElement[bool]], key: int) -> dict[int, Row[Any]]:
    """The live series and the one superseded under ``key``, as far as there are any, as they are now."""
    rows = connection.execute(select(series).where(*own, series.c.superseded.in_((0, key))))
    return {row.superseded: row for row in rows}


def _move(connection: Connection, source: Row[Any], target: Row[Any] | None, superseded: int, which: Any) -> bool:
    """Move these points of a series to another one, which is made where there is none."""
    own = points.c.series == source.id
    count, first = connection.execute(select(func.count(), func.min(points.c.n)).where(own, which)).one()
    if not count:
        return False
    if target is None and count == source.length:  # all of it: the series itself changes its place
        connection.execute(update(series).where(series.c.id == source.id).values(superseded=superseded))
        return True
    target_id, length = (target.id, target.length) if target is not None else (intake.last_id(connection) + 1, 0)
    if target is None:
        values = {**source._mapping, "id": target_id, "superseded": superseded, "length": 0}
        connection.execute(insert(series), values)
    moving = (own, points.c.n >= first, which)
    # Copied and deleted: half the time of an update of the key.
    columns = [column.name for column in points.c]
    copy = select(literal(target_id), *list(points.c)[1:]).where(*moving)
    connection.execute(insert(points).from_select(columns, copy))
    connection.execute(delete(points).where(*moving))
    _rebuild(connection, source.id, source.length - count, first)
    _rebuild(connection, target_id, length + count, first)
    return True


def _rebuild(connection: Connection, own: int, length: int, since: int) -> None:
    """Bring a series' row and its pyramid up to date after points from number ``since`` on came or went."""
    stale = (tables.pyramid.c.series == own, tables.pyramid.c.last_n >= since)
    connection.execute(delete(tables.pyramid).where(*stale))
    if not length:
        connection.execute(delete(series).where(series.c.id == own))
        return
    later = select(func.count()).where(points.c.series == own, points.c.n >= since)
    _build(connection, own, since, length - connection.execute(later).scalar_one())
    values = aside.summed_up(connection, own, length)
    connection.execute(update(series).where(series.c.id == own).values(length=length, **values))


def _build(connection: Connection, own: int, since: int, before: int) -> None:
    """The pyramid's buckets from a point on; ``before``: how many points come before it."""
    wanted = (points.c.n, points.c.step, points.c.time, points.c.value)
    while True:
        page = select(*wanted).where(points.c.series == own, points.c.n >= since).order_by(points.c.n).limit(_AT_ONCE)
        run = [(row[0], row[1], row[2], row[3]) for row in connection.execute(page)]
        if not run:
            return
        insert_rows(connection, tables.pyramid, pyramid.build(connection, own, before, run))
        before += len(run)
        since = run[-1][0] + 1
