"""Metrics as the store keeps them: named series of points, and what they sum up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jupyter_training.core.eta import Marks
from jupyter_training.core.ids import JobId

__all__ = ["Point", "PointSource", "Progress", "SeriesSummary"]

# Where a point came from. "mlflow": the person's own mlflow.log_metric, which the mirror must not send twice.
PointSource = Literal["report", "log", "mlflow", "machine"]


@dataclass(frozen=True)
class Point:
    """One (step, time, value) of a series. ``value`` None is a gap: NaN or infinity was reported."""

    name: str
    step: int
    time: float  # seconds since the epoch
    value: float | None
    source: PointSource = "report"


@dataclass(frozen=True)
class Progress:
    """How far a job says it is. ``total`` None: unknown. ``unit``: epoch, step, it ..."""

    done: float
    total: float | None
    unit: str
    time: float
    text: str = ""
    marks: Marks | None = None  # kept by the store, from which the time left is told


@dataclass(frozen=True)
class SeriesSummary:
    """What a list or a card shows of a series without reading its points."""

    job: JobId
    name: str
    count: int
    last: float | None
    last_step: int
    last_time: float
    low: float | None
    low_step: int | None
    high: float | None
    high_step: int | None
    source: PointSource
