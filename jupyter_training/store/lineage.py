"""Which job came from which: parents by their ids, children of a job, and the jobs that a resume may mean."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job, Origin
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import jobs_of
from jupyter_training.store.tables import jobs, reuses
from jupyter_training.store.texts import clean

__all__ = ["children", "names", "newest_of_name", "of_key"]


def names(store: Store, job_ids: Iterable[JobId]) -> dict[JobId, str]:
    """The names of these jobs; one that was deleted is left out."""
    found: dict[JobId, str] = {}
    with store.read() as connection:
        for part in chunks(sorted(set(job_ids))):
            rows = connection.execute(select(jobs.c.id, jobs.c.name).where(jobs.c.id.in_(part)))
            found.update((JobId(row.id), row.name) for row in rows)
    return found


def children(store: Store, job: JobId) -> list[Job]:
    """The jobs that were made from this one, oldest first."""
    with store.read() as connection:
        rows = connection.execute(select(jobs).where(jobs.c.parent == job).order_by(jobs.c.seq))
        return jobs_of(connection, store.specs, rows)


def newest_of_name(store: Store, origin: Origin, name: str) -> Job | None:
    """The newest job of that name, user and notebook (or of none) that belongs to no search and is not archived."""
    notebook = None if origin.notebook is None else clean(origin.notebook)
    own = (jobs.c.name == name, jobs.c.user_name == clean(origin.user), jobs.c.notebook == notebook)
    wanted = (
        select(jobs).where(*own, jobs.c.experiment.is_(None), ~jobs.c.archived).order_by(jobs.c.seq.desc()).limit(1)
    )
    with store.read() as connection:
        found = jobs_of(connection, store.specs, connection.execute(wanted))
    return found[0] if found else None


def of_key(store: Store, key: str) -> Job | None:
    """The job that a submission's key has brought before."""
    stood_in = select(reuses.c.job).where(reuses.c.key == key).scalar_subquery()
    with store.read() as connection:
        rows = connection.execute(select(jobs).where((jobs.c.key == key) | (jobs.c.id == stood_in)))
        found = jobs_of(connection, store.specs, rows)
    return found[0] if found else None
