"""The same curve of many jobs: in a statement or two where the curves are short, as those of trials are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from jupyter_training.core.ids import JobId
from jupyter_training.store import points
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.tables import points as points_table
from jupyter_training.store.tables import series as series_table
from jupyter_training.store.texts import clean

__all__ = ["Line", "curves_of"]

Line = tuple[tuple[int, float | None], ...]  # step, value


def curves_of(store: Store, listed: Sequence[JobId], name: str, *, budget: int) -> dict[JobId, Line]:
    """The live curve of that name of each job that has one, sampled like ``points.series``."""
    rows: dict[JobId, Row[Any]] = {}
    short: dict[JobId, list[tuple[int, float | None]]] = {}
    with store.read_points() as connection:
        for part in chunks(listed):
            mine = (
                series_table.c.job.in_(part) & (series_table.c.name == clean(name)) & (series_table.c.superseded == 0)
            )
            for row in connection.execute(select(series_table).where(mine).order_by(series_table.c.id)):
                rows.setdefault(JobId(row.job), row)
        jobs = {row.id: job for job, row in rows.items() if row.length <= budget}
        for some in chunks(list(jobs)):
            columns = select(points_table.c.series, points_table.c.step, points_table.c.value)
            wanted = columns.where(points_table.c.series.in_(some)).order_by(points_table.c.series, points_table.c.n)
            for number, step, value in connection.execute(wanted):
                short.setdefault(jobs[number], []).append((step, value))
    return {job: tuple(short[job]) if job in short else _sampled(store, job, name, budget) for job in rows}


def _sampled(store: Store, job: JobId, name: str, budget: int) -> Line:
    live = (line for line in points.series(store, job, [name], budget=budget) if not line.superseded)
    return tuple((step, value) for line in list(live)[:1] for step, _, value in line.points)
