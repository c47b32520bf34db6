"""The state of a model between its updates, in a folder of its own: where an update begins, and where it leaves off.

    model.ckpt      the model; all that a deployment needs
    learner.ckpt    what the algorithm remembers beside it
    hpo.csv         every update so far; see ``update_history``
    state.json      which update this is, those before it, and the files' hashes

    made/  -> .state.new-...  -> one rename (an exchange, where something stands there)  -> state/

A state is there as a whole or not at all: who reads meanwhile finds the one before. Files of other people in the
folder stay. ``at`` gives the place that a URL means: a folder, or one in S3.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import shutil
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    class State(Protocol):
        """A place that holds one state."""

        def fetch(self, folder: str) -> dict[str, Any]:
            """Copy the state into a folder; what ``state.json`` says, empty for one of another system.

            Raises:
                NoState: there is none, or it is damaged.
            """

        def about(self) -> dict[str, Any]:
            """What ``state.json`` says there; empty where there is none."""

        def read(self, name: str) -> bytes | None:
            """The content of one of its files; None where there is none."""

        def has(self, name: str) -> bool:
            """Whether it has a file of this name."""

        @property
        def place(self) -> str:
            """The same text for the same place."""

        def publish(self, made: str) -> None:
            """Move a finished state there, in the place of what was there. ``made`` is empty then, or gone.

            Raises:
                OSError: it can't; what was there is still there, and so is ``made``.
            """


__all__ = [
    "ABOUT", "FILES", "HISTORY", "LEARNER", "MODEL", "VARIABLE", "FolderState", "NoState",
    "about", "at", "check", "seal",
]  # fmt: skip

MODEL, LEARNER, HISTORY, ABOUT = "model.ckpt", "learner.ckpt", "hpo.csv", "state.json"
FILES = (MODEL, LEARNER, HISTORY, ABOUT)
VARIABLE = "JUPYTER_TRAINING_STATE"  # in a job: JSON {"input", "output": URLs or null, "input_id", "task_id"}
_VERSION = 1
_LEFT_AFTER = 3600.0  # seconds
_EXCHANGE, _HERE = 2, -100  # RENAME_EXCHANGE, AT_FDCWD
_IN_THE_WAY = (errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV)


class NoState(ValueError):
    """There is no state to begin with; the text is a sentence."""


def at(url: str) -> State:
    """The place that a URL or a path means.

    Raises:
        ValueError: a kind of place that there is none of; the text is a sentence.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return FolderState(url)
    if scheme == "file":
        from urllib.parse import unquote

        return FolderState(unquote(rest if rest.startswith("/") else "/" + rest.partition("/")[2]))
    if scheme == "s3" and rest.strip("/"):
        from jupyter_training.runtime.state_s3 import S3State

        return S3State(url)
    raise ValueError(f"{url}: a state is kept in a folder or below s3://BUCKET/FOLDER.")


def about(folder: str) -> dict[str, Any]:
    """What ``state.json`` in a folder says; empty where there is none."""
    try:
        with open(os.path.join(folder, ABOUT), encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        return {}
    except ValueError:
        raise NoState(f"{os.path.join(folder, ABOUT)} is no JSON.") from None
    return found if isinstance(found, dict) else {}


def check(found: Mapping[str, Any], folder: str, shown: str) -> None:
    """See that the files in a folder are those that ``state.json`` speaks of.

    Raises:
        NoState: one is not.
    """
    for one in found.get("files", ()):
        path = os.path.join(folder, one["name"])
        if one["name"] in FILES and (not os.path.isfile(path) or _measured(path)["sha256"] != one["sha256"]):
            raise NoState(f"The state in {shown} is damaged: {one['name']} is not what its {ABOUT} says.")


def seal(folder: str, before: Mapping[str, Any], update: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``state.json`` of a made state: its update behind those before it, and the hashes of its files."""
    files = [
        {"name": name, **_measured(os.path.join(folder, name))} for name in sorted(os.listdir(folder)) if name != ABOUT
    ]
    found: dict[str, Any] = {"version": _VERSION, "files": files, "updates": [*before.get("updates", ()), dict(update)]}
    found["id"] = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]
    path = os.path.join(folder, ABOUT)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(found, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)
    return found


class FolderState:
    """A state in a folder of this machine."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(os.path.expanduser(path))

    def fetch(self, folder: str) -> dict[str, Any]:
        self._mend()
        if not os.path.isfile(os.path.join(self.path, MODEL)):
            what = f"has no {MODEL}" if os.path.isdir(self.path) else "is not there"
            raise NoState(f"There is no state to begin with: {self.path} {what}.")
        os.makedirs(folder, exist_ok=True)
        # Opened once: what is exchanged meanwhile doesn't mix two states.
        here = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for name in FILES:
                with contextlib.suppress(FileNotFoundError):
                    source = os.open(name, os.O_RDONLY, dir_fd=here)
                    with open(source, "rb") as content, open(os.path.join(folder, name), "wb") as copy:
                        shutil.copyfileobj(content, copy)
        finally:
            os.close(here)
        found = about(folder)
        check(found, folder, self.path)
        return found

    @property
    def place(self) -> str:
        return os.path.realpath(self.path)

    def read(self, name: str) -> bytes | None:
        self._mend()
        try:
            with open(os.path.join(self.path, name), "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def has(self, name: str) -> bool:
        self._mend()
        return os.path.isfile(os.path.join(self.path, name))

    def about(self) -> dict[str, Any]:
        self._mend()
        return about(self.path)

    def publish(self, made: str) -> None:
        target = os.path.realpath(self.path)
        parent, name = os.path.split(target)
        os.makedirs(parent, exist_ok=True)
        self._mend()
        try:
            self._swap(made, target, os.path.join(parent, f".{name}.new-{os.getpid()}-{time.time_ns()}"))
        except OSError as error:
            if error.errno not in _IN_THE_WAY or not os.path.isdir(target):
                raise
            _put_each(made, target)  # a mount point, or a folder in one that is not ours
        _clear(parent, (f".{name}.new-", f".{name}.old-"))
        shutil.rmtree(made, ignore_errors=True)

    def _swap(self, made: str, target: str, new: str) -> None:
        os.mkdir(new)
        try:
            for name in os.listdir(made):
                _bring(os.path.join(made, name), os.path.join(new, name))
            if not os.path.lexists(target):
                _sync(new)
                os.rename(new, target)
            else:
                _keep_others(target, new)
                _sync(new)
                _exchange(new, target)
            _sync(os.path.dirname(target))
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _mend(self) -> None:
        """Put back what stood here, where somebody was killed between two renames."""
        target = os.path.realpath(self.path)
        parent, name = os.path.split(target)
        if os.path.lexists(target) or not os.path.isdir(parent):
            return
        aside = sorted(one for one in os.listdir(parent) if one.startswith(f".{name}.old-"))
        if aside:
            with contextlib.suppress(OSError):
                os.rename(os.path.join(parent, aside[-1]), target)


def _bring(source: str, target: str) -> None:
    """The file under another name, without its bytes being copied where that can be."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)
    with open(target, "rb") as file:
        os.fsync(file.fileno())


def _keep_others(old: str, new: str) -> None:
    """What else lies in a state's folder goes on lying there."""
    shutil.copystat(old, new)
    for name in os.listdir(old):
        source, target = os.path.join(old, name), os.path.join(new, name)
        if name in FILES or os.path.lexists(target):
            continue
        if os.path.isdir(source) and not os.path.islink(source):
            shutil.copytree(source, target, symlinks=True, copy_function=_linked)
        else:
            _linked(source, target)


def _linked(source: str, target: str) -> str:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
    return target


def _exchange(new: str, target: str) -> None:
    """Let two folders change places, at once where the system can."""
    with contextlib.suppress(AttributeError, OSError):
        rename = ctypes.CDLL(None, use_errno=True).renameat2
        if rename(_HERE, os.fsencode(new), _HERE, os.fsencode(target), _EXCHANGE) == 0:
            return
    aside = f"{os.path.dirname(target)}/.{os.path.basename(target)}.old-{time.time_ns()}"
    os.rename(target, aside)
    try:
        os.rename(new, target)
    except OSError:
        os.rename(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _clear(parent: str, beginnings: tuple[str, ...]) -> None:
    """Remove what others left that were killed in the middle; not what one is at work on now."""
    for one in os.listdir(parent):
        path = os.path.join(parent, one)
        with contextlib.suppress(OSError):
            if one.startswith(beginnings) and time.time() - os.stat(path).st_mtime > _LEFT_AFTER:
                shutil.rmtree(path, ignore_errors=True)


def _put_each(made: str, target: str) -> None:
    """One file after the other; the one that says what they are comes last."""
    for name in sorted(os.listdir(made), key=lambda one: (one == ABOUT, one)):
        temporary = os.path.join(target, f".{name}.new")
        shutil.copyfile(os.path.join(made, name), temporary)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, os.path.join(target, name))
    _sync(target)


def _measured(path: str) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
            size += len(piece)
    return {"size": size, "sha256": digest.hexdigest()}


def _sync(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
