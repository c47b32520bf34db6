"""What trials have reported of an objective: the k-th live point of each metric, from the k-th on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select

from jupyter_training.core.ids import JobId
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.points import RANK
from jupyter_training.store.tables import points, series
from jupyter_training.store.texts import clean

__all__ = ["Report", "Reported", "count", "since"]


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
        known = _series(connection, list(told))
        for job, before in told.items():
            mine = known[job]
            there = [mine[name] for name in wanted if name in mine]
            reports: tuple[Report, ...] = ()
            if len(there) == len(wanted):
                behind = min(one.length for one in there) - before
                if behind > 0:
                    if len(there) == 1:
                        curves = [_points(connection, there[0], before, behind)]
                    else:
                        curves = [one[before:] for one in _paired([_points(connection, one) for one in there])]
                    reports = _joined(before, curves, with_resource=resource is not None)
            found[job] = Reported(reports, tuple(sorted(mine)))
    return found


def count(store: Store, job: JobId, metrics: Sequence[str]) -> int:
    """How often a job has reported every metric."""
    if len(metrics) > 1:
        return len(since(store, {job: 0}, metrics)[job].reports)
    with store.read_points() as connection:
        mine = _series(connection, [job])[job]
    return min((mine[name].length if name in mine else 0) for name in map(clean, metrics))


_Point = tuple[int, float, float | None]  # step, time, value


class _Series(NamedTuple):
    rank: int
    id: int
    length: int


def _series(connection: Connection, listed: Sequence[JobId]) -> dict[JobId, dict[str, _Series]]:
    """The live series of each job that are no machine's, by name; of several sources the first one in rank."""
    known: dict[JobId, dict[str, _Series]] = {job: {} for job in listed}
    for part in chunks(listed):
        rows = connection.execute(
            select(series.c.job, series.c.id, series.c.name, series.c.source, series.c.length).where(
                series.c.job.in_(part), series.c.superseded == 0, series.c.source != "machine"
            )
        )
        for row in rows:
            mine, rank = known[JobId(row.job)], RANK[row.source]
            if row.length and (row.name not in mine or rank < mine[row.name].rank):
                mine[row.name] = _Series(rank, row.id, row.length)
    return known


def _points(connection: Connection, one: _Series, skip: int = 0, count: int | None = None) -> list[_Point]:
    """``count`` points behind the first ``skip``. They are looked for from the end, where what is new stands."""
    count = one.length if count is None else count
    rows = connection.execute(
        select(points.c.step, points.c.time, points.c.value)
        .where(points.c.series == one.id)
        .order_by(points.c.n.desc())
        .limit(one.length - skip)
    ).all()
    return [(row.step, row.time, row.value) for row in reversed(rows[len(rows) - count :])]


def _paired(curves: Sequence[Sequence[_Point]]) -> list[list[_Point]]:
    """The points that belong together, at the same places.

    Those of one call have one time, so where one call has reported all of the metrics only such calls count: code that
    reports one of them in each epoch and all at its end has reported once. Where none has, the k-th of each belong
    together.
    """
    marked = [_by_call(curve) for curve in curves]
    shared = set.intersection(*map(set, marked))
    if not shared:
        return [list(curve) for curve in curves]
    return [[point for call, point in one.items() if call in shared] for one in marked]


def _by_call(curve: Sequence[_Point]) -> dict[tuple[float, int], _Point]:
    """The points by the calls that reported them: their time, and which one of that time."""
    seen: Counter[float] = Counter()
    found = {}
    for point in curve:
        found[point[1], seen[point[1]]] = point
        seen[point[1]] += 1
    return found


def _joined(before: int, curves: Sequence[Sequence[_Point]], *, with_resource: bool) -> tuple[Report, ...]:
    found = []
    for place, together in enumerate(zip(*curves, strict=False), start=before + 1):
        values = [value for _, _, value in together]
        resource = values.pop() if with_resource else None
        step, time, _ = together[0]
        found.append(Report(place, step, time, tuple(values), resource))
    return tuple(found)
