"""`mlflow server` behind the record link: started when somebody looks, gone when nobody does.

There is one per home, whichever servers of the home are asked: the first takes
a lock and starts it, the others find its socket. It listens on a Unix socket
in a folder of this account alone, so that only ``proxy``, which checks who
asks, leads to it. All its addresses are relative, so it serves under any
``base_url`` and needs no prefix.

MLflow takes 15 to 40 seconds to start and half a gigabyte; hence one worker,
no job execution, no telemetry, and a page that says how far it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jupyter_training.dispatch.wake import socket_folder
from jupyter_training.server.discovery import private_folder
from jupyter_training.settings import Settings
from jupyter_training.tracking.mlflow_place import shown

__all__ = ["Failed", "Ready", "RecordServer", "Starting", "State"]

_KEEPER = Path(__file__).with_name("keeper.py")
_LOG_LIMIT = 5_000_000
_GIVE_UP = 180.0
_MARK_EVERY = 5.0
# Of this process's environment MLflow gets what stores and logins need, and none of Jupyter's secrets,
# nor what would point it at another record or answer for options that are given here.
_WITHHELD = ("JUPYTER", "JPY_", "_MLFLOW_", "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT", "MLFLOW_HOST")
_FIXED = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_X_FRAME_OPTIONS": "NONE",  # the proxy says who may frame it: this server's own pages
}


@dataclass(frozen=True)
class Ready:
    socket: Path


@dataclass(frozen=True)
class Starting:
    seconds: float  # since it was asked for


@dataclass(frozen=True)
class Failed:
    sentence: str
    log: str  # its last lines


State = Ready | Starting | Failed


class RecordServer:
    """Belongs to one event loop."""

    def __init__(self, settings: Settings, log: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
        self._settings = settings
        self._log = log
        self._folder = socket_folder(settings)
        self._socket = self._folder / "record.sock"
        self._used = settings.run_folder / "record.used"
        self._child: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._asked: float | None = None
        self._failed: Failed | None = None
        self._requests = 0
        self._marked = 0.0

    @property
    def elsewhere(self) -> str | None:
        """The address of a record that has a server of its own, for a browser; nothing is started then."""
        uri = self._settings.tracking_uri or ""
        return shown(uri) if uri.startswith(("http://", "https://")) else None

    async def state(self, *, again: bool = False) -> State:
        """Where it stands. The first call starts it; after a failure only ``again`` does."""
        self._mark()
        if await _answers(self._socket):
            self._asked = self._failed = None
            return Ready(self._socket)
        if self._failed is not None and not again:
            return self._failed
        self._failed = None
        now = time.monotonic()
        self._asked = self._asked or now
        if now - self._asked > _GIVE_UP:
            self._failed = Failed(f"MLflow was not ready within {_GIVE_UP:.0f} s.", self._last_lines())
            await self.stop()
            return self._failed
        if self._child is None:
            await self._start()
        return Starting(now - self._asked)

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """While a request is under way it is not idle."""
        self._requests += 1
        self._mark()
        try:
            yield
        finally:
            self._requests -= 1
            self._mark()

    async def stop(self) -> None:
        """Stop it if this server started it. Another server's is left alone."""
        child, self._child = self._child, None
        if self._watch is not None and self._watch is not asyncio.current_task():
            self._watch.cancel()
        self._watch = None
        if child is not None and child.returncode is None:
            assert child.stdin is not None  # made with a pipe
            child.stdin.close()
            await child.wait()
            self._socket.unlink(missing_ok=True)
        self._asked = None

    async def _start(self) -> None:
        private_folder(self._folder)
        lock = os.open(private_folder(self._settings.run_folder) / "record.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return  # another server of this home is starting it, or is about to stop it
            self._socket.unlink(missing_ok=True)
            self._child = await self._spawn(lock)
        finally:
            os.close(lock)
        self._watch = asyncio.create_task(self._keep(self._child), name="jupyter-training-record")

    async def _spawn(self, lock: int) -> asyncio.subprocess.Process:
        self._log.info("Starting mlflow server for %s; its log is in %s", self._settings.home, self._settings.logs)
        with _log_file(private_folder(self._settings.logs) / "record.log") as out:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", str(_KEEPER), *self._command(),
                stdin=asyncio.subprocess.PIPE,
                stdout=out,
                stderr=out,
                cwd=self._settings.run_folder,
                env=_environment(self._settings.mlflow_uri),
                pass_fds=(lock,),
            )  # fmt: skip

    def _command(self) -> list[str]:
        return [
            sys.executable, "-P", "-m", "mlflow", "server",
            # Artifacts are read where they are: the record's writer has no server to go through either.
            "--no-serve-artifacts",
            "--default-artifact-root", str(self._settings.mlflow_artifacts),
            "--workers", "1",
            "--uvicorn-opts", f"--uds {shlex.quote(str(self._socket))} --no-access-log",
        ]  # fmt: skip

    async def _keep(self, child: asyncio.subprocess.Process) -> None:
        """Close the socket to others once it is there; stop when idle; notice the end."""
        idle_exit = self._settings.record_idle_exit
        while child.returncode is None:
            if self._socket.exists() and self._socket.stat().st_mode & 0o077:
                self._socket.chmod(0o600)  # MLflow's server opens it to all; the folder is closed meanwhile
            if idle_exit and self._requests == 0 and time.time() - self._last_used() > idle_exit:
                self._log.info("Stopping mlflow server: nobody has looked for %.0f s", idle_exit)
                await self.stop()
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), 0.5)
        if self._child is child:
            self._child = None
            self._failed = Failed(f"MLflow ended with status {child.returncode}.", self._last_lines())
            self._log.warning("%s", self._failed.sentence)

    def _mark(self) -> None:
        """Note the use in a file, so that whichever server owns it knows."""
        now = time.monotonic()
        if now - self._marked > min(_MARK_EVERY, self._settings.record_idle_exit / 4):
            self._marked = now
            with contextlib.suppress(OSError):
                private_folder(self._used.parent)
                self._used.touch(mode=0o600)

    def _last_used(self) -> float:
        try:
            return self._used.stat().st_mtime
        except OSError:
            return time.time()

    def _last_lines(self) -> str:
        try:
            text = (self._settings.logs / "record.log").read_text("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-20:])


def _log_file(path: Path) -> BinaryIO:
    """Opened to go on writing; begun anew once it is large."""
    fresh = not path.exists() or path.stat().st_size > _LOG_LIMIT
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if fresh else os.O_APPEND), 0o600), "wb")


async def _answers(path: Path) -> bool:
    """Whether somebody serves at the socket: MLflow binds it when it is ready."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        await asyncio.wait_for(asyncio.get_running_loop().sock_connect(connection, str(path)), 1.0)
    except OSError:  # TimeoutError is one
        return False
    else:
        return True
    finally:
        connection.close()


def _environment(store: str) -> dict[str, str]:
    """What MLflow gets. Where its store is, too: a command line, with the password of a database, all can read."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_WITHHELD)}
    return kept | _FIXED | {"MLFLOW_BACKEND_STORE_URI": store}
