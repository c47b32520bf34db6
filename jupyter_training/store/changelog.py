"""The one ordered log: appended to in the transaction of what changed, read by a cursor."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, insert, select, update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.store.tables import changes, jobs

__all__ = ["append", "head_of", "moved", "tail_of", "touch", "touch_all"]


# Built once: a dispatcher asks for these several times in each round.
_HEAD = select(func.max(changes.c.n))
_TAIL = select(func.min(changes.c.n))
_VERSION = update(jobs).where(jobs.c.id == bindparam("own")).values(version=bindparam("number"))


def head_of(connection: Connection) -> int:
    """The number of the newest change; 0 in a new store."""
    return int(connection.execute(_HEAD).scalar() or 0)


def tail_of(connection: Connection) -> int:
    """The number of the oldest change that is kept."""
    return int(connection.execute(_TAIL).scalar() or 0)


def moved(connection: Connection, after: int, head: int) -> bool:
    """Whether a job came, went or changed its state after a cursor; also True when the log can't tell."""
    if after == head:
        return False
    if after > head or after + 1 < tail_of(connection):
        return True
    kinds = (ChangeKind.SUBMITTED.value, ChangeKind.STATE.value, ChangeKind.GONE.value)
    found = select(changes.c.n).where(changes.c.n > after, changes.c.kind.in_(kinds)).limit(1)
    return connection.execute(found).first() is not None


def append(connection: Connection, kinds: Sequence[tuple[ChangeKind, JobId | None]], at: float) -> list[int]:
    """Log what this transaction changed and return the numbers. Does not touch the jobs' rows."""
    # Counted up from the newest: there is one write transaction at a time.
    start = head_of(connection) + 1
    rows = [{"n": start + place, "kind": kind.value, "job": job, "at": at} for place, (kind, job) in enumerate(kinds)]
    if rows:
        connection.execute(insert(changes), rows)
    return [start + place for place in range(len(rows))]


def touch_all(connection: Connection, touched: Sequence[JobId], kind: ChangeKind, at: float) -> None:
    """Log one change of each of these jobs and give them their new versions."""
    versions = append(connection, [(kind, job) for job in touched], at)
    rows = [{"own": job, "number": version} for job, version in zip(touched, versions, strict=True)]
    connection.execute(_VERSION, rows)


def touch(connection: Connection, job: JobId, kinds: Sequence[ChangeKind], at: float) -> int:
    """Log changes of one job and give it its new version."""
    version = append(connection, [(kind, job) for kind in kinds], at)[-1]
    connection.execute(update(jobs).where(jobs.c.id == job).values(version=version))
    return version
