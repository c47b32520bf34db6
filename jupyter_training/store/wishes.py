"""What people wish: new jobs. Each call is one transaction and durable when it returns.

What they wish of a job that is there stands in ``verbs``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from jupyter_training.core import queue_position
from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job, Origin, Submission
from jupyter_training.core.lifecycle import Desired, JobState
from jupyter_training.errors import Internal, JobExists, Problem
from jupyter_training.store import changelog, dependencies, equals, keys
from jupyter_training.store.bulk import insert_missing
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import jobs_of
from jupyter_training.store.spec_cache import spec_row
from jupyter_training.store.tables import changes, jobs, specs
from jupyter_training.store.tables import reuses as reuses_table
from jupyter_training.store.texts import clean

__all__ = ["Submitted", "stand_in", "submit", "submit_within"]

_ID_TRIES = 100


@dataclass(frozen=True)
class Submitted:
    """A submission's job. ``created`` False: its key had brought it before, or it was there already.

    ``reused``: an equal job stands in for the wish. ``beside``: an active job of
    the same name and notebook that does other work than this new one.
    """

    job: Job
    created: bool
    reused: bool = False
    beside: Job | None = None


def submit(
    store: Store,
    submissions: Sequence[Submission],
    *,
    new_id: Callable[[], JobId],
    now: Instant,
    settle: Callable[[Connection, Job], None] | None = None,
) -> list[Submitted]:
    """Store wishes, all or none, and return their jobs in the same order.

    Idempotent by key: a key that is known, or that came earlier in the same
    call, gives the first job. Whether an equal job is there is decided in the
    same transaction. ``settle`` is called there for each new job, before anybody
    can start it: to put in place what it needs from its first moment.

    Raises:
        KeyReused: a key is known with another content; nothing was stored.
        JobExists: an equal job is active where that is not wished; nothing was stored.
        UnknownJob: a job to start after is not there; nothing was stored.
    """
    with store.write() as connection:
        return submit_within(connection, store, submissions, new_id=new_id, now=now, settle=settle)


def submit_within(
    connection: Connection,
    store: Store,
    submissions: Sequence[Submission],
    *,
    new_id: Callable[[], JobId],
    now: Instant,
    settle: Callable[[Connection, Job], None] | None = None,
) -> list[Submitted]:
    """``submit`` as part of a write transaction that does more."""
    wishes = [_Wish(one, _clean_origin(one.origin)) for one in submissions]
    known = _by_key(connection, store, [wish.key for wish in wishes])
    equal = equals.candidates(connection, store, [wish.identity for wish in wishes if wish.looks])
    fresh_ids = _fresh_ids(connection, new_id, sum(wish.key not in known for wish in wishes))
    seq = int(connection.execute(select(func.max(jobs.c.seq))).scalar() or 0)
    head = changelog.head_of(connection)
    met = dependencies.succeeded(connection, (one for wish in wishes if wish.key not in known for one in wish.after))
    after: dict[JobId, tuple[JobId, ...]] = {}
    created: list[tuple[Job, str]] = []
    reuses: list[dict[str, str]] = []
    answer: list[Submitted] = []
    for wish in wishes:
        before = known.get(wish.key)
        if before is not None:
            answer.append(before.again(wish))
            continue
        job = wish.stand_in(equal.get(wish.identity, ()))
        if job is not None:
            reuses.append({"key": wish.key, "job": job.id})
            answer.append(Submitted(job, created=False, reused=True))
        else:
            place = len(created) + 1
            unmet = sum(not met[one] for one in wish.after)
            job = _new_job(wish, next(fresh_ids), seq + place, head + place, unmet, now)
            after[job.id] = wish.after
            created.append((job, wish.identity))
            equal.setdefault(wish.identity, []).insert(0, job)
            answer.append(Submitted(job, created=True, beside=_beside(connection, store, wish)))
        known[wish.key] = _Known(job, wish.identity, answer[-1].reused)
    if created:
        _store(connection, created)
        dependencies.insert_rows(connection, after, met)
    if settle is not None:
        for job, _ in created:
            settle(connection, job)
    if reuses:
        connection.execute(insert(reuses_table), reuses)
    return answer


def stand_in(store: Store, submission: Submission) -> Job | None:
    """The job that a submit would give instead of a new one, as things stand; nothing is written.

    Raises:
        JobExists: as a submit would.
    """
    wish = _Wish(submission, _clean_origin(submission.origin))
    if not wish.looks:
        return None
    with store.read() as connection:
        equal = equals.candidates(connection, store, [wish.identity])
    return wish.stand_in(equal.get(wish.identity, ()))


class _Wish:
    """A submission with what is computed from it, before the transaction."""

    def __init__(self, submission: Submission, origin: Origin) -> None:
        self.submission = submission
        self.key = submission.key
        self.origin = origin
        self.spec_hash = submission.spec.hash
        self.identity = equals.identity_of(origin, submission.spec)
        self.after = tuple(dict.fromkeys(submission.after))
        self.looks = submission.once or submission.if_exists != "new"

    def stand_in(self, equal: Sequence[Job]) -> Job | None:
        """The job that is as good as a new one, where the wish allows one.

        Raises:
            JobExists: there is an active one, and the wish calls that an error.
        """
        if not self.looks:
            return None
        found = equals.best(equal, succeeded=self.submission.once)
        if found is not None and self.submission.if_exists == "error" and equals.is_active(found):
            raise JobExists(
                f"The job {found.id} ({found.name}) does the same and has not ended.",
                hint="Wait for it or cancel it. To get that job: --if-exists reuse, for another: --if-exists new "
                "(in a config if_exists: reuse, if_exists: new).",
                errors=[Problem("an equal job is active", key="if_exists")],
            )
        return found


@dataclass(frozen=True)
class _Known:
    """The job of a key that came before."""

    job: Job
    identity: str | None
    reused: bool

    def again(self, wish: _Wish) -> Submitted:
        same = self.identity == wish.identity if self.reused else self.job.spec_hash == wish.spec_hash
        if not same:
            raise keys.reused(wish.key, self.job.id, self.job.name)
        return Submitted(self.job, created=False, reused=self.reused)


def _by_key(connection: Connection, store: Store, keys: Sequence[str]) -> dict[str, _Known]:
    found: dict[str, _Known] = {}
    for part in chunks(keys):
        rows = connection.execute(select(jobs).where(jobs.c.key.in_(part))).all()
        for row, job in zip(rows, jobs_of(connection, store.specs, rows), strict=True):
            found[job.key] = _Known(job, row.identity, reused=False)
        own = select(reuses_table.c.key, jobs.c.id, jobs.c.identity).join(jobs, jobs.c.id == reuses_table.c.job)
        reused = connection.execute(own.where(reuses_table.c.key.in_(part))).all()
        stood_in = {job.id: job for job in _by_id(connection, store, [JobId(row.id) for row in reused])}
        found.update((row.key, _Known(stood_in[JobId(row.id)], row.identity, reused=True)) for row in reused)
    return found


def _beside(connection: Connection, store: Store, wish: _Wish) -> Job | None:
    """The active job with other work that a person should be told of. A cell asks; who wants a new job does not."""
    if not wish.looks:
        return None
    return equals.active_of_name(connection, store, wish.origin, wish.submission.spec.name, but=wish.identity)


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


def _new_job(wish: _Wish, job_id: JobId, seq: int, version: int, unmet: int, now: Instant) -> Job:
    return Job(
        id=job_id,
        seq=seq,
        key=wish.key,
        spec=wish.submission.spec,
        spec_hash=wish.spec_hash,
        origin=wish.origin,
        pool=wish.submission.pool,
        priority=wish.submission.priority,
        position=queue_position.of_submission(seq),
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
        parent=wish.submission.parent,
        relation=wish.submission.relation,
        base_step=wish.submission.spec.start.step if wish.submission.spec.start is not None else 0,
        weight=wish.submission.weight,
        waiting_since=now,
        unmet=unmet,
        experiment=job_id if wish.submission.drives else wish.submission.experiment,
        trial=wish.submission.trial,
    )


def _clean_origin(origin: Origin) -> Origin:
    optional = (None if text is None else clean(text) for text in (origin.notebook, origin.cell, origin.client))
    return Origin(clean(origin.user), *optional)


def _store(connection: Connection, created: Sequence[tuple[Job, str]]) -> None:
    bodies = {job.spec_hash: job.spec for job, _ in created}
    insert_missing(connection, specs, [spec_row(spec_hash, spec) for spec_hash, spec in bodies.items()])
    connection.execute(insert(jobs), [_row(job, identity) for job, identity in created])
    kind = ChangeKind.SUBMITTED.value
    lines = [{"n": job.version, "kind": kind, "job": job.id, "at": job.submitted} for job, _ in created]
    connection.execute(insert(changes), lines)


def _row(job: Job, identity: str) -> dict[str, Any]:
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
        "identity": identity,
        "parent": job.parent,
        "relation": job.relation,
        "base_step": job.base_step,
        "weight": job.weight,
        "waiting_since": job.waiting_since,
        "unmet": job.unmet,
        "experiment": job.experiment,
        "trial": job.trial,
    }
