"""What trials have reported of an objective: the k-th live point of each metric, from the k-th on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from jupyter_training.core.ids import JobId
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.points import RANK
from jupyter_training.store.tables import points, series
from jupyter_training.store.texts import clean

__all__ = ["Report", "Reported", "since"]


@dataclass(frozen=True)
class Report:
    """The ``count``-th time that a job has reported every metric, from 1. ``values`` in the metrics' order."""

    count: int
    step: int
    time: float
    values: tuple[float | None, ...]
    resource: float | None = None  # the value of the series that says how far it is, where one does


@dataclass(frozen=True)
class Reported:
    """``names``: every series of the job that is no machine's, in alphabetical order."""

    reports: tuple[Report, ...]
    names: tuple[str, ...]


def since(
    store: Store, told: Mapping[JobId, int], metrics: Sequence[str], resource: str | None = None
) -> dict[JobId, Reported]:
    """The reports of each job behind the first ``told`` of them. A name from several sources: the first one's in rank.

    ``resource``: another series whose k-th value goes along.
    """
    wanted = [clean(name) for name in (*metrics, *([resource] if resource is not None else []))]
    found: dict[JobId, Reported] = {}
    with store.read_points() as connection:
        known: dict[JobId, dict[str, tuple[int, int, int]]] = {job: {} for job in told}
        for part in chunks(list(told)):
            rows = connection.execute(
                select(series.c.job, series.c.id, series.c.name, series.c.source, series.c.length).where(
                    series.c.job.in_(part), series.c.superseded == 0, series.c.source != "machine"
                )
            )
            for row in rows:
                mine = known[JobId(row.job)]
                rank = RANK[row.source]
                if row.length and (row.name not in mine or rank < mine[row.name][0]):
                    mine[row.name] = (rank, row.id, row.length)
        for job, before in told.items():
            mine = known[job]
            own = [mine.get(name) for name in wanted]
            there = [one for one in own if one is not None]
            reports: tuple[Report, ...] = ()
            if len(there) == len(wanted):
                count = min(length for _, _, length in there)
                if count > before:
                    curves = [_points(connection, number, before, count - before) for _, number, _ in there]
                    reports = _joined(before, curves, with_resource=resource is not None)
            found[job] = Reported(reports, tuple(sorted(mine)))
    return found


def _points(connection: Connection, number: int, skip: int, count: int) -> list[tuple[int, float, float | None]]:
    rows = connection.execute(
        select(points.c.step, points.c.time, points.c.value)
        .where(points.c.series == number)
        .order_by(points.c.n)
        .limit(count)
        .offset(skip)
    )
    return [(row.step, row.time, row.value) for row in rows]


def _joined(
    before: int, curves: Sequence[Sequence[tuple[int, float, float | None]]], *, with_resource: bool
) -> tuple[Report, ...]:
    found = []
    for place, together in enumerate(zip(*curves, strict=False), start=before + 1):
        values = [value for _, _, value in together]
        resource = values.pop() if with_resource else None
        step, time, _ = together[0]
        found.append(Report(place, step, time, tuple(values), resource))
    return tuple(found)
