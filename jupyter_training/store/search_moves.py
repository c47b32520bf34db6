"""What a move of a search means: its trials that wait are moved, and those to come are stored likewise.

Only what says where its trials run is meant of them: priority, weight and pool.
A place in the order is one of the job that drives it, among other drivers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import JobState
from jupyter_training.store import experiment_verbs, experiments
from jupyter_training.store.engine import Store
from jupyter_training.store.tables import jobs

__all__ = ["keep", "to_come", "waiting"]

_COLUMNS = ("pool", "priority", "weight")
_WAITS = (JobState.QUEUED.value, JobState.PAUSED.value)  # what runs has had its turn


def to_come(connection: Connection, driver: Job) -> Job:
    """The trials that are still to come as one job that waits: what is refused to it is refused to them."""
    (one,) = experiments.read(connection, [driver.id])
    return replace(
        driver,
        state=JobState.QUEUED,
        pool=one.pool,
        priority=one.priority,
        weight=one.weight,
        spec=one.spec.template,
    )


def keep(connection: Connection, store: Store, trials: Job, values: dict[str, Any], now: Instant) -> None:
    """Let the trials that are still to come be so. What is so already changes nothing."""
    columns = {name: values[name] for name in _COLUMNS if name in values and getattr(trials, name) != values[name]}
    if columns:
        experiment_verbs.reorder(connection, store, trials.id, now=now, **columns)


def waiting(connection: Connection, experiment: JobId) -> list[JobId]:
    """Its trials that wait or are paused, the one that came first first."""
    mine = (jobs.c.experiment == experiment, jobs.c.trial.isnot(None), jobs.c.state.in_(_WAITS))
    return [JobId(one) for one in connection.execute(select(jobs.c.id).where(*mine).order_by(jobs.c.seq)).scalars()]
