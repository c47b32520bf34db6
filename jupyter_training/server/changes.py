"""The ``changes`` WebSocket: a first picture, then what changed, for as long as somebody looks.

    -> snapshot {n}        unless the reader brings a cursor (``?after=n``)
    -> changes {n} ...     everything after the last n, coalesced; no gap, no double
    -> resync              the cursor is too old, or the reader too slow; then the socket closes

Each socket has one cursor and one message in flight: the next is made when the
last one has left for the network. See ``feed`` for who looks at the log.
"""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.websocket import WebSocketMixin
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jupyter_training.errors import InvalidUsage, TrainingError, near_miss
from jupyter_training.server.api import RESOURCE, query_pairs
from jupyter_training.server.desk import Desk
from jupyter_training.server.feed import Message
from jupyter_training.server.problems import ProblemMixin, Refusal

__all__ = ["ChangesSocket"]

_GOING_AWAY = 1001
_TRY_AGAIN = 1013


class ChangesSocket(WebSocketMixin, WebSocketHandler, ProblemMixin):
    """Jupyter's mixin stands first: its origin check is the one for sockets.

    What a client sends is not read; a socket that does not answer pings is closed by the mixin.
    """

    auth_resource = RESOURCE

    def initialize(self, desk: Desk) -> None:
        self.desk = desk
        self._cursor: int | None = None
        self._sender: asyncio.Task[None] | None = None

    @ws_authenticated
    @authorized(action="read")  # type: ignore[untyped-decorator]
    async def get(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        try:
            self._cursor = _after(self)
            await self.desk.site()  # a store that can't be opened is a plain answer, before any upgrade
        except TrainingError as error:
            raise Refusal(error) from None
        await super().get(*args, **kwargs)

    def open(self, *args: str, **kwargs: str) -> None:
        super().open(*args, **kwargs)
        self._sender = asyncio.create_task(self._send(), name="jupyter-training-socket")

    def on_message(self, message: str | bytes) -> None:
        """There is nothing to say to this socket; wishes go over REST."""

    def on_close(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
        super().on_close()

    async def _send(self) -> None:
        try:
            async with self.desk.feed.listening():
                await self._follow()
        except WebSocketClosedError:
            return
        except TrainingError as error:
            self.close(_TRY_AGAIN, str(error).encode()[:120].decode(errors="ignore"))
        except Exception:
            self.log.exception("jupyter_training: a bug ended a changes socket")
            self.close(_TRY_AGAIN, "Something went wrong in the server; its log says what.")

    async def _follow(self) -> None:
        feed = self.desk.feed
        cursor = self._cursor
        if cursor is None:
            cursor = await self._tell(await feed.snapshot())
        elif cursor >= feed.head:
            # Up to date, or from another life of this store; only the log can tell which.
            message = await feed.since(cursor)
            if message.kind == "resync":
                await self._part(message)
                return
        while True:
            await feed.beyond(cursor)
            self.desk.touch()
            message = await feed.since(cursor)
            if message.kind == "resync":
                await self._part(message)
                return
            cursor = await self._tell(message)

    async def _tell(self, message: Message) -> int:
        """Send, and return when it has left for the network."""
        await self.write_message(message.text)
        return message.n

    async def _part(self, message: Message) -> None:
        await self._tell(message)
        self.close(_GOING_AWAY, "Come again without a cursor.")


def _after(handler: ChangesSocket) -> int | None:
    """The cursor in the address.

    Raises:
        InvalidUsage: it is no number, or there are parameters that nobody knows.
    """
    after = None
    for name, value in query_pairs(handler.request.query_arguments):
        if name != "after":
            close = near_miss(name, ["after"])
            raise InvalidUsage(
                f"There is no query parameter {name[:60]!r} here.", hint="Did you mean 'after'?" if close else None
            )
        if not (value.isascii() and value.isdigit() and len(value) < 19):
            raise InvalidUsage("after: the number of a change, 0 or more.")
        after = int(value)
    return after
