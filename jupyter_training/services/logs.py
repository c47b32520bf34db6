"""What a job printed, in pieces by byte offset."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from jupyter_training import spool
from jupyter_training.core.job import Attempt, Job
from jupyter_training.core.lifecycle import AttemptState
from jupyter_training.errors import NotFound
from jupyter_training.schema import LogChunk
from jupyter_training.services.jobs import known
from jupyter_training.services.site import Site
from jupyter_training.spool import log as spool_log
from jupyter_training.store import views

__all__ = ["LogQuery", "attempt_of", "grown", "has_news", "logs"]

PIECE_LIMIT = 1024 * 1024


class LogQuery(BaseModel):
    """Where to read. ``tail`` counts bytes from the end and wins over ``offset``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attempt: int | None = Field(None, ge=1, le=2**31, description="None: the latest")
    offset: int = Field(0, ge=0, le=2**62)
    limit: int = Field(64 * 1024, ge=1, le=PIECE_LIMIT)
    tail: int | None = Field(None, ge=1, le=PIECE_LIMIT)
    wait: float = Field(
        0, ge=0, le=30, allow_inf_nan=False, description="seconds to wait for more at the end of a log that may grow"
    )


def logs(site: Site, job_id: str, query: LogQuery) -> LogChunk:
    """A piece of an attempt's log. Text is UTF-8 with replacement; offsets never move.

    Raises:
        UnknownJob: no job has that id.
        NotFound: it has no such attempt.
    """
    job = known(site, job_id)
    attempt = attempt_of(site, job, query.attempt)
    if attempt is None:
        return LogChunk(attempt=0, text="", offset=0, next=0, size=0, end=job.ended is not None)
    ended = attempt.state is AttemptState.ENDED
    folder = spool.attempt_folder(site.settings.spool_root, job.id, attempt.number)
    size = spool_log.size(folder)
    offset = max(0, size - query.tail) if query.tail is not None else min(query.offset, size)
    limit = query.tail if query.tail is not None else query.limit
    piece = spool_log.read(folder, offset, limit)
    return LogChunk(
        attempt=attempt.number,
        text=piece.text,
        offset=offset,
        next=piece.next,
        size=size,
        end=ended and piece.next >= size,
    )


def attempt_of(site: Site, job: Job, number: int | None) -> Attempt | None:
    """The attempt of that number; without one the latest, None where there is none yet.

    Raises:
        NotFound: the job has no attempt of that number.
    """
    attempts = views.attempts(site.store, [job.id]).get(job.id, ())
    if number is None:
        return attempts[-1] if attempts else None
    found = next((one for one in attempts if one.number == number), None)
    if found is None:
        raise NotFound(f"The job {job.id} has no attempt {number}; it has {len(attempts)}.")
    return found


def grown(site: Site, job_id: str, chunk: LogChunk) -> bool:
    """Whether more was printed since that answer. Looks at the log's size and nothing else."""
    return spool_log.size(spool.attempt_folder(site.settings.spool_root, job_id, chunk.attempt)) > chunk.size


def has_news(chunk: LogChunk, query: LogQuery) -> bool:
    """Whether a waiting reader should get this answer now: there is text, or there will never be more."""
    return bool(chunk.text) or chunk.end or not query.wait
