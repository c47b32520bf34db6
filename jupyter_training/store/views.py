"""What readers see: jobs, attempts, pages of a list, the queue, the change log. Each call sees one state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from jupyter_training.core.changes import Change, ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Job
from jupyter_training.core.lifecycle import JobState
from jupyter_training.errors import UnknownJob
from jupyter_training.store import changelog
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.find import find
from jupyter_training.store.listing import JobQuery, JobsPage, page
from jupyter_training.store.pools import read_all as pools
from jupyter_training.store.queue import unfinished
from jupyter_training.store.rows import attempt_of, jobs_of
from jupyter_training.store.tables import attempts as attempts_table
from jupyter_training.store.tables import changes as changes_table
from jupyter_training.store.tables import jobs as jobs_table

__all__ = [
    "ChangeBatch",
    "JobQuery",
    "JobsPage",
    "attempts",
    "changes",
    "counts",
    "find",
    "head",
    "job",
    "jobs",
    "page",
    "pools",
    "unfinished",
]


@dataclass(frozen=True)
class ChangeBatch:
    """What came after a cursor. ``resync``: the cursor is none of this log's; read everything anew."""

    changes: tuple[Change, ...]
    head: int
    resync: bool


def job(store: Store, job_id: JobId) -> Job:
    """The job of that id.

    Raises:
        UnknownJob
    """
    found = jobs(store, [job_id])
    if not found:
        raise UnknownJob(f"There is no job {job_id!r}.")
    return found[0]


def jobs(store: Store, job_ids: Sequence[JobId]) -> list[Job]:
    """The jobs of these ids, in their order; unknown ones are left out."""
    found: dict[str, Job] = {}
    with store.read() as connection:
        for part in chunks(job_ids):
            rows = connection.execute(select(jobs_table).where(jobs_table.c.id.in_(part)))
            found.update((one.id, one) for one in jobs_of(connection, store.specs, rows))
    return [found[job_id] for job_id in job_ids if job_id in found]


def attempts(store: Store, job_ids: Sequence[JobId]) -> dict[JobId, tuple[Attempt, ...]]:
    """The attempts of these jobs, oldest first; a job without one is left out.

    ``figures``, the machine samples, are points and not read here; see
    ``points.summaries``.
    """
    found: dict[JobId, list[Attempt]] = {}
    with store.read() as connection:
        for part in chunks(job_ids):
            rows = connection.execute(
                select(attempts_table)
                .where(attempts_table.c.job.in_(part))
                .order_by(attempts_table.c.job, attempts_table.c.number)
            )
            for row in rows:
                found.setdefault(JobId(row.job), []).append(attempt_of(row))
    return {job_id: tuple(of_job) for job_id, of_job in found.items()}


def counts(store: Store, *, trials: bool = False) -> dict[JobState, int]:
    """How many jobs are in each state, but for archived ones; a state without jobs is left out.

    ``trials``: those of searches, too, which no list shows unless it is asked for them.
    """
    with store.read() as connection:
        head_now = changelog.head_of(connection)
        kept = store.memory.counts
        if kept is not None and not changelog.moved(connection, kept[0], head_now):
            found = kept[1]
        else:
            found = _counted(connection)
        store.memory.counts = (head_now, found)
    own, of_searches = found
    return dict(Counter(own) + Counter(of_searches)) if trials else dict(own)


def _counted(connection: Connection) -> tuple[dict[JobState, int], dict[JobState, int]]:
    """The jobs of their own by state, and those that belong to a search."""
    is_own = jobs_table.c.experiment.is_(None)
    shown = select(jobs_table.c.state, is_own.label("own"), func.count().label("number")).where(~jobs_table.c.archived)
    found: tuple[dict[JobState, int], dict[JobState, int]] = ({}, {})
    for row in connection.execute(shown.group_by(jobs_table.c.state, is_own)):
        found[0 if row.own else 1][JobState(row.state)] = row.number
    return found


def head(store: Store) -> int:
    """The number of the newest change; 0 in a new store."""
    with store.read() as connection:
        return changelog.head_of(connection)


def changes(store: Store, after: int, limit: int) -> ChangeBatch:
    """At most ``limit`` changes after a cursor, in order, and where the log ends now."""
    with store.read() as connection:
        newest = changelog.head_of(connection)
        if after > newest or after + 1 < changelog.tail_of(connection):
            return ChangeBatch((), newest, resync=True)
        if after == newest:
            return ChangeBatch((), newest, resync=False)
        rows = connection.execute(
            select(changes_table).where(changes_table.c.n > after).order_by(changes_table.c.n).limit(limit)
        )
        found = tuple(
            Change(row.n, ChangeKind(row.kind), JobId(row.job) if row.job is not None else None, row.at) for row in rows
        )
    return ChangeBatch(found, newest, resync=False)
