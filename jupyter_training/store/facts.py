"""What became of the wishes. Written by the dispatcher alone, each under the epoch of its lease.

Every function is one transaction: the epoch is looked at, the rows are changed
and the changes are logged together, or nothing is. Every fact may be told
again: a successor that repeats what its predecessor had written already changes
nothing. All raise StaleEpoch when another dispatcher has taken over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import (
    FREE_RESTART_LIMIT,
    STRENGTH,
    TERMINAL,
    AttemptState,
    Desired,
    EndReason,
    JobState,
    Seen,
    StopHow,
    job_state_after,
    retry_group,
)
from jupyter_training.core.resources import Allocation
from jupyter_training.errors import Internal, UnknownJob
from jupyter_training.seams.backend import End
from jupyter_training.store import changelog, dependencies, lease
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import jobs_of
from jupyter_training.store.tables import attempts, jobs
from jupyter_training.store.texts import clean

__all__ = ["begin", "ended", "finished", "launched", "restored", "running", "seen", "stopping"]

_ENDED = AttemptState.ENDED.value
_STOPPED_BY = {Desired.CANCEL: EndReason.CANCELED, Desired.KILL: EndReason.KILLED}


def begin(store: Store, epoch: int, starts: Sequence[tuple[JobId, Allocation, str]], now: Instant) -> list[Attempt]:
    """Give jobs their next attempts, each with its allocation and token: the intent to launch.

    A job that is no longer queued, no longer wanted to run, or was moved to
    another pool since, is left out.
    """
    with _fact(store, epoch) as connection:
        wanted: dict[JobId, tuple[Allocation, str]] = {job: (given, token) for job, given, token in starts}
        rows: list[Row[Any]] = []
        for part in chunks(list(wanted)):
            rows += connection.execute(
                select(jobs.c.id, jobs.c.attempt, jobs.c.generation, jobs.c.pool).where(
                    jobs.c.id.in_(part),
                    jobs.c.state == JobState.QUEUED.value,
                    jobs.c.desired == Desired.RUN.value,
                    jobs.c.holds == "",
                    jobs.c.unmet == 0,
                )
            )
        order = {job: place for place, job in enumerate(wanted)}
        rows.sort(key=lambda row: order[row.id])
        begun = [_launching(row, *wanted[row.id], now) for row in rows if row.pool == wanted[row.id][0].pool]
        if begun:
            connection.execute(insert(attempts), [_row(attempt) for attempt in begun])
        for attempt in begun:
            version = changelog.append(
                connection, [(ChangeKind.ATTEMPT, attempt.job), (ChangeKind.STATE, attempt.job)], now
            )[-1]
            _set_job(connection, attempt.job, state=JobState.RUNNING.value, attempt=attempt.number, version=version)
    return begun


def launched(store: Store, epoch: int, job: JobId, number: int, handle: str, now: Instant) -> None:
    """The backend has taken the attempt and named it ``handle``."""
    with _fact(store, epoch) as connection:
        row = _attempt(connection, job, number)
        if row.state != _ENDED and row.handle != handle:
            _change(connection, job, number, now, handle=handle)


def running(store: Store, epoch: int, job: JobId, number: int, started: Instant, now: Instant) -> None:
    """The attempt began to work at ``started``. One that is stopping already goes on stopping."""
    with _fact(store, epoch) as connection:
        row = _attempt(connection, job, number)
        if row.state == _ENDED or row.started is not None:
            return
        state = AttemptState.RUNNING.value if row.state == AttemptState.LAUNCHING.value else row.state
        _change(connection, job, number, now, started=started, state=state)
        _set_started(connection, job, started)


def seen(
    store: Store, epoch: int, job: JobId, number: int, seen: Seen, now: Instant, *, stage: str | None = None
) -> None:
    """What the backend last said of the attempt."""
    with _fact(store, epoch) as connection:
        row = _attempt(connection, job, number)
        if row.state != _ENDED and (row.seen, row.stage) != (seen.value, stage):
            _change(connection, job, number, now, seen=seen.value, stage=stage)


def stopping(store: Store, epoch: int, job: JobId, number: int, how: StopHow, now: Instant) -> None:
    """The attempt is about to be asked to end. What is stronger outranks what was asked before."""
    with _fact(store, epoch) as connection:
        row = _attempt(connection, job, number)
        before = STRENGTH[row.stop_asked] if row.stop_asked is not None else 0
        if row.state == _ENDED or STRENGTH[how] <= before:
            return
        since = row.stopping if row.stopping is not None else now
        _change(connection, job, number, now, state=AttemptState.STOPPING.value, stop_asked=how, stopping=since)


def restored(store: Store, epoch: int, job: JobId, seconds: float, now: Instant) -> None:
    """The job's attempt has read the checkpoint that it goes on from, in so many seconds."""
    with _fact(store, epoch) as connection:
        before = connection.execute(select(jobs.c.restore_seconds).where(jobs.c.id == job)).scalar()
        if before != seconds:
            _set_job(connection, job, restore_seconds=seconds)
            changelog.touch(connection, job, [ChangeKind.ATTEMPT], now)


def ended(
    store: Store, epoch: int, job: JobId, number: int, end: End, now: Instant, *, started: Instant | None = None
) -> Job:
    """Nothing of the attempt is left. The job ends with it, is paused, or is queued again.

    It is queued again where the attempt never began, made room for another, or
    is retried: from its last good checkpoint, which the next attempt is told.
    ``started``: when it began to work, if that was not told before.
    """
    with _fact(store, epoch) as connection:
        row = _attempt(connection, job, number)
        if row.state != _ENDED:
            if row.started is None and started is not None:
                connection.execute(_update_attempt(job, number).values(started=started))
                _set_started(connection, job, started)
            connection.execute(
                _update_attempt(job, number).values(
                    state=_ENDED,
                    seen=Seen.GONE.value,
                    reason=end.reason.value,
                    detail=_cleaned(end.detail),
                    exit_code=end.exit_code,
                    signal=end.signal,
                    peak_memory=end.peak_memory,
                    ended=now,
                )
            )
            _conclude(connection, _job(connection, store, job), end, now)
        return _job(connection, store, job)


def finished(
    store: Store, epoch: int, job: JobId, reason: EndReason, now: Instant, *, detail: str | None = None
) -> Job:
    """A queued job ends without an attempt. One that has ended already stays as it is.

    Raises:
        UnknownJob
        Internal: it runs; only its attempt's end ends it.
    """
    with _fact(store, epoch) as connection:
        before = _job(connection, store, job)
        if before.state in TERMINAL:
            return before
        if before.state is JobState.RUNNING:
            raise Internal(f"The job {job} runs; it can't end before its attempt has.")
        state = job_state_after(reason, before.desired, 0)
        changelog.touch(connection, job, [ChangeKind.STATE], now)
        _set_job(connection, job, state=state.value, reason=reason.value, detail=_cleaned(detail), ended=now)
        return _job(connection, store, job)


@contextmanager
def _fact(store: Store, epoch: int) -> Iterator[Connection]:
    with store.write() as connection:
        lease.check(connection, epoch)
        yield connection


def _conclude(connection: Connection, job: Job, end: End, now: Instant) -> None:
    """Give the job the state that follows from its attempt's end."""
    used = connection.execute(select(jobs.c.free_restarts).where(jobs.c.id == job.id)).scalar_one()
    retries = job.spec.retries
    left = 0 if end.final else retries.max - job.retries_used
    state = job_state_after(end.reason, job.desired, FREE_RESTART_LIMIT - used, retry_on=retries.on, retries_left=left)
    changelog.touch(connection, job.id, [ChangeKind.ATTEMPT, ChangeKind.STATE], now)
    reason, detail = end.reason, _cleaned(end.detail)
    if state in (JobState.QUEUED, JobState.PAUSED):
        values: dict[str, Any] = {"state": state.value}
        if state is JobState.QUEUED:
            values["waiting_since"] = now
        if reason in (EndReason.NOT_BEGUN, EndReason.VOID):
            values["free_restarts"] = used + 1
        elif reason not in (EndReason.PAUSED, EndReason.PREEMPTED) and retry_group(reason) is not None:
            values["retries_used"] = job.retries_used + 1
        _set_job(connection, job.id, **values)
        return
    if state is JobState.CANCELED and reason not in _STOPPED_BY.values():
        # It was to go on, and nobody wants it to any more: for a person that is their stop, not our launch.
        reason, detail = _STOPPED_BY[job.desired], None
    _set_job(connection, job.id, state=state.value, reason=reason.value, detail=detail, ended=now)
    if state is JobState.SUCCEEDED:
        dependencies.met_by(connection, job.id, now)


def _launching(row: Row[Any], allocation: Allocation, token: str, now: Instant) -> Attempt:
    return Attempt(
        job=JobId(row.id),
        number=row.attempt + 1,
        state=AttemptState.LAUNCHING,
        seen=Seen.LIVE,
        reason=None,
        detail=None,
        exit_code=None,
        signal=None,
        allocation=allocation,
        handle=None,
        token=token,
        created=now,
        started=None,
        stopping=None,
        ended=None,
        generation=row.generation,
    )


def _cleaned(text: str | None) -> str | None:
    return None if text is None else clean(text)


def _row(attempt: Attempt) -> dict[str, Any]:
    return {
        "job": attempt.job,
        "number": attempt.number,
        "state": attempt.state.value,
        "seen": attempt.seen.value,
        "pool": attempt.allocation.pool,
        "slots": attempt.allocation.slots,
        "devices": ",".join(attempt.allocation.devices),
        "token": attempt.token,
        "created": attempt.created,
        "generation": attempt.generation,
    }


def _attempt(connection: Connection, job: JobId, number: int) -> Row[Any]:
    row = connection.execute(select(attempts).where(attempts.c.job == job, attempts.c.number == number)).first()
    if row is None:
        raise UnknownJob(f"The job {job!r} has no attempt {number}.")
    return row


def _change(connection: Connection, job: JobId, number: int, now: Instant, **values: Any) -> None:
    connection.execute(_update_attempt(job, number).values(**values))
    changelog.touch(connection, job, [ChangeKind.ATTEMPT], now)


def _update_attempt(job: JobId, number: int) -> Any:
    return update(attempts).where(attempts.c.job == job, attempts.c.number == number)


def _set_started(connection: Connection, job: JobId, started: Instant) -> None:
    """When the job's first attempt that came so far began to work."""
    connection.execute(update(jobs).where(jobs.c.id == job, jobs.c.started.is_(None)).values(started=started))


def _set_job(connection: Connection, job: JobId, **values: Any) -> None:
    connection.execute(update(jobs).where(jobs.c.id == job).values(**values))


def _job(connection: Connection, store: Store, job: JobId) -> Job:
    found = jobs_of(connection, store.specs, connection.execute(select(jobs).where(jobs.c.id == job)))
    if not found:
        raise UnknownJob(f"There is no job {job!r}.")
    return found[0]
