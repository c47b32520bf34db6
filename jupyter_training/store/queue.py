"""The unfinished jobs with their latest attempts, kept between calls and brought up to date by the change log.

A queue of a hundred thousand jobs is read once; after that a call reads what
changed since, which the log names: whoever changes a row appends its change in
the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, select

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Job
from jupyter_training.store import changelog
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import UNFINISHED, attempt_of, jobs_of
from jupyter_training.store.tables import attempts, changes, jobs

__all__ = ["Delta", "Entry", "Unfinished", "changed", "unfinished"]

Entry = tuple[Job, Attempt | None]

_QUIET = (ChangeKind.POINTS.value, ChangeKind.POOL.value, ChangeKind.EXPERIMENT.value)
_MANY = 5_000  # changed jobs from which reading everything is cheaper


@dataclass(frozen=True)
class Delta:
    """Jobs as they are now, and those that have ended or were deleted. ``anew``: forget what was before."""

    anew: bool
    entries: tuple[Entry, ...]
    gone: tuple[JobId, ...]


class Unfinished:
    """Every job that has not ended, with its latest attempt, as of the last ``refresh``. Not safe between threads."""

    def __init__(self, store: Store) -> None:
        self.rows: dict[JobId, Entry] = {}
        self.at: int | None = None  # the change that ``rows`` is as of; None: never read
        self._store = store

    def refresh(self) -> Delta:
        """Take in what changed since the last call. A job's ``version`` may lag behind changes of its points."""
        with self._store.read() as connection:
            head = changelog.head_of(connection)
            touched = _touched(connection, self.at, head)
            if touched is None:
                entries = list(_entries(connection, self._store, jobs.c.state.in_(UNFINISHED)))
                gone: list[JobId] = []
                self.rows = {}
            else:
                entries = []
                for part in chunks(touched):
                    wanted = and_(jobs.c.id.in_(part), jobs.c.state.in_(UNFINISHED))
                    entries += _entries(connection, self._store, wanted)
                found = {job.id for job, _ in entries}
                gone = [JobId(one) for one in touched if one not in found]
        for job_id in gone:
            self.rows.pop(job_id, None)
        self.rows.update((entry[0].id, entry) for entry in entries)
        self.at = head
        return Delta(touched is None, tuple(entries), tuple(gone))


def unfinished(store: Store) -> list[Entry]:
    """Every job that has not ended, with its latest attempt, in no particular order. Safe between threads."""
    with store.memory.turn:
        return list(_refreshed(store).rows.values())


def changed(store: Store, after: int | None) -> tuple[int, Delta]:
    """What changed among them since a call that gave ``after``, and what to give next time. Safe between threads."""
    with store.memory.turn:
        kept = _refreshed(store)
        assert kept.at is not None
        with store.read() as connection:
            touched = _touched(connection, after, kept.at)
        if touched is None:
            return kept.at, Delta(anew=True, entries=tuple(kept.rows.values()), gone=())
        there = [JobId(one) for one in touched if one in kept.rows]
        gone = tuple(JobId(one) for one in touched if one not in kept.rows)
        return kept.at, Delta(anew=False, entries=tuple(kept.rows[one] for one in there), gone=gone)


def _refreshed(store: Store) -> Unfinished:
    """The one that is shared by all threads; its turn is the caller's."""
    memory = store.memory
    if memory.unfinished is None:
        memory.unfinished = Unfinished(store)
    memory.unfinished.refresh()
    return memory.unfinished


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


def _entries(connection: Connection, store: Store, wanted: ColumnElement[bool]) -> Iterator[Entry]:
    latest = select(attempts).join(jobs, and_(attempts.c.job == jobs.c.id, attempts.c.number == jobs.c.attempt))
    running = {row.job: attempt_of(row) for row in connection.execute(latest.where(wanted, jobs.c.attempt > 0))}
    for job in jobs_of(connection, store.specs, connection.execute(select(jobs).where(wanted))):
        yield job, running.get(job.id)
