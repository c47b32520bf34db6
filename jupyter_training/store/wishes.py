"""What people wish: jobs, stops, pools. Each call is one transaction and durable when it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job, Origin, Submission
from jupyter_training.core.lifecycle import Desired, JobState, Verb, may
from jupyter_training.core.resources import Pool
from jupyter_training.errors import IllegalVerb, Internal, KeyReused, TrainingError, UnknownJob
from jupyter_training.store import changelog
from jupyter_training.store.bulk import insert_missing
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import jobs_of
from jupyter_training.store.spec_cache import spec_row
from jupyter_training.store.tables import changes, jobs, pools, specs
from jupyter_training.store.texts import clean

__all__ = ["Submitted", "set_pool", "submit", "wish"]

_DESIRED = {Verb.CANCEL: Desired.CANCEL, Verb.KILL: Desired.KILL}
_STRENGTH = {Desired.RUN: 0, Desired.PAUSE: 1, Desired.CANCEL: 2, Desired.KILL: 3}
_ID_TRIES = 100


@dataclass(frozen=True)
class Submitted:
    """A submission's job. ``created`` False: its key had brought it before."""

    job: Job
    created: bool


def submit(
    store: Store, submissions: Sequence[Submission], *, new_id: Callable[[], JobId], now: Instant
) -> list[Submitted]:
    """Store wishes, all or none, and return their jobs in the same order.

    Idempotent by key: a key that is known, or that came earlier in the same
    call, gives the first job.

    Raises:
        KeyReused: a key is known with another content; nothing was stored.
    """
    hashes = [one.spec.hash for one in submissions]
    with store.write() as connection:
        known = _by_key(connection, store, [one.key for one in submissions])
        fresh_ids = _fresh_ids(connection, new_id, sum(one.key not in known for one in submissions))
        seq = int(connection.execute(select(func.max(jobs.c.seq))).scalar() or 0)
        head = changelog.head_of(connection)
        created: list[Job] = []
        answer: list[Submitted] = []
        for submission, spec_hash in zip(submissions, hashes, strict=True):
            job = known.get(submission.key)
            if job is not None:
                if job.spec_hash != spec_hash:
                    raise KeyReused(
                        f"The key {submission.key!r} has already brought the job {job.id} ({job.name}), "
                        "with another content.",
                        hint="A key belongs to one submit and its repeats; make a new one for a new job.",
                    )
                answer.append(Submitted(job, created=False))
                continue
            place = len(created) + 1
            job = _new_job(submission, spec_hash, next(fresh_ids), seq + place, head + place, now)
            known[submission.key] = job
            created.append(job)
            answer.append(Submitted(job, created=True))
        if created:
            _store(connection, created)
    return answer


def wish(store: Store, job_ids: Sequence[JobId], verb: Verb, *, now: Instant) -> list[Job | TrainingError]:
    """Wish a stop of several jobs: each one's new state or the reason it was refused, in the same order.

    A wish never weakens (a kill stays a kill), and repeating one changes nothing.
    """
    desired = _DESIRED[verb]
    with store.write() as connection:
        known = {job.id: job for job in _by_id(connection, store, job_ids)}
        moved: dict[JobId, None] = {}
        answer: list[Job | TrainingError] = []
        for job_id in job_ids:
            job = known.get(job_id)
            if job is None:
                answer.append(UnknownJob(f"There is no job {job_id!r}."))
            elif not may(verb, job.state):
                answer.append(_illegal(job, verb))
            else:
                if _STRENGTH[desired] > _STRENGTH[job.desired]:
                    moved[job_id] = None
                answer.append(job)
        for job_id, version in _log(connection, ChangeKind.WISH, list(moved), now).items():
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(desired=desired.value, version=version))
            known[job_id] = replace(known[job_id], desired=desired, version=version)
    return [known[item.id] if isinstance(item, Job) else item for item in answer]


def set_pool(store: Store, pool: Pool, *, now: Instant) -> None:
    """Make a pool, or change the one of that name."""
    values = {"backend": pool.backend, "slots": pool.slots, "policy": pool.policy}
    with store.write() as connection:
        before = connection.execute(select(pools).where(pools.c.name == pool.name)).first()
        if before is None:
            connection.execute(insert(pools).values(name=pool.name, **values))
        elif {**before._mapping} == {"name": pool.name, **values}:
            return
        else:
            connection.execute(update(pools).where(pools.c.name == pool.name).values(**values))
        changelog.append(connection, [(ChangeKind.POOL, None)], now)


def _by_key(connection: Connection, store: Store, keys: Sequence[str]) -> dict[str, Job]:
    found: dict[str, Job] = {}
    for part in chunks(keys):
        rows = connection.execute(select(jobs).where(jobs.c.key.in_(part)))
        found.update((job.key, job) for job in jobs_of(connection, store.specs, rows))
    return found


def _by_id(connection: Connection, store: Store, ids: Sequence[JobId]) -> list[Job]:
    found: list[Job] = []
    for part in chunks(ids):
        found += jobs_of(connection, store.specs, connection.execute(select(jobs).where(jobs.c.id.in_(part))))
    return found


def _fresh_ids(connection: Connection, new_id: Callable[[], JobId], count: int) -> Iterator[JobId]:
    """Ids that no job has, each given once."""
    made: dict[JobId, None] = {}
    for _ in range(_ID_TRIES):
        if len(made) >= count:
            return iter(made)
        wanted = [new_id() for _ in range(count - len(made))]
        taken: set[str] = set()
        for part in chunks(wanted):
            taken.update(connection.execute(select(jobs.c.id).where(jobs.c.id.in_(part))).scalars())
        made.update((job_id, None) for job_id in wanted if job_id not in taken)
    raise Internal("No free job id was found; the source of ids repeats itself.")


def _new_job(submission: Submission, spec_hash: str, job_id: JobId, seq: int, version: int, now: Instant) -> Job:
    return Job(
        id=job_id,
        seq=seq,
        key=submission.key,
        spec=submission.spec,
        spec_hash=spec_hash,
        origin=_clean_origin(submission.origin),
        pool=submission.pool,
        priority=submission.priority,
        position=float(seq),
        desired=Desired.RUN,
        generation=0,
        holds=frozenset(),
        state=JobState.QUEUED,
        reason=None,
        detail=None,
        submitted=now,
        started=None,
        ended=None,
        attempt=0,
        version=version,
    )


def _clean_origin(origin: Origin) -> Origin:
    optional = (None if text is None else clean(text) for text in (origin.notebook, origin.cell, origin.client))
    return Origin(clean(origin.user), *optional)


def _store(connection: Connection, created: Sequence[Job]) -> None:
    bodies = {job.spec_hash: job.spec for job in created}
    insert_missing(connection, specs, [spec_row(spec_hash, spec) for spec_hash, spec in bodies.items()])
    connection.execute(insert(jobs), [_row(job) for job in created])
    connection.execute(
        insert(changes),
        [{"n": job.version, "kind": ChangeKind.SUBMITTED.value, "job": job.id, "at": job.submitted} for job in created],
    )


def _row(job: Job) -> dict[str, Any]:
    return {
        "seq": job.seq,
        "id": job.id,
        "key": job.key,
        "spec_hash": job.spec_hash,
        "name": job.name,
        "user_name": job.origin.user,
        "notebook": job.origin.notebook,
        "cell": job.origin.cell,
        "client": job.origin.client,
        "pool": job.pool,
        "priority": job.priority,
        "position": job.position,
        "desired": job.desired.value,
        "generation": job.generation,
        "holds": "",
        "state": job.state.value,
        "submitted": job.submitted,
        "attempt": job.attempt,
        "version": job.version,
    }


def _log(connection: Connection, kind: ChangeKind, ids: Sequence[JobId], now: Instant) -> dict[JobId, int]:
    return dict(zip(ids, changelog.append(connection, [(kind, job_id) for job_id in ids], now), strict=True))


def _illegal(job: Job, verb: Verb) -> IllegalVerb:
    word = "canceled" if verb is Verb.CANCEL else "killed"
    return IllegalVerb(f"The job {job.id} ({job.name}) can't be {word}: it has {_ended(job.state)}.")


def _ended(state: JobState) -> str:
    return "been canceled" if state is JobState.CANCELED else state.value
