"""See that a dispatcher is alive: called on each submit and when a server starts.

The dispatcher holds an exclusive lock on ``run/dispatcher.lock`` for its life.
Whoever finds the lock free takes it, starts a dispatcher that inherits the
locked file, and lets go: between the two nobody else can start one, so that
two hundred submits at once start exactly one. The kernel frees the lock when
the process dies, however it dies.

Three deaths within a minute stop the starting for the rest of that minute;
``why_down`` is the sentence for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from jupyter_training.dispatch import wake as wakes
from jupyter_training.settings import Settings
from jupyter_training.spool import identity

__all__ = ["LOCK_NAME", "ensure_dispatcher", "forget_starts", "is_alive", "take_lock", "wake", "why_down"]

LOCK_NAME = "dispatcher.lock"
_STARTS_NAME = "dispatcher.starts"
_DEATHS = 3
_WITHIN = 60.0
# What a dispatcher may need of its starter's environment; nothing of a notebook's own variables travels.
_KEPT = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
    "CUDA_VISIBLE_DEVICES",  # who was given some of a machine's GPUs gives out no others
)
# How the record or the store of a team is reached.
_KEPT_PREFIXES = (
    "MLFLOW_TRACKING_",
    "MLFLOW_S3_",
    "AWS_",
    "AZURE_",
    "GOOGLE_",
    "DATABRICKS_",
    "PG",
    "JUPYTER_TRAINING_",
)
_children: list[subprocess.Popen[bytes]] = []
_NEVER = frozenset(
    {"JUPYTER_TRAINING_URL", "JUPYTER_TRAINING_TOKEN"}
    | {f"JUPYTER_TRAINING_{name}" for name in ("JOB", "ATTEMPT", "SPOOL", "OUTPUT")}  # of the job that starts it
)


def ensure_dispatcher(settings: Settings) -> bool:
    """Start a dispatcher unless one is alive. True if this call started it. Returns at once."""
    lock = take_lock(settings)
    if lock is None:
        return False
    try:
        starts = _recent_starts(settings)
        if len(starts) >= _DEATHS:
            return False
        _start(settings, lock)
        _note_starts(settings, [*starts, time.time()])
        return True
    finally:
        os.close(lock)


def is_alive(settings: Settings) -> bool:
    """Whether a dispatcher of this home lives on this host.

    Read from the holder's own mark, never by trying the lock: a probe that
    holds it for an instant would make a submit believe that somebody is there.
    """
    try:
        mark = json.loads((settings.run_folder / LOCK_NAME).read_text("utf-8"))
        return identity.is_alive(mark["pid"], mark["start_time"], mark["boot_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def why_down(settings: Settings) -> str | None:
    """The sentence for a dispatcher that is no longer started since it kept dying; None otherwise."""
    if len(_recent_starts(settings)) < _DEATHS or is_alive(settings):
        return None
    return (
        f"The dispatcher died {_DEATHS} times within a minute, so it is not started again for now. "
        "`jupyter training doctor` and dispatcher.log in the home's logs say why."
    )


def forget_starts(settings: Settings) -> None:
    """A dispatcher that leaves in order, or has lived long enough, was not a death."""
    with contextlib.suppress(OSError):
        (settings.run_folder / _STARTS_NAME).unlink(missing_ok=True)


def wake(settings: Settings) -> None:
    """Shorten the dispatcher's wait."""
    wakes.send(settings, "dispatcher")


def take_lock(settings: Settings) -> int | None:
    """The locked file's descriptor, or None when a dispatcher holds it (or the folder can't be written)."""
    path = settings.run_folder / LOCK_NAME
    try:
        settings.run_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_CREAT, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def _start(settings: Settings, lock: int) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if (name in _KEPT or name.startswith(_KEPT_PREFIXES)) and name not in _NEVER
    }
    environment["JUPYTER_TRAINING_HOME"] = str(settings.home)
    if settings.store_url is not None:
        environment["JUPYTER_TRAINING_STORE"] = settings.store_url
    if settings.tracking_uri is not None:
        environment["MLFLOW_TRACKING_URI"] = settings.tracking_uri
    # What only this process was told of pools counts for the dispatcher too, which sets them up when it starts.
    if settings.local_slots is not None:
        environment["JUPYTER_TRAINING_LOCAL_SLOTS"] = json.dumps(settings.local_slots)
    if settings.pools:
        environment["JUPYTER_TRAINING_POOLS"] = json.dumps(settings.pools)
    if settings.sagemaker:
        environment["JUPYTER_TRAINING_SAGEMAKER"] = json.dumps(settings.sagemaker)
    settings.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(settings.logs / "dispatcher.log", "ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "jupyter_training.dispatch", "--lock-fd", str(lock)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=settings.home,
            env=environment | _import_path() | {identity.SERVICE: "1"},
            start_new_session=True,
            pass_fds=(lock,),
        )
    # Kept so that a long-lived server reaps the dispatchers it started and that ended.
    _children[:] = [one for one in [*_children, child] if one.poll() is None]


def _import_path() -> dict[str, str]:
    """What lets the child import this very package when it was found beside the caller rather than installed."""
    place = str(Path(__file__).resolve().parents[2])
    return {"PYTHONPATH": place} if place in map(os.path.abspath, filter(None, sys.path)) else {}


def _recent_starts(settings: Settings) -> list[float]:
    try:
        starts = json.loads((settings.run_folder / _STARTS_NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    now = time.time()
    return [start for start in starts if isinstance(start, (int, float)) and 0 <= now - start < _WITHIN]


def _note_starts(settings: Settings, starts: list[float]) -> None:
    with contextlib.suppress(OSError):
        (settings.run_folder / _STARTS_NAME).write_text(json.dumps(starts[-_DEATHS:]), "utf-8")
