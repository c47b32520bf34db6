"""Write a checkpoint so that it is there as a whole or not at all.

    files -> fsync -> manifest with their hashes -> fsync -> rename -> fsync of the folder -> event -> (saved.json)

Killed before the rename, nothing of it counts, and what is left is removed by
the next attempt. Killed between rename and event, the next attempt finds it all
the same (``found``). Where checkpoints are kept under a URL, it is committed
here first and then copied; a copy that fails leaves it here.
"""

from __future__ import annotations

import json
import operator
import os
import shutil
import time
from contextlib import contextmanager

from jupyter_training.runtime import journal, mode, stopping
from jupyter_training.runtime.checkpoint import contents, pace, place, random_state
from jupyter_training.spool import checkpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

__all__ = ["NotSaved", "save", "write"]

_STEPS = 10**15
_VERSION = 1

_made = 0
_swept: set[str] = set()


class NotSaved(OSError):
    """A checkpoint could not be written. The older ones are untouched."""

    def __init__(self, sentence: str, number: int | None = None) -> None:
        super().__init__(number, sentence)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


def save(state: object, /, step: int | None = None, metrics: Mapping[str, float] | None = None) -> Path:
    """Keep a state that training can go on from; its folder on this machine.

        checkpoint.save({"model": model, "optimizer": optimizer}, step=epoch, metrics={"loss": loss})

    The state is any of these, or dicts, lists and tuples of them: numbers,
    texts, bytes, numpy arrays and random generators, torch modules, optimizers,
    tensors and whatever else has a ``state_dict()``, scikit-learn estimators. A text or path alone names a file or
    folder, which is copied. The state of the random generators of Python,
    numpy and torch is kept with it. ``metrics`` say how good it is, for
    the policy that decides which checkpoints are kept. Where they are kept
    under a URL, the folder is gone once it has been copied there.

    Within ``steps()`` the step need not be given. SIGTERM waits until it is done.

    Raises:
        NotSaved: it can't be written, e.g. as the disk is full; older ones stand.
        TypeError: something in the state is of a kind that can't be kept; the error says where.
        ValueError: no step was given, or it is no step.
        FileNotFoundError: there is no file or folder of that path.
    """
    with stopping.Undisturbed(), _being_written(step, metrics) as draft:
        draft.about = contents.write(state, draft.folder)
    return draft.kept()


@contextmanager
def write(step: int | None = None, metrics: Mapping[str, float] | None = None) -> Iterator[Path]:
    """An empty folder to write a checkpoint's files into; it is committed when the block ends without an error.

        with checkpoint.write(step=epoch) as folder:
            model.save_pretrained(folder)

    Raises:
        NotSaved: as ``save``.
        ValueError: as ``save``; or a file is called manifest.json, which is ours.
    """
    from pathlib import Path

    with _being_written(step, metrics) as draft:
        yield Path(draft.folder)
        draft.about = {"kind": "folder"}


class _Draft:
    """A checkpoint that is being written."""

    def __init__(self, step: int, folder: str) -> None:
        self.step = step
        self.folder = folder
        self.about: dict[str, Any] = {}
        self.name = ""

    def kept(self) -> Path:
        from pathlib import Path

        return Path(place.folder(), self.name)


@contextmanager
def _being_written(step: int | None, metrics: Mapping[str, float] | None) -> Iterator[_Draft]:
    step = _checked(step)
    begun = time.monotonic()
    pace.note_use()
    where = place.folder()
    place.note_outside(f"this is no job; checkpoints are kept in {where}.")
    draft = _Draft(step, "")
    try:
        draft.folder = _new_folder(where)
        yield draft
        with stopping.Undisturbed():
            manifest = _sealed(draft, _numbers(metrics))
            draft.name = _put(draft.folder, where, step)
            _tell(draft, where, manifest, time.monotonic() - begun)
    except NotSaved:
        raise
    except FileNotFoundError as error:
        if isinstance(error, contents.NothingThere):
            raise
        raise _not_saved(step, where, error) from error
    except OSError as error:
        raise _not_saved(step, where, error) from error
    finally:
        if draft.folder and not draft.name:
            shutil.rmtree(draft.folder, ignore_errors=True)


def _checked(step: int | None) -> int:
    if step is None:
        step = pace.current_step()
    if step is None:
        raise ValueError("the checkpoint needs its step: checkpoint.save(state, step=epoch)")
    try:
        whole = operator.index(step)
    except TypeError:
        whole = -1
    if not 0 <= whole < _STEPS or isinstance(step, bool):
        raise ValueError(f"step={step!r}: the step of a checkpoint is a whole number from 0 on")
    return whole


def _not_saved(step: int, where: str, error: OSError) -> NotSaved:
    older = _names(where)
    stands = f"The older ones stand, the last is {max(older)}." if older else "There is no older one."
    why = error.strerror or str(error) or type(error).__name__
    sentence = f"The checkpoint of step {step} could not be saved in {where}: {why}. {stands}"
    journal.note("not_saved", sentence)
    return NotSaved(sentence, error.errno)


def _names(where: str) -> list[str]:
    try:
        return [name for name in os.listdir(where) if checkpoints.is_name(name)]
    except OSError:
        return []


def _new_folder(where: str) -> str:
    """An empty folder beside the finished ones, of which nobody takes notice."""
    global _made
    os.makedirs(where, mode=0o700, exist_ok=True)
    if where not in _swept:
        _swept.add(where)
        _sweep(where)
    _made += 1
    folder = os.path.join(where, f"{checkpoints.TEMPORARY}{place.attempt()}-{os.getpid()}-{_made}")
    os.mkdir(folder, 0o700)
    return folder


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


def _numbers(metrics: Mapping[str, float] | None) -> dict[str, float] | None:
    """The metrics as JSON can have them; what is no number is left out, as no checkpoint shall fail of it."""
    found: dict[str, float] = {}
    for name, value in (metrics or {}).items():
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            journal.say(f"the checkpoint's metric {name!r} is no number and is left out.")
            continue
        if number - number == 0.0:
            found[str(name)] = number
    return found or None


def _sealed(draft: _Draft, metrics: dict[str, float] | None) -> dict[str, Any]:
    """Write the manifest, when all else is on disk; its content and its hash."""
    files = []
    folders = [draft.folder]
    for below, inner, names in os.walk(draft.folder):
        folders += [os.path.join(below, one) for one in inner]
        for name in sorted(names):
            path = os.path.join(below, name)
            relative = os.path.relpath(path, draft.folder)
            if relative == checkpoints.MANIFEST:
                raise ValueError(f"a file of a checkpoint can't be called {relative}, which is the checkpoint's own")
            if os.path.islink(path):
                raise ValueError(f"{relative} is a symbolic link; a checkpoint has files only")
            _sync(path)
            files.append({"path": relative, "size": os.stat(path).st_size, "sha256": checkpoints.digest(path)})
    manifest = {
        "version": _VERSION,
        "job": place.job_name(),
        "attempt": place.attempt(),
        "step": draft.step,
        "time": time.time(),
        "metrics": metrics,
        "random": random_state.taken(),
        "files": files,
        **draft.about,
    }
    path = os.path.join(draft.folder, checkpoints.MANIFEST)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(manifest, file)
    for one in [path, *folders]:
        _sync(one)
    return {**manifest, "sha256": checkpoints.digest(path)}


def _put(folder: str, where: str, step: int) -> str:
    """Give the finished folder its name: from now on the checkpoint is there."""
    count = 1
    while True:
        name = checkpoints.name(step, place.attempt(), count)
        target = os.path.join(where, name)
        if not os.path.lexists(target):
            try:
                os.rename(folder, target)
                break
            except OSError:
                if not os.path.lexists(target):
                    raise
        count += 1  # the same step once more
    _sync(where)
    return name


def _tell(draft: _Draft, where: str, manifest: dict[str, Any], seconds: float) -> None:
    about = {
        "size": sum(one["size"] for one in manifest["files"]),
        "files": len(manifest["files"]),
        "sha256": manifest["sha256"],
        "place": _copied(draft.name, where, manifest),
        "kind": manifest["kind"],
        "metrics": manifest["metrics"],
        "seconds": round(seconds, 3),
    }
    journal.checkpoint_committed(draft.step, draft.name, about)
    from jupyter_training.runtime.checkpoint import found

    found.know(draft.name, manifest["step"], about)
    if mode.test_mode:
        found.try_out(draft.name, draft.step)
    if about["place"] is not None:
        _forget(os.path.join(where, draft.name))
    pace.committed({"name": draft.name, "step": draft.step, "time": manifest["time"]})


def _copied(name: str, where: str, manifest: dict[str, Any]) -> str | None:
    """The URL of the checkpoint, copied there; None if it is kept here only."""
    root = place.remote()
    if root is None:
        return None
    from jupyter_training.runtime.checkpoint import remote

    try:
        remote.put(os.path.join(where, name), f"{root}/{name}", [one["path"] for one in manifest["files"]])
    except remote.Unreachable as error:
        sentence = f"The checkpoint {name} is kept in {where}: it could not be copied to {root}: {error}."
        journal.note("not_copied", sentence)
        journal.say(sentence)
        return None
    return f"{root}/{name}"


def _forget(folder: str) -> None:
    """Remove a copy, so that what a kill leaves of it is taken for no damaged checkpoint."""
    beside = os.path.join(os.path.dirname(folder), f"{checkpoints.TEMPORARY}{place.attempt()}-{os.getpid()}-gone")
    os.rename(folder, beside)
    shutil.rmtree(beside, ignore_errors=True)


def _sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        if not os.path.isdir(path):
            raise
        del error  # some network file systems refuse this for folders
    finally:
        os.close(handle)
