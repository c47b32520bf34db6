"""Whether what is to be done at a job's end may be done still: somebody may have started it again meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import TERMINAL
from jupyter_training.store.engine import Store
from jupyter_training.store.tables import jobs

__all__ = ["has_ended", "stands"]


@contextmanager
def stands(store: Store, job: Job) -> Iterator[bool]:
    """Whether the end that a job had, as it was read, is its last still; nobody can start it again in the block.

    So it is of a deleted job too, unless another one has come with its key.
    """
    with store.write() as connection:
        owner = connection.execute(select(jobs.c.id).where(jobs.c.key == job.key)).scalar()
        yield owner is None or (owner == job.id and has_ended(connection, job.id, job.generation))


def has_ended(connection: Connection, job: JobId, generation: int) -> bool:
    """Whether a job has ended and was not started again since that generation. False: it is no more."""
    row = connection.execute(select(jobs.c.state, jobs.c.generation).where(jobs.c.id == job)).first()
    return row is not None and row.generation == generation and row.state in {state.value for state in TERMINAL}
