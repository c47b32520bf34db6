"""Which job starts after which other ones have succeeded.

``jobs.unmet`` counts those that have not, so that a planner need not look here;
both are kept in one transaction with what changes them. What succeeded once
counts for ever, be that job run again or deleted later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, true, update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import TERMINAL, JobState
from jupyter_training.errors import IllegalMove, InvalidSpec, UnknownJob
from jupyter_training.store import changelog
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import jobs_of
from jupyter_training.store.tables import dependencies, jobs

__all__ = ["Dependency", "insert_rows", "met_by", "of_jobs", "set_after", "succeeded"]


@dataclass(frozen=True)
class Dependency:
    """One job that another one starts after. ``name`` and ``state`` None: it was deleted."""

    after: JobId
    met: bool
    name: str | None
    state: JobState | None


def of_jobs(store: Store, ids: Sequence[JobId]) -> dict[JobId, tuple[Dependency, ...]]:
    """What these jobs start after, in the order of submission; a job without any is left out."""
    found: dict[JobId, list[Dependency]] = {}
    with store.read() as connection:
        for part in chunks(ids):
            rows = connection.execute(
                select(dependencies, jobs.c.name, jobs.c.state)
                .outerjoin(jobs, jobs.c.id == dependencies.c.after)
                .where(dependencies.c.job.in_(part))
                .order_by(dependencies.c.job, jobs.c.seq)
            )
            for row in rows:
                state = None if row.state is None else JobState(row.state)
                one = Dependency(JobId(row.after), row.met, row.name, state)
                found.setdefault(JobId(row.job), []).append(one)
    return {job: tuple(listed) for job, listed in found.items()}


def succeeded(connection: Connection, ids: Iterable[JobId]) -> dict[JobId, bool]:
    """Whether each of these jobs has succeeded.

    Raises:
        UnknownJob: there is no such job.
    """
    wanted = list(dict.fromkeys(ids))
    found: dict[JobId, bool] = {}
    for part in chunks(wanted):
        rows = connection.execute(select(jobs.c.id, jobs.c.state).where(jobs.c.id.in_(part)))
        found.update((JobId(row.id), row.state == JobState.SUCCEEDED.value) for row in rows)
    for job in wanted:
        if job not in found:
            raise UnknownJob(f"There is no job {job!r} to start after.")
    return found


def insert_rows(connection: Connection, after: Mapping[JobId, Iterable[JobId]], met: Mapping[JobId, bool]) -> None:
    """Note what each of these new jobs starts after; ``met`` as ``succeeded`` says."""
    rows = [
        {"job": job, "after": other, "met": met[other]}
        for job, others in after.items()
        for other in dict.fromkeys(others)
    ]
    if rows:
        connection.execute(insert(dependencies), rows)


def met_by(connection: Connection, job: JobId, now: Instant) -> None:
    """This job has succeeded: whoever waited for it waits for one less."""
    open_ = (dependencies.c.after == job, ~dependencies.c.met)
    waiting = [JobId(one) for one in connection.execute(select(dependencies.c.job).where(*open_)).scalars()]
    if not waiting:
        return
    connection.execute(update(dependencies).where(*open_).values(met=true()))
    for part in chunks(waiting):
        connection.execute(update(jobs).where(jobs.c.id.in_(part)).values(unmet=jobs.c.unmet - 1))
    changelog.touch_all(connection, waiting, ChangeKind.WISH, now)


def set_after(store: Store, job_id: JobId, after: Sequence[JobId], *, now: Instant) -> Job:
    """Let a waiting job start after these instead of what it started after; none: it waits for nobody.

    Raises:
        UnknownJob: itself, or one of the others.
        InvalidSpec: it would wait for itself, directly or through others.
        IllegalMove: it has ended, or runs.
    """
    with store.write() as connection:
        (job,) = _jobs(connection, store, job_id)
        if job.state in TERMINAL:
            raise IllegalMove(f"{job.name} ({job.id}) has ended: it can't start after another job any more.")
        if job.state is JobState.RUNNING and after:
            raise IllegalMove(
                f"{job.name} ({job.id}) runs: it has started before the others already.", hint="Pause it first."
            )
        met = succeeded(connection, after)
        ring = _ring(connection, job.id, [one for one in met if not met[one]])
        if ring:
            raise InvalidSpec(f"after: the jobs would wait for each other for ever: {' -> '.join(ring)}.")
        connection.execute(delete(dependencies).where(dependencies.c.job == job.id))
        insert_rows(connection, {job.id: after}, met)
        unmet = sum(not one for one in met.values())
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(unmet=unmet))
        changelog.touch(connection, job.id, [ChangeKind.WISH], now)
        return _jobs(connection, store, job.id)[0]


def _ring(connection: Connection, job: JobId, after: Sequence[JobId]) -> list[str]:
    """The names along a way from the job back to itself over what is not met; empty where there is none."""
    before = _before(connection, after)
    came_from: dict[str, str] = dict.fromkeys(after, job)
    look = deque(after)
    while look and job not in came_from:
        one = look.popleft()
        for other in before.get(one, ()):
            if other not in came_from:
                came_from[other] = one
                look.append(JobId(other))
    if job not in came_from:
        return []
    way = [str(job)]
    step = came_from[job]
    while step != job:
        way.append(step)
        step = came_from[step]
    way.append(str(job))
    names: dict[str, str] = {}
    for named in chunks(way):
        called = connection.execute(select(jobs.c.id, jobs.c.name).where(jobs.c.id.in_(named)))
        names |= {row.id: row.name for row in called}
    return [names.get(one, one) for one in reversed(way)]


def _before(connection: Connection, ids: Sequence[JobId]) -> dict[str, list[str]]:
    """What these, and those before them, start after and is not met: read at once, as chains may be long."""
    found: dict[str, list[str]] = {}
    for part in chunks(ids):
        start = select(jobs.c.id).where(jobs.c.id.in_(part)).cte("reached", recursive=True)
        further = select(dependencies.c.after).join(start, start.c.id == dependencies.c.job).where(~dependencies.c.met)
        reached = start.union(further)
        ties = select(dependencies.c.job, dependencies.c.after).join(reached, reached.c.id == dependencies.c.job)
        own: dict[str, list[str]] = {}
        for row in connection.execute(ties.where(~dependencies.c.met)):
            own.setdefault(row.job, []).append(row.after)
        found |= own
    return found


def _jobs(connection: Connection, store: Store, job_id: JobId) -> list[Job]:
    found = jobs_of(connection, store.specs, connection.execute(select(jobs).where(jobs.c.id == job_id)))
    if not found:
        raise UnknownJob(f"There is no job {job_id!r}.")
    return found
