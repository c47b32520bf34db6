"""Keys of wishes: each belongs to one wish and its repeats."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue
from sqlalchemy import Connection, insert, select

from jupyter_training.core.job import Job
from jupyter_training.errors import KeyReused
from jupyter_training.store.tables import jobs, reuses

__all__ = ["of_resume", "reused"]


def reused(key: str, job_id: str, name: str) -> KeyReused:
    return KeyReused(
        f"The key {key!r} has already brought the job {job_id} ({name}), with another content.",
        hint="A key belongs to one submit and its repeats; make a new one for a new job.",
    )


def of_resume(connection: Connection, key: str, job: Job, overrides: Mapping[str, JsonValue]) -> bool:
    """Whether a key has extended this job before; from now on it has.

    Raises:
        KeyReused: it has brought another job, this one itself, or other parameters than these.
    """
    stood_in = select(reuses.c.job).where(reuses.c.key == key).scalar_subquery()
    found = (jobs.c.key == key) | (jobs.c.id == stood_in)
    before = connection.execute(select(jobs.c.id, jobs.c.name, jobs.c.key).where(found)).first()
    if before is None:
        connection.execute(insert(reuses).values(key=key, job=job.id))
        return False
    if before.id != job.id or before.key == key or any(job.params.get(name) != one for name, one in overrides.items()):
        raise reused(key, before.id, before.name)
    return True
