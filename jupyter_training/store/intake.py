"""Points into their tables: numbered, sorted into series, summed up, built into the pyramid."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from jupyter_training.core.ids import JobId
from jupyter_training.core.metric import Point
from jupyter_training.store import pyramid, tables
from jupyter_training.store.bulk import insert_rows
from jupyter_training.store.pyramid import Raw
from jupyter_training.store.tables import heads, points, series
from jupyter_training.store.texts import clean, whole

__all__ = ["add", "last_id"]

_finite = math.isfinite

_KNOWN = select(
    series.c.name,
    series.c.source,
    series.c.id,
    series.c.length,
    series.c.low,
    series.c.low_step,
    series.c.high,
    series.c.high_step,
).where(series.c.job == bindparam("of"), series.c.superseded == 0)

_HEAD = select(heads.c.n).where(heads.c.job == bindparam("of"))
_COUNT = update(heads).where(heads.c.job == bindparam("of")).values(n=bindparam("n"))

_GROWN = ("length", "last", "last_step", "last_time", "last_attempt", "low", "low_step", "high", "high_step")
_GROW = update(series).where(series.c.id == bindparam("own")).values({name: bindparam(name) for name in _GROWN})


def add(
    connection: Connection, job: JobId, attempt: int, found: Sequence[Point], counted: Collection[str] = ()
) -> None:
    """Add points of one attempt, in their order, inside the points' write transaction.

    A value that is no finite number becomes a gap; names and steps that no
    database holds are made to fit. ``counted``: names whose steps are our count.
    """
    if not found:
        return
    before = connection.execute(_HEAD, {"of": job}).scalar()
    fresh, n = _sorted(found, before or 0)
    if before is None:
        connection.execute(insert(heads), {"job": job, "n": n})
    else:
        connection.execute(_COUNT, {"of": job, "n": n})
    _add_series(connection, job, attempt, fresh, {clean(name) for name in counted})


def _sorted(found: Sequence[Point], n: int) -> tuple[dict[tuple[str, str], list[Raw]], int]:
    """The points by name and source, numbered from ``n`` on, and the last number."""
    fresh: dict[tuple[str, str], list[Raw]] = {}
    for point in found:
        n += 1
        value = point.value
        if value is not None and not _finite(value):
            value = None
        step = point.step
        if not -9223372036854775808 < step < 9223372036854775808:
            step = whole(step)
        key: tuple[str, str] = (point.name, point.source)
        run = fresh.get(key)
        if run is None:
            run = fresh[key] = []
        run.append((n, step, point.time, value))
    cleaned: dict[tuple[str, str], list[Raw]] = {}
    for (name, source), run in fresh.items():
        fitting = (clean(name), source)
        # Two names may have become one.
        cleaned[fitting] = sorted(cleaned[fitting] + run) if fitting in cleaned else run
    return cleaned, n


def _add_series(
    connection: Connection, job: JobId, attempt: int, fresh: dict[tuple[str, str], list[Raw]], counted: set[str]
) -> None:
    known: dict[tuple[str, str], Any] = {(row.name, row.source): row for row in connection.execute(_KNOWN, {"of": job})}
    next_id = 0
    new: list[dict[str, Any]] = []
    grown: list[dict[str, Any]] = []
    rows: list[tuple[Any, ...]] = []
    buckets: list[tuple[Any, ...]] = []
    for (name, source), run in fresh.items():
        before = known.get((name, source))
        values = _values(before, run, attempt)
        if before is None:
            own = next_id = (next_id or last_id(connection)) + 1
            _, step, time, value = run[0]
            key = {"id": own, "job": job, "name": name, "source": source, "counted": name in counted}
            new.append({**key, "first": value, "first_step": step, "first_time": time, **values})
        else:
            own = before.id
            grown.append({"own": own, **values})
        rows += [(own, n, attempt, step, time, value) for n, step, time, value in run]
        buckets += pyramid.build(connection, own, before.length if before is not None else 0, run)
    if new:
        connection.execute(insert(series), new)
    if grown:
        connection.execute(_GROW, grown)
    insert_rows(connection, points, rows)
    insert_rows(connection, tables.pyramid, buckets)


def _values(before: Any, run: Sequence[Raw], attempt: int) -> dict[str, Any]:
    """The columns of a series that a run of points changes."""
    _, step, time, value = run[-1]
    bucket = pyramid.of_samples(run)
    low = (bucket.low.value, bucket.low.step) if bucket.low is not None else (None, None)
    high = (bucket.high.value, bucket.high.step) if bucket.high is not None else (None, None)
    if before is not None and before.low is not None:
        if low[0] is None or before.low <= low[0]:
            low = (before.low, before.low_step)
        if high[0] is None or before.high >= high[0]:
            high = (before.high, before.high_step)
    return {
        "length": len(run) + (before.length if before is not None else 0),
        "last": value,
        "last_step": step,
        "last_time": time,
        "last_attempt": attempt,
        "low": low[0],
        "low_step": low[1],
        "high": high[0],
        "high_step": high[1],
    }


def last_id(connection: Connection) -> int:
    """The highest number that a series has; 0: there is none."""
    return int(connection.execute(select(func.max(series.c.id))).scalar() or 0)
