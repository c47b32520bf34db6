"""Long polls: the answer comes when there is news, or when the reader's patience is over. They hold no thread."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_training.server.desk import Desk
    from jupyter_training.services.jobs import ShowQuery
    from jupyter_training.services.logs import LogQuery

__all__ = ["until_job_has_news", "until_log_has_news"]

_LOOK_AT_LOG = 0.15  # seconds; what is printed is no change of the store


async def until_job_has_news(desk: Desk, job_id: str, query: ShowQuery) -> None:
    """Return when the job has news for this reader, or its patience is over.

    Raises:
        UnknownJob: no job has that id.
    """
    from jupyter_training.services import jobs

    site = await desk.site()
    if not query.wait or jobs.settled(await desk.call(jobs.known, site, job_id), query.after):
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(query.wait), desk.feed.listening():
            while True:
                head = desk.feed.head  # before the look at the job, so that no change falls in between
                if jobs.settled(await desk.call(jobs.known, site, job_id), query.after):
                    return
                await desk.feed.beyond(head)


async def until_log_has_news(desk: Desk, job_id: str, query: LogQuery) -> None:
    """Return when there is more of the log, when it has ended, or when the reader's patience is over.

    Raises:
        UnknownJob, NotFound: no such job or attempt.
    """
    from jupyter_training.services import logs

    site = await desk.site()
    if not query.wait:
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(query.wait), desk.feed.listening():
            while True:
                head = desk.feed.head
                chunk = await desk.call(logs.logs, site, job_id, query)
                if logs.has_news(chunk, query):
                    return
                await _either(desk, head, partial(logs.grown, site, job_id, chunk))


async def _either(desk: Desk, head: int, grown: Callable[[], bool]) -> None:
    """Return when the change log has moved or the job's log has."""
    moved = asyncio.ensure_future(desk.feed.beyond(head))
    try:
        while not moved.done() and not await desk.call(grown):
            await asyncio.wait([moved], timeout=_LOOK_AT_LOG)
    finally:
        moved.cancel()
