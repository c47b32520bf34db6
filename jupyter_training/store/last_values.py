"""The last value of some metrics of many jobs, for filters. Reads one row per series and no points."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from jupyter_training.core.ids import JobId
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.points import RANK
from jupyter_training.store.tables import series
from jupyter_training.store.texts import clean

__all__ = ["of"]


def of(store: Store, job_ids: Sequence[JobId], names: Collection[str]) -> dict[JobId, dict[str, float | None]]:
    """By job and name; of a name that came from several sources the value that its summary has."""
    wanted = [clean(name) for name in names]
    found: dict[JobId, dict[str, float | None]] = {}
    ranks: dict[tuple[str, str], int] = {}
    with store.read_points() as connection:
        for part in chunks(job_ids):
            rows = connection.execute(
                select(series.c.job, series.c.name, series.c.source, series.c.last).where(
                    series.c.job.in_(part), series.c.name.in_(wanted), series.c.superseded == 0
                )
            )
            for job, name, source, last in rows:
                rank = RANK.get(source, len(RANK))
                if rank < ranks.get((job, name), len(RANK) + 1):
                    ranks[job, name] = rank
                    found.setdefault(JobId(job), {})[name] = last
    return found
