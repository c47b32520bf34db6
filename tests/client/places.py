"""One home and the three ways to it: in this process, over a Unix socket, over TCP."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_training.client.client import Client
from jupyter_training.client.http import HttpTransport
from jupyter_training.client.local import LocalTransport
from jupyter_training.errors import ServerUnreachable
from jupyter_training.settings import Settings
from tests.kernel.living import Server, emptied, variables
from tests.torture.processes import eventually

__all__ = ["WAYS", "fresh_home", "headless", "jupyter", "ways"]

WAYS = ("local", "unix", "tcp")


@contextlib.contextmanager
def fresh_home() -> Iterator[Path]:
    """A home with a short path, as Unix sockets need; all of its processes are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="jt-") as folder, emptied(Path(folder) / "home") as home:
        yield home


@contextlib.contextmanager
def headless(home: Path, *, folder: Path) -> Iterator[dict[str, Any]]:
    """A headless server of the home; gives its note."""
    with open(folder / "headless.log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_training.cli", "serve", "--idle-exit", "0"],
            env=variables(home),
            stdout=log,
            stderr=log,
        )
    try:
        note = home / "run" / f"server-{process.pid}.json"
        yield json.loads(
            eventually(lambda: note.read_text() if note.exists() else None, within=60, what="the server starts")
        )
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def jupyter(home: Path, *, folder: Path) -> Iterator[Server]:
    """A Jupyter server of the home that answers; its note is there a moment before it listens."""
    with Server(variables(home), folder=folder) as server:

        def answers() -> bool:
            with contextlib.suppress(ServerUnreachable):
                return bool(HttpTransport(server.url, token=server.TOKEN).request("GET", "info").json)
            return False

        eventually(answers, within=60, what="the server answers")
        yield server


@contextlib.contextmanager
def ways(home: Path, *, folder: Path) -> Iterator[dict[str, Client]]:
    """A client for each way, all to the same home."""
    settings = Settings.load(home)
    with contextlib.ExitStack() as stack:
        note = stack.enter_context(headless(home, folder=folder))
        server = stack.enter_context(jupyter(home, folder=folder))
        transports = {
            "local": LocalTransport(settings),
            "unix": HttpTransport(socket_path=note["socket"], token=note["token"]),
            "tcp": HttpTransport(server.url, token=server.TOKEN),
        }
        yield {
            name: stack.enter_context(Client(settings=settings, transport=transport))
            for name, transport in transports.items()
        }
