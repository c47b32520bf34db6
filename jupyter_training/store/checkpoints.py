"""The checkpoints of jobs: what attempts have left to go on from, and what became of it.

Rows are written by the dispatcher as it reads of them in the spool, and at a
submit that continues another job. A row may be told again without harm.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import CheckpointPolicy, Instant, Job
from jupyter_training.core.retention import Checkpoint, CheckpointState
from jupyter_training.errors import NoCheckpoint
from jupyter_training.store import changelog, ends, lease
from jupyter_training.store.bulk import Columns, insert_or_renew
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.tables import attempts, checkpoints, jobs
from jupyter_training.store.texts import clean

__all__ = [
    "GOING",
    "Newest",
    "candidates",
    "committed",
    "copied",
    "damaged",
    "found_damaged",
    "in_use",
    "left_behind",
    "let_go",
    "marks",
    "newest",
    "of_jobs",
    "retain",
    "set_state",
    "started_from",
    "why_none",
]

# The state of a row whose files under a URL are being removed; for readers it is removed already.
GOING = "going"

# As ``core.retention`` has it: an attempt may begin its steps anew, and what it saved last is what it goes on from.
_NEWEST_FIRST = (checkpoints.c.attempt.desc(), checkpoints.c.created.desc(), checkpoints.c.step.desc())


@dataclass(frozen=True)
class Newest:
    """The newest good checkpoint of a job. ``count``: of all good ones. ``attempt`` 0: another job's."""

    step: int
    created: Instant
    count: int
    attempt: int
    place: str | None  # None: in the home


def of_jobs(store: Store, job_ids: Iterable[JobId]) -> dict[JobId, tuple[Checkpoint, ...]]:
    """The checkpoints of these jobs, newest first; a job without one is left out."""
    found: dict[JobId, list[Checkpoint]] = {}
    with store.read() as connection:
        for part in chunks(list(job_ids)):
            rows = connection.execute(
                select(checkpoints).where(checkpoints.c.job.in_(part)).order_by(checkpoints.c.job, *_NEWEST_FIRST)
            )
            for row in rows:
                found.setdefault(JobId(row.job), []).append(_checkpoint(row))
    return {job: tuple(own) for job, own in found.items()}


def newest(store: Store, job_ids: Iterable[JobId]) -> dict[JobId, Newest]:
    """Of each of these jobs its newest good checkpoint, and how many there are; a job without one is left out."""
    own = checkpoints.c.job
    found: dict[JobId, Newest] = {}
    with store.read() as connection:
        for part in chunks(list(job_ids)):
            ranked = (
                select(
                    checkpoints.c.job,
                    checkpoints.c.step,
                    checkpoints.c.created,
                    checkpoints.c.attempt,
                    checkpoints.c.place,
                    func.count().over(partition_by=own).label("number"),
                    func.row_number().over(partition_by=own, order_by=_NEWEST_FIRST).label("rank"),
                )
                .where(checkpoints.c.job.in_(part), checkpoints.c.state == "kept")
                .subquery()
            )
            for row in connection.execute(select(ranked).where(ranked.c.rank == 1)):
                newest = Newest(row.step, Instant(row.created), row.number, row.attempt, row.place)
                found[JobId(row.job)] = newest
    return found


def damaged(store: Store, job_ids: Iterable[JobId]) -> dict[JobId, list[tuple[int, int]]]:
    """Attempt and step of each damaged checkpoint of these jobs, newest first; a job without one is left out."""
    found: dict[JobId, list[tuple[int, int]]] = {}
    own = checkpoints.c
    with store.read() as connection:
        for part in chunks(list(job_ids)):
            wanted = select(own.job, own.attempt, own.step).where(own.job.in_(part), own.state == "corrupt")
            for row in connection.execute(wanted.order_by(own.attempt.desc(), own.step.desc())):
                found.setdefault(JobId(row.job), []).append((row.attempt, row.step))
    return found


def why_none(connection: Connection, job: JobId) -> tuple[str, bool]:
    """Why a job without a good checkpoint has none, as the end of a sentence about it; False: it never had one."""
    is_damaged = checkpoints.c.state == "corrupt"
    wanted = select(checkpoints.c.name, checkpoints.c.state).where(checkpoints.c.job == job)
    row = connection.execute(wanted.order_by(is_damaged.desc(), *_NEWEST_FIRST).limit(1)).first()
    if row is None:
        return "has left no checkpoint to go on from", False
    return f"has no whole checkpoint: {row.name} {'is damaged' if row.state == 'corrupt' else 'was removed'}", True


def candidates(store: Store, job: JobId) -> tuple[Checkpoint, ...]:
    """The good checkpoints of a job that its next attempt may go on from, the one to try first in front."""
    return tuple(one for one in of_jobs(store, [job]).get(job, ()) if one.state == "kept")


def marks(store: Store, job: JobId, name: str) -> dict[str, int]:
    """The next step of each counted series when the checkpoint was written; empty where nothing was counted."""
    with store.read() as connection:
        wanted = select(checkpoints.c.marks).where(checkpoints.c.job == job, checkpoints.c.name == name)
        text = connection.execute(wanted).scalar()
    return dict(json.loads(text)) if text else {}


def committed(store: Store, epoch: int, found: Sequence[tuple[Checkpoint, Mapping[str, int]]], now: Instant) -> None:
    """Attempts have committed these, each with the marks of its counted series. Known ones are left as they are.

    Another one under a known name, committed later, takes the place of the first: that one's files are no more.

    Raises:
        StaleEpoch
    """
    if not found:
        return
    with store.write() as connection:
        lease.check(connection, epoch)
        _insert(connection, found)
        _tell(connection, list(dict.fromkeys(one.job for one, _ in found)), now)


def copied(connection: Connection, checkpoint: Checkpoint) -> None:
    """A new job begins with this one; for the transaction that stores the job.

    Raises:
        NoCheckpoint: it is under a URL, and whoever had it let go of it since it was chosen.
    """
    if checkpoint.place is not None and not _used(connection, [checkpoint.place], but=checkpoint.job):
        raise NoCheckpoint(
            f"The checkpoint of step {checkpoint.step} in {checkpoint.place} has just been removed, as its job does"
            " not keep it any more.",
            hint="Choose another one of that job, or fork the job to begin anew.",
        )
    _insert(connection, [(checkpoint, {})])
    connection.execute(update(jobs).where(jobs.c.id == checkpoint.job).values(checkpoint_step=checkpoint.step))


def set_state(store: Store, epoch: int, job: JobId, names: Iterable[str], state: CheckpointState, now: Instant) -> None:
    """These were found damaged. What was damaged or removed stays so.

    Raises:
        StaleEpoch
    """
    with store.write() as connection:
        lease.check(connection, epoch)
        if _set_state(connection, job, names, state):
            _tell(connection, [job], now)


def found_damaged(store: Store, job: JobId, name: str, now: Instant) -> None:
    """Somebody who is no dispatcher looked at this one, and it is not whole."""
    with store.write() as connection:
        if _set_state(connection, job, [name], "corrupt"):
            _tell(connection, [job], now)


def let_go(connection: Connection, job: JobId, names: Iterable[str], now: Instant) -> bool:
    """These are none to go on from any more, whose files are to be removed next. True if any was.

    One under a URL is claimed for that, unless another job has it too: that one still needs what is there.
    """
    names = list(names)
    places: dict[str, str] = {}
    own = checkpoints.c
    for part in chunks(names):
        wanted = select(own.name, own.place).where(own.job == job, own.name.in_(part), own.state == "kept")
        places.update((name, place) for name, place in connection.execute(wanted) if place is not None)
    used = _used(connection, places.values(), but=job)
    claimed = [name for name, place in places.items() if place not in used]
    changed = _set_state(connection, job, claimed, GOING)
    changed += _set_state(connection, job, [name for name in names if name not in claimed], "deleted")
    if changed:
        _tell(connection, [job], now)
    return changed > 0


def retain(
    store: Store,
    job: Job,
    policy: CheckpointPolicy,
    *,
    metrics: Mapping[str, float | None],
    go: Iterable[str] = (),
    now: Instant,
) -> bool:
    """Another policy for a job's checkpoints, with the value of its metric for each.

    The names in ``go`` are let go of, if the job has ended and was not started
    again since it was read; True, and their files are the caller's to remove.
    """
    with store.write() as connection:
        own = checkpoints.c.job == job.id
        for name, value in metrics.items():
            connection.execute(update(checkpoints).where(own, checkpoints.c.name == name).values(metric=value))
        may_go = ends.has_ended(connection, job.id, job.generation)
        if may_go:
            let_go(connection, job.id, go, now)
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(retention=policy.model_dump_json()))
        _tell(connection, [job.id], now)
    return may_go


def in_use(store: Store, places: Iterable[str], *, but: JobId) -> set[str]:
    """Those of these URLs that are the good checkpoint of another job too: it began with what is there."""
    with store.read() as connection:
        return _used(connection, places, but=but)


def left_behind(store: Store, job: JobId, places: Sequence[str]) -> tuple[str, ...]:
    """What a deleted job has left under URLs and nobody needs any more; ``places``: its checkpoints.

    A folder that has the job's id goes as a whole, if no other job goes on from anything in it: beside checkpoints
    there may be what an interruption left half written, and the state of a model.
    """
    above = {place: place.rstrip("/").rpartition("/")[0] for place in places}
    with store.read() as connection:
        used = _used(connection, places, but=job)
        whole = {
            folder
            for folder in set(above.values())
            if folder.rpartition("/")[2] == job and not _is_used_below(connection, folder, but=job)
        }
    going = (above[place] if above[place] in whole else place for place in places if place not in used)
    return tuple(dict.fromkeys(going))


def started_from(
    store: Store, epoch: int, job: JobId, attempt: int, step: int | None, name: str | None, now: Instant
) -> None:
    """An attempt said which checkpoint it went on from; ``step`` None: it began at the beginning.

    Where that is because all that earlier ones have left is damaged, the newest of those is noted without a step.

    Raises:
        StaleEpoch
    """
    with store.write() as connection:
        lease.check(connection, epoch)
        own = (attempts.c.job == job, attempts.c.number == attempt)
        if name is None:
            name = _newest_damaged(connection, job, attempt)
        before = connection.execute(select(attempts.c.start_step, attempts.c.start_checkpoint).where(*own)).first()
        if before is None or (before.start_step, before.start_checkpoint) == (step, name):
            return
        connection.execute(update(attempts).where(*own).values(start_step=step, start_checkpoint=name))
        changelog.touch(connection, job, [ChangeKind.ATTEMPT], now)


def _newest_damaged(connection: Connection, job: JobId, attempt: int) -> str | None:
    """Of what earlier attempts have left the newest, if none of it is good and some is damaged."""
    is_good = checkpoints.c.state == "kept"
    left = (checkpoints.c.job == job, checkpoints.c.attempt < attempt, checkpoints.c.state != "deleted")
    wanted = select(checkpoints.c.name, checkpoints.c.state).where(*left)
    row = connection.execute(wanted.order_by(is_good.desc(), *_NEWEST_FIRST).limit(1)).first()
    return row.name if row is not None and row.state == "corrupt" else None


def _used(connection: Connection, places: Iterable[str], *, but: JobId) -> set[str]:
    found: set[str] = set()
    for part in chunks(list(places)):
        named = select(checkpoints.c.place).where(
            checkpoints.c.place.in_(part), checkpoints.c.job != but, checkpoints.c.state == "kept"
        )
        found.update(connection.execute(named).scalars())
    return found


def _is_used_below(connection: Connection, folder: str, *, but: JobId) -> bool:
    below = checkpoints.c.place.startswith(f"{folder}/", autoescape=True)
    named = select(checkpoints.c.job).where(below, checkpoints.c.job != but, checkpoints.c.state == "kept").limit(1)
    return connection.execute(named).first() is not None


def _set_state(connection: Connection, job: JobId, names: Iterable[str], state: str) -> int:
    """Of those that are kept. How many there were."""
    changed = 0
    for part in chunks(list(names)):
        own = (checkpoints.c.job == job, checkpoints.c.name.in_(part), checkpoints.c.state == "kept")
        changed += connection.execute(update(checkpoints).where(*own).values(state=state)).rowcount
    return changed


def _insert(connection: Connection, found: Sequence[tuple[Checkpoint, Mapping[str, int]]]) -> None:
    insert_or_renew(connection, checkpoints, [_row(one, counted) for one, counted in found], _is_another)


def _is_another(told: Columns) -> ColumnElement[bool]:
    """Whether what is told is another checkpoint than the row's. What is being removed under a URL goes in any case."""
    own = checkpoints.c
    return (own.sha256 != told.sha256) & (own.created < told.created) & (own.state != GOING)


def _tell(connection: Connection, touched: Sequence[JobId], now: Instant) -> None:
    """Bring the jobs' newest step up to date, and log the change."""
    for job in touched:
        newest = (
            select(checkpoints.c.step, checkpoints.c.created, checkpoints.c.seconds)
            .where(checkpoints.c.job == job, checkpoints.c.state == "kept")
            .order_by(*_NEWEST_FIRST)
            .limit(1)
        )
        step, created, seconds = connection.execute(newest).first() or (None, None, None)
        values = {"checkpoint_step": step, "checkpoint_time": created, "checkpoint_seconds": seconds}
        connection.execute(update(jobs).where(jobs.c.id == job).values(**values))
    changelog.touch_all(connection, touched, ChangeKind.CHECKPOINT, now)


def _row(one: Checkpoint, counted: Mapping[str, int]) -> dict[str, Any]:
    return {
        "job": one.job,
        "name": clean(one.name),
        "attempt": one.attempt,
        "step": one.step,
        "created": one.created,
        "size": one.size,
        "files": one.files,
        "sha256": one.sha256,
        "place": None if one.place is None else clean(one.place),
        "kind": clean(one.kind),
        "metric": one.metric,
        "state": one.state,
        "seconds": one.seconds,
        "marks": json.dumps(dict(counted)) if counted else None,
    }


def _checkpoint(row: Row[Any]) -> Checkpoint:
    return Checkpoint(
        job=JobId(row.job),
        name=row.name,
        attempt=row.attempt,
        step=row.step,
        created=Instant(row.created),
        size=row.size,
        files=row.files,
        sha256=row.sha256,
        place=row.place,
        kind=row.kind,
        metric=row.metric,
        state="deleted" if row.state == GOING else row.state,
        seconds=row.seconds,
    )
