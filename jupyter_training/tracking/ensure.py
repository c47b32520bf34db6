"""See that a mirror is alive: cheap when one is, and without an import of mlflow.

Whoever finds ``run/mirror.lock`` free takes it and starts a mirror that
inherits the locked file, so that there is no moment in which a second one
could be started. The kernel frees the lock when the mirror dies. One that
keeps dying is given a rest: three starts within a minute that did not end in
order, and the next is a minute later.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import MutableMapping
from enum import StrEnum
from pathlib import Path

from jupyter_training.settings import Settings
from jupyter_training.spool import identity

__all__ = ["COMMAND", "LOCK_NAME", "Mirroring", "ensure_mirror", "left_in_order", "quieten_mlflow", "take_lock"]

LOCK_NAME = "mirror.lock"
COMMAND = ("-P", "-m", "jupyter_training.tracking.mirror")

_DEATHS = 3
_WITHIN = 60.0
# What reaching a tracking server and its artifact store may need; nothing of a notebook's own variables travels.
_KEPT = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
_KEPT_PREFIXES = ("MLFLOW_TRACKING_", "MLFLOW_S3_", "AWS_", "AZURE_", "GOOGLE_", "DATABRICKS_")

_children: list[subprocess.Popen[bytes]] = []  # asked after now and then, so that a dead one is no zombie


class Mirroring(StrEnum):
    """What ``ensure_mirror`` found or did."""

    ALIVE = "alive"
    STARTED = "started"
    RESTING = "resting"  # it died too often just now; mirror.log says why
    REFUSED = "refused"  # the home's run folder can't be written


def ensure_mirror(settings: Settings) -> Mirroring:
    """Start a mirror of this home unless one is alive. Returns at once."""
    _children[:] = [child for child in _children if child.poll() is None]
    try:
        lock = take_lock(settings)
        if lock is None:
            return Mirroring.ALIVE
        try:
            starts = _recent_starts(lock)
            if len(starts) >= _DEATHS:
                return Mirroring.RESTING
            _start(settings, lock)
            _note_starts(lock, [*starts, time.time()])
        finally:
            os.close(lock)
    except OSError:
        return Mirroring.REFUSED
    return Mirroring.STARTED


def take_lock(settings: Settings) -> int | None:
    """The locked file's descriptor; None while a mirror holds it.

    Raises:
        OSError: the run folder can't be written.
    """
    settings.run_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(settings.run_folder / LOCK_NAME, os.O_RDWR | os.O_CLOEXEC | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    except OSError:
        os.close(lock)
        raise
    return lock


def left_in_order(lock: int) -> None:
    """A mirror that leaves because nobody needs it has not died: forget its start."""
    with contextlib.suppress(OSError):
        os.ftruncate(lock, 0)


def quieten_mlflow(environment: MutableMapping[str, str]) -> None:
    """Set what mlflow reads when it is imported: no telemetry, and little patience, as the mirror has its own."""
    environment["MLFLOW_DISABLE_TELEMETRY"] = "true"
    environment.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    environment.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    for name in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"):
        environment.pop(name, None)


def _start(settings: Settings, lock: int) -> None:
    environment = {
        name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    environment.pop("MLFLOW_TRACKING_URI", None)
    if settings.tracking_uri is not None:
        environment["MLFLOW_TRACKING_URI"] = settings.tracking_uri
    if settings.store_url is not None:
        environment["JUPYTER_TRAINING_STORE"] = settings.store_url
    settings.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(settings.logs / "mirror.log", "ab") as log:
        child = subprocess.Popen(
            [sys.executable, *COMMAND, "--home", str(settings.home), "--lock-fd", str(lock)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=settings.home,
            env=environment | _import_path() | {identity.SERVICE: "1"},
            start_new_session=True,
            pass_fds=(lock,),
        )
    _children.append(child)


def _import_path() -> dict[str, str]:
    """What lets the child import this very package when it was found beside the caller rather than installed."""
    place = str(Path(__file__).resolve().parents[2])
    return {"PYTHONPATH": place} if place in map(os.path.abspath, filter(None, sys.path)) else {}


def _recent_starts(lock: int) -> list[float]:
    try:
        starts = json.loads(os.pread(lock, 4096, 0))
    except ValueError:
        return []
    now = time.time()
    return [start for start in starts if isinstance(start, (int, float)) and 0 <= now - start < _WITHIN]


def _note_starts(lock: int, starts: list[float]) -> None:
    """In the locked file itself. The child shares the file but writes to it only when it leaves."""
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps(starts[-_DEATHS:]).encode(), 0)
