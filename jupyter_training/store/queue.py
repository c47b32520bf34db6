"""The unfinished jobs with their latest attempts, kept between calls and brought up to date by the change log.

A queue of a hundred thousand jobs is read once; after that a call reads what
changed since, which the log names: whoever changes a row appends its change in
the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, and_, select

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Job
from jupyter_training.core.lifecycle import TERMINAL, JobState
from jupyter_training.store import changelog
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import attempt_of, jobs_of
from jupyter_training.store.tables import attempts, changes, jobs

__all__ = ["unfinished"]

_UNFINISHED = tuple(state.value for state in JobState if state not in TERMINAL)
_QUIET = (ChangeKind.POINTS.value, ChangeKind.POOL.value)
_MANY = 5_000  # changed jobs from which reading everything is cheaper


def unfinished(store: Store) -> list[tuple[Job, Attempt | None]]:
    """Every job that has not ended, with its latest attempt, in no particular order.

    A job's ``version`` may lag behind changes of its points.
    """
    memory = store.memory
    with memory.turn, store.read() as connection:
        head = changelog.head_of(connection)
        touched = _touched(connection, memory.queue_at, head)
        if touched is None:
            memory.queue = {entry[0].id: entry for entry in _entries(connection, store, jobs.c.state.in_(_UNFINISHED))}
        else:
            for job_id in touched:
                memory.queue.pop(JobId(job_id), None)
            for part in chunks(touched):
                wanted = and_(jobs.c.id.in_(part), jobs.c.state.in_(_UNFINISHED))
                memory.queue.update((entry[0].id, entry) for entry in _entries(connection, store, wanted))
        memory.queue_at = head
        return list(memory.queue.values())


def _touched(connection: Connection, after: int | None, head: int) -> list[str] | None:
    """The jobs that changed since; None: read everything."""
    if after == head:
        return []
    if after is None or after > head or after + 1 < changelog.tail_of(connection):
        return None
    found = connection.execute(
        select(changes.c.job)
        .where(changes.c.n > after, changes.c.kind.not_in(_QUIET), changes.c.job.isnot(None))
        .distinct()
        .limit(_MANY + 1)
    ).scalars()
    touched = [job_id for job_id in found if job_id is not None]
    return touched if len(touched) <= _MANY else None


def _entries(connection: Connection, store: Store, wanted: ColumnElement[bool]) -> Iterator[tuple[Job, Attempt | None]]:
    latest = select(attempts).join(jobs, and_(attempts.c.job == jobs.c.id, attempts.c.number == jobs.c.attempt))
    running = {row.job: attempt_of(row) for row in connection.execute(latest.where(wanted, jobs.c.attempt > 0))}
    for job in jobs_of(connection, store.specs, connection.execute(select(jobs).where(wanted))):
        yield job, running.get(job.id)
