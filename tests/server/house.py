"""A real Jupyter Server with the extension in it, in a thread, and plain ways to speak to it."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect
from traitlets.config import Config

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.core.metric import Point
from jupyter_training.core.resources import Allocation
from jupyter_training.dispatch import ensure
from jupyter_training.server.app import TrainingApp
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.store import facts, lease, points

__all__ = ["API", "Answer", "House", "Script", "Server", "eventually", "house", "socket", "wish"]

API = "jupyter-training/api/v1/"
PATIENCE = 10.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


class Server(ServerApp):
    def load_config_file(self, *args: Any, **kwargs: Any) -> None:
        """Nobody's configuration."""

    def migrate_config(self) -> None:
        pass

    def init_signal(self) -> None:
        """Signals belong to the main thread."""


@dataclass
class House:
    """One home, served. No dispatcher starts: ``dispatching`` plays its part with the store's own facts."""

    home: Path
    config: Config = field(default_factory=Config)
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    app: Any = None
    url: str = ""

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home)

    @property
    def extension(self) -> TrainingApp:
        found = self.app.extension_manager.extension_points["jupyter_training"].app
        assert isinstance(found, TrainingApp)
        return found

    def do(self, work: Callable[[], Any]) -> Any:
        """Run a function or coroutine function in the server's own loop."""

        async def call() -> Any:
            found = work()
            return await found if asyncio.iscoroutine(found) else found

        return asyncio.run_coroutine_threadsafe(call(), self.app.io_loop.asyncio_loop).result(PATIENCE)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        token: bool = True,
        below: str = API,
    ) -> Answer:
        """One request; ``path`` goes onto the line as it is."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        sent = {"Authorization": f"token {self.token}"} if token else {}
        content = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was sent
                connection.request(method, parts.path + below + path, content, sent | dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert 200 == answer.status, answer
        return answer.json

    def submit(self, **more: Any) -> str:
        """A stored job's id."""
        answer = self.ask("POST", "jobs", body=wish(**more))
        assert 201 == answer.status, answer.content
        job: str = answer.json["job"]["id"]
        return job

    def dispatching(self) -> Script:
        site = self.do(self.extension.desk.site)  # type: ignore[union-attr]
        return Script(site)


def wish(**more: Any) -> dict[str, Any]:
    """The least that a submit needs, and more."""
    return {
        "key": secrets.token_hex(8),
        "entry": {"kind": "script", "path": "train.py"},
        "files": [{"path": "train.py", "text": "print('hello')\n"}],
        **more,
    }


class Script:
    """A dispatcher's facts, written on cue."""

    def __init__(self, site: Site) -> None:
        self.store = site.store
        holder = lease.Holder("tests", 1, 1, "boot")
        taken = lease.take(site.store, holder, ttl=3600, boot_now=0, alive=lambda one: False)
        assert taken is not None
        self.epoch = taken.epoch

    def run(self, job: str) -> None:
        now = Instant(time.time())
        facts.begin(self.store, self.epoch, [(JobId(job), Allocation("local", 1), "token")], now)
        facts.launched(self.store, self.epoch, JobId(job), 1, "{}", now)
        facts.running(self.store, self.epoch, JobId(job), 1, now, now)

    def end(self, job: str, reason: EndReason = EndReason.COMPLETED) -> None:
        end = facts.End(reason, None, 0, None, None)
        facts.ended(self.store, self.epoch, JobId(job), 1, end, Instant(time.time()))

    def show(self, job: str) -> None:
        """Tell that the job has kept a figure."""
        offset = points.offsets(self.store, JobId(job)).get((1, "events"), 0)
        batch = points.Batch(1, "events", offset, offset + 1, [], None, shown=True)
        points.ingest(self.store, JobId(job), [batch], now=Instant(time.time()))

    def report(self, job: str, step: int, **values: float) -> None:
        moment = time.time()
        told = [Point(name, step, moment, value) for name, value in values.items()]
        offset = points.offsets(self.store, JobId(job)).get((1, "events"), 0)
        batch = points.Batch(1, "events", offset, offset + 1, told, None)
        points.ingest(self.store, JobId(job), [batch], now=Instant(moment))


@contextlib.contextmanager
def house(
    home: Path, *, config: Config | None = None, base_url: str = "/", dispatcher: bool = False
) -> Iterator[House]:
    """Serve a home until the block ends. A real dispatcher may start only when that is wanted."""
    home.mkdir(parents=True, exist_ok=True)
    # With the lock taken, everybody believes that a dispatcher is there.
    lock = None if dispatcher else ensure.take_lock(Settings(home=home))
    living = House(home, config or Config())
    up = threading.Event()
    thread = threading.Thread(target=_serve, args=(living, base_url, up), name="house")
    thread.start()
    try:
        assert up.wait(PATIENCE * 3), "the server did not come up"
        yield living
    finally:
        if living.app is not None:
            living.app.io_loop.add_callback(living.app.stop)
        thread.join(PATIENCE * 3)
        if lock is not None:
            os.close(lock)
        assert not thread.is_alive()


def _serve(living: House, base_url: str, up: threading.Event) -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())
    folders = living.home.parent / "jupyter"
    config = living.config
    config.ServerApp.setdefault("ip", "127.0.0.1")
    config.ServerApp.port = 0
    config.ServerApp.base_url = base_url
    config.ServerApp.allow_root = True
    config.ServerApp.open_browser = False
    config.ServerApp.root_dir = str(living.home)
    config.ServerApp.cookie_secret = secrets.token_bytes(32)
    config.ServerApp.reraise_server_extension_failures = True
    config.ServerApp.allow_unauthenticated_access = False
    config.IdentityProvider.token = living.token
    config.TrainingApp.home = str(living.home)
    living.app = Server(
        config=config,
        jpserver_extensions={"jupyter_training": True},
        runtime_dir=str(folders / "runtime"),
        config_dir=str(folders / "config"),
        data_dir=str(folders / "data"),
    )
    living.app.initialize(argv=[], find_extensions=False)
    living.app.io_loop.add_callback(_listening, living, up)
    living.app.start()


def _listening(living: House, up: threading.Event) -> None:
    (sock, *_) = living.app.http_server._sockets.values()
    living.url = f"http://127.0.0.1:{sock.getsockname()[1]}{living.app.base_url}"
    up.set()


@contextlib.asynccontextmanager
async def socket(living: House, query: str = "", **headers: str) -> Any:
    """A ``changes`` socket; ``read`` gives its next message."""
    address = f"{living.url.replace('http', 'ws', 1)}{API}changes{query}"
    request = HTTPRequest(
        address, headers={"Authorization": f"token {living.token}", **headers}, request_timeout=PATIENCE
    )
    reader = Socket(await websocket_connect(request, max_message_size=50_000_000))
    try:
        yield reader
    finally:
        reader.connection.close()
        while not reader.closed:
            await reader.read()


@dataclass
class Socket:
    connection: WebSocketClientConnection
    closed: bool = False
    patience: float = PATIENCE

    async def read(self) -> Any:
        """The next message; None when the socket is closed."""
        text = await asyncio.wait_for(self.connection.read_message(), self.patience)
        self.closed = text is None
        return None if text is None else json.loads(text)


def eventually(check: Callable[[], Any], *, within: float = PATIENCE, what: str = "it happens") -> Any:
    """The first true answer of a check, asked again and again until the time is up."""
    deadline = time.monotonic() + within
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {within:.0f} s until {what}"
        time.sleep(0.02)
