"""Start ``jupyter-training serve`` for a home that has no server, once for all who ask at the same time."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from jupyter_training.client import discover
from jupyter_training.errors import ServerUnreachable
from jupyter_training.settings import Settings
from jupyter_training.spool import identity

__all__ = ["LOG_NAME", "started"]

LOG_NAME = "server.log"
_LOCK_NAME = "serve.lock"
_READY_SECONDS = 30.0
_LOOK_EVERY = 0.05
_AFTER_DEATH_SECONDS = 1.0  # it may have ended since another one, started by hand, is just coming up
# What a server may need of the process that happens to start it; nothing else of a notebook's variables.
_KEPT = frozenset(
    [
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR"),
        *("LD_LIBRARY_PATH", "SSL_CERT_FILE", "PYTHONWARNINGS"),
        "CUDA_VISIBLE_DEVICES",  # who was given some of a machine's GPUs gives out no others
    ]
)
_KEPT_PREFIXES = ("LC_", "XDG_", "JUPYTER_", "MLFLOW_TRACKING_", "AWS_")
_NEVER = frozenset(
    {"JUPYTER_TRAINING_URL", "JUPYTER_TRAINING_TOKEN", "JUPYTER_TOKEN", "JUPYTER_SERVER_URL"}
    | {f"JUPYTER_TRAINING_{name}" for name in ("JOB", "ATTEMPT", "SPOOL", "OUTPUT")}  # of the job that starts it
)


def started(settings: Settings, *, store: str | None = None) -> discover.Found:
    """A headless server of this home: the one that this call starts, or one that somebody else just did.

    Raises:
        ServerUnreachable: none can be started here, or it did not get ready; with the end of its log.
    """
    command = _command()
    deadline = time.monotonic() + _READY_SECONDS
    try:
        settings.run_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(settings.run_folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ServerUnreachable(
            f"No server of {settings.home} runs, and none can be started there: {error.strerror}.",
            hint="Name another folder in JUPYTER_TRAINING_HOME, or a server in JUPYTER_TRAINING_URL.",
        ) from error
    child: subprocess.Popen[bytes] | None = None
    died = 0.0
    try:
        while True:
            found = discover.home_server(settings, store=store)
            if found is not None:
                return found
            if child is None and _taken(lock):
                # Whoever had the lock before may have left a server that was not up when we looked.
                found = discover.home_server(settings, store=store)
                if found is not None:
                    return found
                child = _start(command, settings)
            if child is not None and child.poll() is not None:
                died = died or time.monotonic()
                if time.monotonic() - died > _AFTER_DEATH_SECONDS:
                    raise _failed(settings, f"it ended with status {child.returncode}")
            if time.monotonic() > deadline:
                if child is not None:
                    child.terminate()
                raise _failed(settings, f"it was not ready within {_READY_SECONDS:.0f} s")
            time.sleep(_LOOK_EVERY)
    finally:
        os.close(lock)
        _let_go(child)


def _command() -> list[str]:
    """The words that start a server: from this interpreter if it can, else the command on the path.

    Raises:
        ServerUnreachable: neither is possible, as in a bare kernel environment.
    """
    if all(importlib.util.find_spec(name) is not None for name in ("jupyter_server", "sqlalchemy", "pydantic")):
        return [sys.executable, "-P", "-m", "jupyter_training.cli", "serve"]
    own = os.path.dirname(os.path.abspath(sys.executable))  # has the command too, and can't run it
    others = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if os.path.abspath(folder) != own]
    elsewhere = shutil.which("jupyter-training", path=os.pathsep.join(others))
    if elsewhere is not None:
        return [elsewhere, "serve"]
    raise ServerUnreachable(
        "No jupyter-training server runs on this host, and this environment has only the part that talks to one.",
        hint="Start `jupyter-training serve` or JupyterLab where it is fully installed, or set JUPYTER_TRAINING_URL.",
    )


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _start(command: list[str], settings: Settings) -> subprocess.Popen[bytes]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if (name in _KEPT or name.startswith(_KEPT_PREFIXES)) and name not in _NEVER
    }
    environment["JUPYTER_TRAINING_HOME"] = str(settings.home)
    environment[identity.SERVICE] = "1"
    place = str(Path(__file__).resolve().parents[2])
    if command[0] == sys.executable and place in map(os.path.abspath, filter(None, sys.path)):
        environment["PYTHONPATH"] = place  # found beside the caller rather than installed
    with open(settings.logs / LOG_NAME, "ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=settings.home,
            env=environment,
            start_new_session=True,
        )


def _failed(settings: Settings, how: str) -> ServerUnreachable:
    log = settings.logs / LOG_NAME
    lines: list[str] = []
    with contextlib.suppress(OSError):
        lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    said = f" Its last words: {lines[-1].strip()}" if lines else ""
    return ServerUnreachable(f"The server of {settings.home} could not be started: {how}.{said}", hint=f"See {log}.")


def _let_go(child: subprocess.Popen[bytes] | None) -> None:
    """Forget a child that goes on without us: no warning at exit, no zombie while we live."""
    if child is not None and child.poll() is None:
        threading.Thread(target=child.wait, name="jupyter-training-serve", daemon=True).start()
