"""Write a checkpoint so that it is there as a whole or not at all.

    files -> fsync -> manifest with their hashes -> fsync -> rename -> fsync of the folder -> event -> (saved.json)

Killed before the rename, nothing of it counts, and what is left is removed by
the next attempt. Killed between rename and event, the next attempt finds it all
the same (``found``). Where checkpoints are kept under a URL, it is committed
here first and then copied; a copy that fails leaves it here.
"""

from __future__ import annotations

import errno
import operator
import os
import shutil
import time

from jupyter_training.runtime import journal, mode, stopping
from jupyter_training.runtime.checkpoint import contents, found, naming, pace, place, sealing
from jupyter_training.spool import checkpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType
    from typing import Any, Self

__all__ = ["NotSaved", "save", "write"]

_STEPS = 10**15
_FULL = (errno.ENOSPC, errno.EDQUOT)


class NotSaved(OSError):
    """A checkpoint could not be written. The older ones are untouched."""

    __module__ = "jupyter_training.runtime.checkpoint"  # where it is found, and what a traceback calls it

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
    with stopping.Undisturbed(), _Draft(step, metrics, is_ours=True) as draft:
        draft.about = contents.write(state, draft.folder)
    return draft.kept()


def write(step: int | None = None, metrics: Mapping[str, float] | None = None) -> AbstractContextManager[Path]:
    """An empty folder to write a checkpoint's files into; it is committed when the block ends without an error.

        with checkpoint.write(step=epoch) as folder:
            model.save_pretrained(folder)

    Raises:
        NotSaved: as ``save``.
        ValueError: as ``save``; or a file is called manifest.json, which is ours.
    """
    return _Block(_Draft(step, metrics, is_ours=False))


class _Draft:
    """A checkpoint that is being written, committed when its block ends.

    Classes and no generators, so that the person's traceback has no lines of contextlib.
    """

    def __init__(self, step: int | None, metrics: Mapping[str, float] | None, *, is_ours: bool) -> None:
        """``is_ours``: what fails in the block is our own doing, and not the person's code."""
        self.folder = ""
        self.about: dict[str, Any] = {"kind": "folder"}
        self._step = _checked(step)
        self._metrics = metrics
        self._is_ours = is_ours
        self._where = place.folder()
        self._name = ""
        self._begun = time.monotonic()

    def kept(self) -> Path:
        from pathlib import Path

        return Path(self._where, self._name)

    def __enter__(self) -> Self:
        pace.note_use()
        place.note_outside(f"this is no job; checkpoints are kept in {self._where}.")
        try:
            self.folder = sealing.new_folder(self._where)
        except OSError as error:
            raise _not_saved(self._step, self._where, error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._commit()
            elif isinstance(error, OSError) and (
                error.errno in _FULL or (self._is_ours and not isinstance(error, contents.NothingThere))
            ):
                raise _not_saved(self._step, self._where, error) from None
        finally:
            if not self._name:
                shutil.rmtree(self.folder, ignore_errors=True)

    def _commit(self) -> None:
        with stopping.Undisturbed():
            try:
                at = naming.moment(self._where)
                manifest = sealing.seal(self.folder, self._step, _numbers(self._metrics), self.about, at)
                self._name = _put(self.folder, self._where, self._step)
            except OSError as error:
                raise _not_saved(self._step, self._where, error) from None
            _tell(self._name, self._where, manifest, time.monotonic() - self._begun)


class _Block:
    """A draft as the person's code sees it: the path of its folder."""

    def __init__(self, draft: _Draft) -> None:
        self._draft = draft

    def __enter__(self) -> Path:
        from pathlib import Path

        return Path(self._draft.__enter__().folder)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._draft.__exit__(kind, error, trace)


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
    older = sorted((attempt, count, at, name) for name, (at, attempt, count) in _names(where).items())
    stands = f"The older ones stand, the last is {older[-1][-1]}." if older else "There is no older one."
    why = error.strerror or str(error) or type(error).__name__
    sentence = f"The checkpoint of step {step} could not be saved in {where}: {why}. {stands}"
    journal.note("not_saved", sentence)
    return NotSaved(sentence, error.errno)


def _names(where: str) -> dict[str, tuple[int, int, int]]:
    """The checkpoints that lie there, with step, attempt and count."""
    try:
        found = {name: checkpoints.parts(name) for name in os.listdir(where)}
    except OSError:
        return {}
    return {name: parts for name, parts in found.items() if parts is not None}


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


def _put(folder: str, where: str, step: int) -> str:
    """Give the finished folder its name: from now on the checkpoint is there."""
    while True:
        name = naming.named(where, step)
        target = os.path.join(where, name)
        if not os.path.lexists(target):
            try:
                os.rename(folder, target)
                break
            except OSError:
                if not os.path.lexists(target):
                    raise
    sealing.sync(where)
    return name


def _tell(name: str, where: str, manifest: dict[str, Any], seconds: float) -> None:
    """Say that it is there, to everybody who waits for it."""
    about = {
        "size": sum(one["size"] for one in manifest["files"]),
        "files": len(manifest["files"]),
        "sha256": manifest["sha256"],
        "place": _copied(name, where, manifest),
        "kind": manifest["kind"],
        "metrics": manifest["metrics"],
        "seconds": round(seconds, 3),
    }
    step = manifest["step"]
    journal.checkpoint_committed(step, name, about, naming.moment(where))
    found.know(name, step, about)
    if mode.test_mode:
        found.try_out(name, step)
    if about["place"] is not None:
        sealing.forget(os.path.join(where, name))
    pace.committed({"name": name, "step": step, "time": manifest["time"]})


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
