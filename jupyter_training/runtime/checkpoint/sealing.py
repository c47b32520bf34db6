"""The folder of a checkpoint before it has its name: made, filled, put on disk, described."""

from __future__ import annotations

import json
import os
import shutil

from jupyter_training.runtime.checkpoint import place, random_state
from jupyter_training.spool import checkpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["forget", "new_folder", "seal", "sync"]

_VERSION = 1

_swept: set[str] = set()


def new_folder(where: str) -> str:
    """An empty folder beside the finished ones, of which nobody takes notice."""
    os.makedirs(where, mode=0o700, exist_ok=True)
    if where not in _swept:
        _swept.add(where)
        _sweep(where)
    folder = _draft(where)
    os.mkdir(folder, 0o700)
    return folder


def seal(
    folder: str, step: int, metrics: Mapping[str, float] | None, about: Mapping[str, Any], at: float
) -> dict[str, Any]:
    """Write the manifest, when all else is on disk; its content and its hash.

    A service may copy the folder meanwhile: its markers are passed over by their names, as they may be gone by now.
    """
    files = []
    folders = [folder]
    for below, inner, names in os.walk(folder):
        folders += [os.path.join(below, one) for one in inner]
        for name in sorted([*(one for one in names if not checkpoints.is_marker(one)), *inner]):
            path = os.path.join(below, name)
            relative = os.path.relpath(path, folder)
            if relative == checkpoints.MANIFEST:
                raise ValueError(f"a file of a checkpoint can't be called {relative}, which is the checkpoint's own")
            if os.path.islink(path) or not (os.path.isfile(path) or os.path.isdir(path)):
                raise ValueError(f"{relative} is a link, pipe or device; a checkpoint has files and folders only")
            if name in inner:
                continue
            sync(path)
            files.append({"path": relative, "size": os.stat(path).st_size, "sha256": checkpoints.digest(path)})
    manifest = {
        "version": _VERSION,
        "job": place.job_name(),
        "attempt": place.attempt(),
        "step": step,
        "time": at,
        "metrics": metrics,
        "random": random_state.taken(),
        "files": files,
        **about,
    }
    path = os.path.join(folder, checkpoints.MANIFEST)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    for one in [path, *folders]:
        sync(one)
    return {**manifest, "sha256": checkpoints.digest(path)}


def forget(folder: str) -> None:
    """Remove a copy, so that what a kill leaves of it is taken for no damaged checkpoint."""
    beside = _draft(os.path.dirname(folder))
    os.rename(folder, beside)
    shutil.rmtree(beside, ignore_errors=True)


def sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError:
        if not os.path.isdir(path):  # some network file systems refuse this for folders
            raise
    finally:
        os.close(handle)


def _draft(where: str) -> str:
    """A name that nobody has. A process of a container that was started anew may have the id of one in the last."""
    return os.path.join(where, f"{checkpoints.TEMPORARY}{place.attempt()}-{os.getpid()}-{os.urandom(6).hex()}")


def _sweep(where: str) -> None:
    """Remove what killed writers have left."""
    for name in os.listdir(where):
        if name.startswith(checkpoints.TEMPORARY):
            attempt, _, rest = name[len(checkpoints.TEMPORARY) :].partition("-")
            is_ours = attempt == str(place.attempt())  # perhaps of another process that is writing just now
            if not is_ours or (not place.attempt() and not _lives(rest.partition("-")[0])):
                shutil.rmtree(os.path.join(where, name), ignore_errors=True)


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        pass
    return True
