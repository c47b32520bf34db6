"""What the handlers of one server share: the settings, the site once it is open, and threads to ask it in."""

from __future__ import annotations

import asyncio
import getpass
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from jupyter_training.errors import TrainingError, Unavailable
from jupyter_training.server.feed import Feed
from jupyter_training.settings import Settings

if TYPE_CHECKING:
    from jupyter_training.server.record import RecordServer
    from jupyter_training.services.site import Site

__all__ = ["Desk"]

P = ParamSpec("P")
R = TypeVar("R")

_THREADS = 8
_WRITING_THREADS = 2  # for what changes something: those wait for each other in the store, and readers not for them
_LONG_THREADS = 4  # for what takes as long as somebody's code does


class Desk:
    """Made when the server starts, and light: the home is opened with the first request that needs it.

    ``root`` is the folder that the server's file browser shows, if it is one of this machine.
    ``on_open`` is awaited once, when the site has been opened.
    """

    def __init__(
        self,
        settings: Settings | TrainingError,
        log: logging.Logger | logging.LoggerAdapter[logging.Logger],
        *,
        root: Path | None = None,
        on_open: Callable[[Site], Awaitable[None]] | None = None,
    ) -> None:
        self.log = log
        self.root = root
        self.feed = Feed(self)
        self.last_used = time.monotonic()
        self._settings = settings
        self._on_open = on_open
        self._site: Site | None = None
        self._record: RecordServer | None = None
        self._opening = asyncio.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="jupyter-training")
        self._writing_threads = ThreadPoolExecutor(_WRITING_THREADS, thread_name_prefix="jupyter-training-writing")
        self._long_threads = ThreadPoolExecutor(_LONG_THREADS, thread_name_prefix="jupyter-training-long")
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether the server is shutting down; long work looks at it."""
        return self._closed

    @property
    def settings(self) -> Settings:
        """The home's settings.

        Raises:
            InvalidSpec: they could not be read; the server runs on, and says so to each request.
        """
        if isinstance(self._settings, TrainingError):
            raise self._settings
        return self._settings

    @property
    def open_site(self) -> Site | None:
        """The site if it is open already."""
        return self._site

    def touch(self) -> None:
        """Note that somebody uses this server now."""
        self.last_used = time.monotonic()

    async def call(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do blocking work in one of a few threads, off the event loop."""
        return await self._in(self._threads, lambda: work(*args, **kwargs))

    async def call_writing(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do work that changes something, in threads of its own: a crowd of submits keeps no reader waiting."""
        return await self._in(self._writing_threads, lambda: work(*args, **kwargs))

    async def call_long(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do work that may take minutes, in threads of its own, so that the others stay free."""
        return await self._in(self._long_threads, lambda: work(*args, **kwargs))

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[[], R]) -> R:
        if self._closed:
            raise Unavailable("The server is shutting down.")
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    async def site(self) -> Site:
        """The site, opened at the first call. One that could not be opened is tried again by the next request.

        Raises:
            Unavailable: the store can't be used; the sentence says why.
        """
        if self._site is None:
            async with self._opening:
                if self._site is None:
                    self._site = await self.call(_opened, self.settings)
                    if self._on_open is not None:
                        await self._on_open(self._site)
        return self._site

    async def record(self) -> RecordServer:
        """The keeper of this home's `mlflow server`; it starts nothing by itself."""
        if self._record is None:
            from jupyter_training.server.record import RecordServer

            self._record = RecordServer(self.settings, self.log)
        return self._record

    async def close(self) -> None:
        """Let go of everything. Jobs, dispatcher and other servers of the home go on."""
        await self.feed.close()
        if self._record is not None:
            await self._record.stop()
        self._closed = True
        for threads in (self._long_threads, self._writing_threads, self._threads):
            await asyncio.get_running_loop().run_in_executor(None, threads.shutdown)
        if self._site is not None:
            self._site.close()
            self._site = None


def account() -> str:
    """The account this server runs under: who asks, where the server knows only one person."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"


def _opened(settings: Settings) -> Site:
    from jupyter_training.services.site import Site

    site = Site.open(settings)
    try:
        site.follow_machine()
    except TrainingError:
        site.close()
        raise
    return site
