"""One look at the change log for all who listen in this server: sockets and long polls.

    dispatcher --datagram--.
                           v
    change log <--look-- Feed --head moved--> every socket, each with its own cursor

There is one looker however many sockets there are, and none when nobody
listens. Looking is the truth; a datagram only makes the next look come sooner.
Looks are at least ``_GAP`` apart, so that a busy log becomes few messages.

There are no queues: a listener keeps a cursor, and when it is ready for more it
gets everything since, coalesced. Listeners at the same cursor share one message.
A slow one therefore costs one message in flight, however far it is behind.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_training.errors import TrainingError

if TYPE_CHECKING:
    from jupyter_training.dispatch.wake import Listener
    from jupyter_training.schema import ChangeMessage
    from jupyter_training.server.desk import Desk

__all__ = ["LAG_LIMIT", "Feed", "Message"]

LAG_LIMIT = 10_000  # changes that a listener may be behind; past it, starting afresh is cheaper
_LOOK_EVERY = 0.5
_LOOK_EVERY_FAULT = 5.0
_GAP = 0.03
_SHARED = 8  # messages kept for listeners at the same cursor


@dataclass(frozen=True)
class Message:
    """What goes over a socket. ``n`` is the listener's next cursor."""

    kind: str
    n: int
    text: str


class Feed:
    """Belongs to one event loop."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._head = 0
        self._moved = asyncio.Condition()
        self._nudged = asyncio.Event()
        self._listeners = 0
        self._looker: asyncio.Task[None] | None = None
        self._shared: OrderedDict[tuple[int, int], asyncio.Future[Message]] = OrderedDict()
        self._faulty = False

    @property
    def listeners(self) -> int:
        return self._listeners

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """While inside, the log is looked at. On entry the head is fresh.

        Raises:
            Unavailable: the store can't be read.
        """
        self._listeners += 1
        try:
            await self._look()
            if self._looker is None or self._looker.done():
                self._looker = asyncio.create_task(self._keep_looking(), name="jupyter-training-feed")
            yield
        finally:
            self._listeners -= 1
            if self._listeners == 0:
                self.nudge()

    def nudge(self) -> None:
        """Look now: this server itself has just changed something."""
        self._nudged.set()

    async def beyond(self, n: int) -> int:
        """Wait until the log has something after ``n``; its head then. Only while listening."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._head > n)
        return self._head

    @property
    def head(self) -> int:
        return self._head

    async def snapshot(self) -> Message:
        """A first picture."""
        from jupyter_training.services import changes

        site = await self._desk.site()
        return await self._desk.call(lambda: _message(changes.snapshot(site)))

    async def since(self, cursor: int) -> Message:
        """Everything since a cursor, or ``resync`` for one that is too old or too far behind."""
        key = (cursor, self._head)
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = asyncio.ensure_future(self._since(cursor))
            while len(self._shared) > _SHARED:
                self._shared.popitem(last=False)
        try:
            return await asyncio.shield(shared)
        except BaseException:
            self._shared.pop(key, None)
            raise

    async def close(self) -> None:
        """Stop looking."""
        if self._looker is not None:
            self._looker.cancel()
            await asyncio.gather(self._looker, return_exceptions=True)

    async def _since(self, cursor: int) -> Message:
        from jupyter_training.schema import ChangeMessage
        from jupyter_training.services import changes

        site = await self._desk.site()
        if self._head - cursor > LAG_LIMIT:
            resync = ChangeMessage(type="resync", store=site.store.store_id, n=self._head)
            return _message(resync)
        return await self._desk.call(lambda: _message(changes.since(site, cursor)))

    async def _look(self) -> None:
        from jupyter_training.services import changes

        site = await self._desk.site()
        head = await self._desk.call(changes.head, site)
        if head != self._head:
            async with self._moved:
                self._head = head
                self._moved.notify_all()

    async def _keep_looking(self) -> None:
        with _Wakeups(self._desk, self._nudged):
            while self._listeners > 0:
                pause = _LOOK_EVERY
                try:
                    await self._look()
                    self._faulty = False
                except Exception as error:  # the edge: without a looker every listener would hang
                    if not self._faulty:  # said once, not at each look
                        bug = None if isinstance(error, TrainingError) else error
                        self._desk.log.warning("The change log can't be read for now: %s", error, exc_info=bug)
                    self._faulty, pause = True, _LOOK_EVERY_FAULT
                await asyncio.sleep(_GAP)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._nudged.wait(), pause)
                self._nudged.clear()


class _Wakeups:
    """The datagrams of this home's dispatcher, as an event. Without them looking goes on."""

    def __init__(self, desk: Desk, event: asyncio.Event) -> None:
        self._desk = desk
        self._event = event

    def __enter__(self) -> None:
        from jupyter_training.dispatch.wake import Listener

        self._listener: Listener | None = None
        try:
            self._listener = Listener(self._desk.settings, "server")
        except OSError as error:
            self._desk.log.debug("No wake-ups from the dispatcher: %s", error)
            return
        asyncio.get_running_loop().add_reader(self._listener.fileno(), self._woken, self._listener)

    def __exit__(self, *exception: object) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())
            self._listener.close()

    def _woken(self, listener: Listener) -> None:
        listener.drain()
        self._event.set()


def _message(message: ChangeMessage) -> Message:
    return Message(message.type, message.n, message.model_dump_json())
