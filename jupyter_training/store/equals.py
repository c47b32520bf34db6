"""Which job is as good as a new one: the same user's, of the same notebook, with the same work.

Asked inside the transaction that would store the new one, so that of many equal
wishes at once the first makes the job and the others find it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, and_, or_, select

from jupyter_training.core.ids import content_hash
from jupyter_training.core.job import Job, JobSpec, Origin
from jupyter_training.core.lifecycle import TERMINAL, Desired, JobState
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import jobs_of
from jupyter_training.store.tables import jobs

__all__ = ["active_of_name", "best", "candidates", "identity_of", "is_active"]

_ACTIVE = and_(
    jobs.c.state.in_([state.value for state in JobState if state not in TERMINAL]),
    # What is being stopped is no answer to somebody who wishes to run it.
    jobs.c.desired.in_([Desired.RUN.value, Desired.PAUSE.value]),
)


def identity_of(origin: Origin, spec: JobSpec) -> str:
    """The hash that equal wishes share. ``origin`` as it is stored."""
    return content_hash([origin.user, origin.notebook, spec.work])


def candidates(connection: Connection, store: Store, identities: Iterable[str]) -> dict[str, list[Job]]:
    """The active and the succeeded jobs of these identities, newest first."""
    found: dict[str, list[Job]] = {}
    for part in chunks(sorted(set(identities))):
        rows = connection.execute(
            select(jobs)
            .where(jobs.c.identity.in_(part), or_(_ACTIVE, jobs.c.state == JobState.SUCCEEDED.value))
            .where(jobs.c.overrides.is_(None))  # one that was resumed with other parameters does other work
            .order_by(jobs.c.seq.desc())
        ).all()
        for row, job in zip(rows, jobs_of(connection, store.specs, rows), strict=True):
            found.setdefault(row.identity, []).append(job)
    return found


def best(equal: Sequence[Job], *, succeeded: bool) -> Job | None:
    """The job to take: the newest active one, else, where that will do, the newest that succeeded."""
    active = next((job for job in equal if is_active(job)), None)
    if active is not None or not succeeded:
        return active
    return next((job for job in equal if job.state is JobState.SUCCEEDED), None)


def is_active(job: Job) -> bool:
    return job.state not in TERMINAL and job.desired in (Desired.RUN, Desired.PAUSE)


def active_of_name(connection: Connection, store: Store, origin: Origin, name: str, *, but: str) -> Job | None:
    """The newest active job of that name, user and notebook (or of none) that has another identity than ``but``."""
    own = (jobs.c.name == name, jobs.c.user_name == origin.user, jobs.c.notebook == origin.notebook)
    wanted = select(jobs).where(*own, jobs.c.identity != but, _ACTIVE).order_by(jobs.c.seq.desc()).limit(1)
    found = jobs_of(connection, store.specs, connection.execute(wanted))
    return found[0] if found else None
