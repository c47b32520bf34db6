"""The mirror's memory: which run a job has in the record for people, and how far it was copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, false, insert, select, update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import TERMINAL, JobState
from jupyter_training.store import changelog
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import jobs_of
from jupyter_training.store.tables import heads, jobs, records

__all__ = ["RecordRow", "load", "pending", "reopen", "save"]

_LOOK = 500  # jobs looked at together


@dataclass(frozen=True)
class RecordRow:
    """How far a job was copied. ``cursor``: the last point; ``attempts_sent``: the last attempt."""

    job: JobId
    experiment_id: str | None = None
    run_id: str | None = None
    cursor: int = 0
    params_sent: bool = False
    ended_sent: bool = False
    attempts_sent: int = 0


def load(store: Store, job: JobId) -> RecordRow | None:
    """What was saved last for a job, or None."""
    with store.read() as connection:
        row = connection.execute(select(records).where(records.c.job == job)).first()
    return RecordRow(**row._mapping) if row is not None else None


def save(store: Store, row: RecordRow, now: Instant) -> bool:
    """Remember how far a job was copied. A change is logged when its run is known or its record complete.

    False: the job was deleted meanwhile, and nothing is remembered.
    """
    with store.write() as connection:
        if connection.execute(select(jobs.c.seq).where(jobs.c.id == row.job)).first() is None:
            return False
        before = connection.execute(select(records).where(records.c.job == row.job)).first()
        values = {field.name: getattr(row, field.name) for field in fields(row)}
        if before is None:
            connection.execute(insert(records).values(**values))
        else:
            connection.execute(update(records).where(records.c.job == row.job).values(**values))
        connection.execute(update(jobs).where(jobs.c.id == row.job).values(run_id=row.run_id, recorded=row.ended_sent))
        if (row.run_id, row.ended_sent) != ((before.run_id, before.ended_sent) if before else (None, False)):
            changelog.touch(connection, row.job, [ChangeKind.RUN], now)
    return True


def pending(store: Store, limit: int) -> list[Job]:
    """The oldest jobs whose record is behind: no run yet, points or attempts not copied, an end not told.

    A job that never began has no record.
    """
    found: list[Job] = []
    after = 0
    while len(found) < limit:
        with store.read() as connection:
            rows = connection.execute(
                select(jobs.c.seq, jobs.c.id, jobs.c.state, jobs.c.attempt, records)
                .outerjoin(records, records.c.job == jobs.c.id)
                .where(jobs.c.recorded == false(), jobs.c.attempt > 0, jobs.c.seq > after)
                .order_by(jobs.c.seq)
                .limit(_LOOK)
            ).all()
        if not rows:
            break
        after = rows[-1].seq
        copied = _heads(store, [row.id for row in rows])
        behind = [row.seq for row in rows if _is_behind(row, copied.get(row.id, 0))][: limit - len(found)]
        with store.read() as connection:
            wanted = select(jobs).where(jobs.c.seq.in_(behind)).order_by(jobs.c.seq)
            found += jobs_of(connection, store.specs, connection.execute(wanted))
        if len(rows) < _LOOK:
            break
    return found


def reopen(connection: Connection, job_ids: Sequence[JobId]) -> None:
    """Records that were complete are behind again, as points arrived after the end."""
    for part in chunks(job_ids):
        complete = connection.execute(select(jobs.c.id).where(jobs.c.id.in_(part), jobs.c.recorded)).scalars().all()
        if complete:
            connection.execute(update(jobs).where(jobs.c.id.in_(complete)).values(recorded=False))
            connection.execute(update(records).where(records.c.job.in_(complete)).values(ended_sent=False))


def _is_behind(row: Row[Any], points: int) -> bool:
    if row.run_id is None or not row.params_sent:
        return True
    return JobState(row.state) in TERMINAL or row.cursor < points or row.attempts_sent < row.attempt


def _heads(store: Store, job_ids: list[JobId]) -> dict[JobId, int]:
    """How many points these jobs have."""
    found: dict[JobId, int] = {}
    with store.read_points() as connection:
        for part in chunks(job_ids):
            rows = connection.execute(select(heads.c.job, heads.c.n).where(heads.c.job.in_(part)))
            found.update((JobId(row.job), row.n) for row in rows)
    return found
