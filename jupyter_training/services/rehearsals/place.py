"""Where code is tried: a home of its own with two attempts in it, and nothing left of them afterwards."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jupyter_training import supervisor
from jupyter_training.backends.local.prepare import prepare
from jupyter_training.core.job import JobSpec
from jupyter_training.core.resources import Allocation
from jupyter_training.errors import LaunchFailed, Refused, Unavailable
from jupyter_training.runtime import archive
from jupyter_training.seams.backend import AttemptRef, LaunchOrder
from jupyter_training.services import bundle, passed
from jupyter_training.services.site import Site
from jupyter_training.spool import claim, layout, tail

__all__ = ["Place", "Run", "opened", "sweep"]

_LOOK_EVERY = 0.02
_DIES_WITHIN = 20.0  # seconds from a kill to the record of the end
_LOG_END = 8_000  # bytes that are shown
_KEY = "rehearsal"
_LOCK = ".lock-"
_OWNER = ".owner"


@dataclass(frozen=True)
class Run:
    """What one run has left. ``exit`` None: it could not be started, or was cut off and left no record."""

    exit: dict[str, Any] | None
    end: dict[str, Any] | None
    events: tuple[tail.Event, ...]
    log: str
    seconds: float
    cut_off: bool
    launch_error: str | None = None


class Place:
    """The throw-away home. ``is_unwanted``: whoever asked is gone."""

    def __init__(self, site: Site, folder: Path, spec: JobSpec, *, is_unwanted: Callable[[], bool]) -> None:
        self._site = site
        self._settings = replace(site.settings, home=folder)
        self._folder = folder
        self._spec = spec
        self._job = site.new_id()
        self._is_unwanted = is_unwanted
        self._runtime = archive.install(site.settings.home)

    def run(self, number: int, limit: float) -> Run:
        """Run the code in test mode, as attempt ``number``, for at most so many seconds."""
        folder = self._settings.spool_root / self._job / str(number)
        ref = AttemptRef(self._job, number, f"rehearsal-{self._job}-{number}", None)
        order = LaunchOrder(
            ref,
            self._spec,
            Allocation("local", self._spec.resources.slots),
            self._site.store.store_id,
            _KEY,
            params=self._spec.params,
        )
        begun = time.monotonic()
        try:
            prepare(order, folder, self._runtime, self._settings)
        except LaunchFailed as error:
            return Run(None, None, (), "", 0.0, cut_off=False, launch_error=str(error))
        self._make_a_test(folder)
        with _supervised(self._runtime, folder) as child:
            cut_off = not self._wait(folder, begun + limit)
            if cut_off:
                _kill(folder)
                self._wait(folder, time.monotonic() + _DIES_WITHIN, whatever=True)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_DIES_WITHIN)
        return Run(
            layout.read_json(layout.exit_file(folder)),
            layout.read_json(layout.end_file(folder)),
            tuple(_events(folder)),
            _log(folder),
            time.monotonic() - begun,
            cut_off,
        )

    def _make_a_test(self, folder: Path) -> None:
        """The order of a job, but for what makes it a test; what it logs to MLflow goes to a record of its own."""
        path = layout.order_file(folder)
        order = layout.read_json(path) or {}
        uri = (self._folder / "mlruns").as_uri()
        order["test"] = True
        # Plain files: to make a database takes MLflow as long as the test may.
        aside = {"MLFLOW_TRACKING_URI": uri, "MLFLOW_EXPERIMENT_NAME": "rehearsal", "MLFLOW_ALLOW_FILE_STORE": "true"}
        order["env"] = {**order["env"], **aside}
        order["checkpoints"] = {**order["checkpoints"], "to": None}
        layout.write_json(path, order, durable=False)
        record = {
            "tracking_uri": uri,
            "run_id": None,
            "experiment_id": None,
            "artifact_uri": None,
            "version": version("mlflow"),
        }
        layout.write_json(
            folder / "mlflow.json", {**record, "artifacts": str(self._settings.mlflow_artifacts)}, durable=False
        )

    def _wait(self, folder: Path, deadline: float, *, whatever: bool = False) -> bool:
        """Wait for the record of the end; False: it is not there in time, or nobody wants it any more."""
        return _ends(folder, deadline, unless=self._is_unwanted if not whatever else lambda: False)


@contextlib.contextmanager
def opened(
    site: Site,
    user: str,
    spec: JobSpec,
    contents: dict[str, bytes],
    secrets: dict[str, str],
    *,
    is_unwanted: Callable[[], bool],
) -> Iterator[Place]:
    """A place for this code; it is removed at the end, whatever happens.

    Raises:
        Refused: another test of the same user is under way.
        Unavailable: the folder can't be made.
    """
    root = site.settings.rehearsals
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(root, user):
            folder = Path(tempfile.mkdtemp(dir=root))
            try:
                _furnish(site, folder, contents, secrets)
                yield Place(site, folder, spec, is_unwanted=is_unwanted)
            finally:
                _clear(folder)
    except OSError as error:
        raise Unavailable(f"The test has no place: {error.strerror} ({error.filename}).") from error


def sweep(site: Site) -> int:
    """Remove what servers that died have left, with the processes that still run there. How many there were."""
    try:
        folders = [one for one in site.settings.rehearsals.iterdir() if one.is_dir()]
    except OSError:
        return 0
    left = [folder for folder in folders if not _is_held(folder)]
    for folder in left:
        for attempt in folder.glob("spool/*/*"):
            if claim.is_taken(attempt) and claim.supervisor_alive(attempt):
                _kill(attempt)
                _ends(attempt, time.monotonic() + _DIES_WITHIN)
        _clear(folder)
    return len(left)


def _furnish(site: Site, folder: Path, contents: dict[str, bytes], secrets: dict[str, str]) -> None:
    """Put the code there; data and contexts are borrowed from the home."""
    coming = folder / f"{_OWNER}.coming"
    handle = os.open(coming, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    _held[str(folder)] = handle
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    coming.rename(folder / _OWNER)  # locked before anybody can find it without its owner
    own = replace(site.settings, home=folder)
    bundle.keep(contents, own.blobs)
    site.settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    own.data.symlink_to(site.settings.data)
    passed.put(own, _KEY, secrets)


_held: dict[str, int] = {}  # open locks of this process's places, by their folder


def _is_held(folder: Path) -> bool:
    """Whether the process that made a place lives."""
    try:
        handle = os.open(folder / _OWNER, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return _is_fresh(folder)  # it is being made
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _is_fresh(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime < _DIES_WITHIN
    except OSError:  # it is gone
        return True


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    handle = _held.pop(str(folder), None)
    if handle is not None:
        os.close(handle)
    shutil.rmtree(folder, ignore_errors=True)  # what a last process wrote meanwhile


@contextlib.contextmanager
def _alone(root: Path, user: str) -> Iterator[None]:
    name = hashlib.sha256(user.encode()).hexdigest()[:16]
    handle = os.open(root / f"{_LOCK}{name}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                "A test of yours is under way, and one runs at a time.", hint="Wait for its result, or stop it."
            ) from None
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _supervised(runtime: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = supervisor.command(sys.executable, str(runtime), str(folder))
    with open(folder / "supervisor.log", "ab") as out:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder, env={}, start_new_session=True
        )
    try:
        yield child
    finally:
        if child.poll() is None:
            _kill(folder)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_DIES_WITHIN)


def _ends(folder: Path, deadline: float, *, unless: Callable[[], bool] = lambda: False) -> bool:
    """Wait for a run's record of its end; False: it is not there in time."""
    path = layout.exit_file(folder)
    while not path.exists():
        if time.monotonic() >= deadline or unless():
            return False
        time.sleep(_LOOK_EVERY)
    return True


def _kill(folder: Path) -> None:
    layout.write_json(layout.stop_file(folder), {"how": "kill", "grace": 0.0, "time": time.time()}, durable=False)


def _events(folder: Path) -> Iterator[tail.Event]:
    """All events of a run, oldest first."""
    found: list[tail.Event] = []
    for page in tail.pages(folder):
        offset = 0
        while True:
            events, end, _ = tail.read(page, offset, final=True)
            found += events
            if end == offset:
                break
            offset = end
    return iter(sorted(found, key=lambda event: event[1]))


def _log(folder: Path) -> str:
    """The end of what it printed."""
    try:
        with open(layout.log_file(folder), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LOG_END))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
