"""Points into their tables: numbered, sorted into series, summed up, built into the pyramid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from jupyter_training.core.ids import JobId
from jupyter_training.core.metric import Point
from jupyter_training.store import pyramid
from jupyter_training.store.bulk import insert_rows
from jupyter_training.store.pyramid import Bucket, Sample
from jupyter_training.store.tables import heads, points, series
from jupyter_training.store.texts import clean, whole

__all__ = ["add"]

_finite = math.isfinite


@dataclass(frozen=True)
class _Known:
    """A series as it stood before: its key, how many points it had, its lowest and highest."""

    id: int
    count: int
    low: float | None
    high: float | None


def add(connection: Connection, job: JobId, attempt: int, found: Sequence[Point]) -> None:
    """Add points of one attempt, in their order, inside the points' write transaction.

    A value that is no finite number becomes a gap; names and steps that no
    database holds are made to fit.
    """
    if not found:
        return
    before = connection.execute(select(heads.c.n).where(heads.c.job == job)).scalar()
    fresh: dict[tuple[str, str], list[Sample]] = {}
    n = before or 0
    for point in found:
        n += 1
        value = point.value
        if value is not None and not _finite(value):
            value = None
        step = point.step
        if not -9223372036854775808 < step < 9223372036854775808:
            step = whole(step)
        key = (point.name, point.source)
        run = fresh.get(key)
        if run is None:
            run = fresh[key] = []
        run.append(Sample(n, step, point.time, value))
    if before is None:
        connection.execute(insert(heads).values(job=job, n=n))
    else:
        connection.execute(update(heads).where(heads.c.job == job).values(n=n))
    _add_series(connection, job, attempt, _cleaned(fresh))


def _cleaned(fresh: dict[tuple[str, str], list[Sample]]) -> dict[tuple[str, str], list[Sample]]:
    """The same with names that a database takes; two that become equal are put together, in order."""
    cleaned: dict[tuple[str, str], list[Sample]] = {}
    for (name, source), run in fresh.items():
        key = (clean(name), source)
        cleaned[key] = sorted(cleaned[key] + run) if key in cleaned else run
    return cleaned


def _add_series(connection: Connection, job: JobId, attempt: int, fresh: dict[tuple[str, str], list[Sample]]) -> None:
    columns = (series.c.name, series.c.source, series.c.id, series.c.length, series.c.low, series.c.high)
    known = {
        (row.name, row.source): _Known(row.id, row.length, row.low, row.high)
        for row in connection.execute(select(*columns).where(series.c.job == job))
    }
    next_id = 0
    rows: list[tuple[Any, ...]] = []
    for (name, source), run in fresh.items():
        before = known.get((name, source))
        whole_run = pyramid.of_samples(run)
        last = run[-1]
        values: dict[str, Any] = {
            "last": last.value,
            "last_step": last.step,
            "last_time": last.time,
            "last_attempt": attempt,
            **_extremes(before, whole_run),
        }
        if before is None:
            next_id = next_id or _next_id(connection)
            first = run[0]
            values |= {"first": first.value, "first_step": first.step, "first_time": first.time}
            connection.execute(
                insert(series).values(id=next_id, job=job, name=name, source=source, length=len(run), **values)
            )
            before = _Known(next_id, 0, None, None)
            next_id += 1
        else:
            values["length"] = before.count + len(run)
            connection.execute(update(series).where(series.c.id == before.id).values(**values))
        own = before.id
        rows += [(own, n, attempt, step, time, value) for n, step, time, value in run]
        pyramid.build(connection, own, before.count, run)
    insert_rows(connection, points, rows)


def _extremes(before: _Known | None, run: Bucket) -> dict[str, Any]:
    """The columns of the lowest and the highest that the run changes."""
    values: dict[str, Any] = {}
    low, high = run.low, run.high
    if low is None or high is None or low.value is None or high.value is None:
        return values
    if before is None or before.low is None or low.value < before.low:
        values |= {"low": low.value, "low_step": low.step}
    if before is None or before.high is None or high.value > before.high:
        values |= {"high": high.value, "high_step": high.step}
    return values


def _next_id(connection: Connection) -> int:
    return int(connection.execute(select(func.max(series.c.id))).scalar() or 0) + 1
