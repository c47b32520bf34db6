"""What the sweep of checkpoints reads and writes beside ``checkpoints``: the dispatcher alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from sqlalchemy import func, select, update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.retention import Checkpoint
from jupyter_training.store import changelog, ends, lease
from jupyter_training.store import checkpoints as every
from jupyter_training.store.checkpoints import GOING
from jupyter_training.store.engine import Store
from jupyter_training.store.restarts import attempt_of
from jupyter_training.store.tables import checkpoints, jobs, points, series
from jupyter_training.store.texts import clean

__all__ = ["best_of_search", "going", "gone", "let_go", "measured", "owners", "reported", "with_checkpoints"]

_FEW = 2  # with the usual policy, the best and the newest


def owners(store: Store, *, ended_since: float) -> list[JobId]:
    """The jobs of which a checkpoint may have to go: not ended before then, with more than a few, or half removed."""
    many = (
        select(checkpoints.c.job)
        .where(checkpoints.c.state == "kept")
        .group_by(checkpoints.c.job)
        .having(func.count() > _FEW)
    )
    lately = (
        select(jobs.c.id)
        .where(jobs.c.ended.is_(None) | (jobs.c.ended >= ended_since))
        .where(select(checkpoints.c.job).where(checkpoints.c.job == jobs.c.id).exists())
    )
    half_removed = select(checkpoints.c.job).where(checkpoints.c.state == GOING)
    with store.read() as connection:
        return [JobId(job) for job in connection.execute(many.union(lately, half_removed)).scalars()]


def best_of_search(
    store: Store, search: JobId, count: int, mode: Literal["min", "max"]
) -> frozenset[tuple[JobId, str]]:
    """The best good checkpoints of all its trials, as (job, name); of equal ones the later step, as in ``core``."""
    metric = checkpoints.c.metric if mode == "min" else checkpoints.c.metric.desc()
    wanted = (
        select(checkpoints.c.job, checkpoints.c.name)
        .join(jobs, jobs.c.id == checkpoints.c.job)
        .where(jobs.c.experiment == search, checkpoints.c.state == "kept", checkpoints.c.metric.isnot(None))
        .order_by(metric, checkpoints.c.attempt.desc(), checkpoints.c.step.desc(), checkpoints.c.created.desc())
        .order_by(checkpoints.c.job, checkpoints.c.name)
        .limit(count)
    )
    with store.read() as connection:
        return frozenset((JobId(row.job), row.name) for row in connection.execute(wanted))


def with_checkpoints(store: Store, search: JobId) -> list[JobId]:
    """Its trials that have one."""
    kept = select(checkpoints.c.job).where(checkpoints.c.state == "kept").distinct()
    with store.read() as connection:
        rows = connection.execute(select(jobs.c.id).where(jobs.c.experiment == search, jobs.c.id.in_(kept)))
        return [JobId(row.id) for row in rows]


def let_go(
    store: Store, epoch: int, job: JobId, names: Iterable[str], now: Instant, *, ended_in: int | None = None
) -> bool:
    """Nobody goes on from these any more; their files are to be removed next, those of ``going`` too.

    ``ended_in``: the generation in which the job has ended, where that is why
    they may go. False: it was started again meanwhile, and nothing was written.

    Raises:
        StaleEpoch
    """
    with store.write() as connection:
        lease.check(connection, epoch)
        if ended_in is not None and not ends.has_ended(connection, job, ended_in):
            return False
        every.let_go(connection, job, names, now)
    return True


def going(store: Store, job: JobId) -> dict[str, str]:
    """The URLs of a job's checkpoints that were let go of and have to be removed there, by name."""
    own = (checkpoints.c.job == job, checkpoints.c.state == GOING)
    with store.read() as connection:
        rows = connection.execute(select(checkpoints.c.name, checkpoints.c.place).where(*own))
        return {row.name: row.place for row in rows}


def gone(store: Store, job: JobId, name: str) -> None:
    """The files of one that was going are no more. Nothing changes for readers, so that no change is logged."""
    own = (checkpoints.c.job == job, checkpoints.c.name == name, checkpoints.c.state == GOING)
    with store.write() as connection:
        connection.execute(update(checkpoints).where(*own).values(state="deleted"))


def measured(store: Store, epoch: int, job: JobId, metrics: Mapping[str, float], now: Instant) -> None:
    """The policy's metric of these checkpoints came to be known after they were committed.

    Raises:
        StaleEpoch
    """
    if not metrics:
        return
    with store.write() as connection:
        lease.check(connection, epoch)
        changed = 0
        for name, value in metrics.items():
            own = (checkpoints.c.job == job, checkpoints.c.name == name, checkpoints.c.metric.is_distinct_from(value))
            changed += connection.execute(update(checkpoints).where(*own).values(metric=value)).rowcount
        if changed:
            changelog.touch(connection, job, [ChangeKind.CHECKPOINT], now)


def reported(store: Store, job: JobId, metric: str, own: Iterable[Checkpoint]) -> dict[str, float]:
    """By name the metric of these checkpoints of a job: what was reported last at or before their steps.

    As the curve was for who wrote them: what a later attempt did anew is not of
    them, nor what an earlier one had done of their own attempt's steps. One
    without a value is left out.
    """
    found: dict[str, float] = {}
    with store.read_points() as connection:
        for one in own:
            wanted = (
                select(points.c.value)
                .join(series, series.c.id == points.c.series)
                .where(series.c.job == job, series.c.name == clean(metric))
                .where((series.c.superseded == 0) | (attempt_of(series.c.superseded) > one.attempt))
                .where(points.c.attempt <= one.attempt, points.c.step <= one.step, points.c.value.isnot(None))
                .order_by(points.c.step.desc(), points.c.n.desc())
                .limit(1)
            )
            value = connection.execute(wanted).scalar()
            if value is not None:
                found[one.name] = value
    return found
