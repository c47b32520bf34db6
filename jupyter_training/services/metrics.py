"""Curves of a job, sampled so that no spike is lost."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from jupyter_training.schema import MetricsView, SeriesView
from jupyter_training.services.jobs import known
from jupyter_training.services.site import Site
from jupyter_training.store import points

__all__ = ["MetricsQuery", "metrics"]


class MetricsQuery(BaseModel):
    """Which series, and how many points of each at most. No name: all but the machine's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: tuple[str, ...] = ()
    points: int = Field(500, ge=2, le=20_000)
    machine: bool = Field(False, description="the machine's series (cpu, memory, GPUs) too")


def metrics(site: Site, job_id: str, query: MetricsQuery) -> MetricsView:
    """The job's series; superseded ones come last. A name that it has not reported gives nothing.

    Raises:
        UnknownJob: no job has that id.
    """
    job = known(site, job_id)
    sources = None if query.machine or query.name else frozenset({"report", "log", "mlflow"})
    found = points.series(site.store, job.id, query.name or None, budget=query.points, sources=sources)
    return MetricsView(
        job=job.id,
        series=tuple(
            SeriesView(
                name=one.name,
                source=one.source,
                count=one.count,
                sampled=one.sampled,
                points=one.points,
                superseded=one.superseded > 0,
            )
            for one in found
        ),
    )
