"""Which checkpoint to go on from: the newest that is whole.

In this order: what this attempt has saved, and what lies in the job's folder and
is newer than all that the order names (its writer was killed before it could
tell of it); then what the order names. What was told of and is no candidate was
found damaged before, or removed: it is not taken again. One that fails its check is
told of and left alone; then the one before it is tried. Where all are missing, a
disk may not be mounted yet: nothing is told of, and nobody goes on. Where none is whole the
training starts anew, unless its steps count from what was reached before: what was
continued or resumed must have that.
"""

from __future__ import annotations

import os
import shutil
import time

from jupyter_training.runtime import journal
from jupyter_training.runtime.checkpoint import contents, pace, place, random_state
from jupyter_training.spool import checkpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

__all__ = ["Checkpoint", "NotRestored", "know", "latest", "start", "try_out"]

_NAMED = 3  # damaged checkpoints in a sentence

_known: dict[str, tuple[int, dict[str, Any]]] = {}  # what this process has saved, by name, and when
_damaged: set[str] = set()  # told of already
_first: list[Checkpoint | None] = []  # what latest() gave at first


class NotRestored(Exception):
    """A checkpoint is there and can't be had now, or can't be put into what it shall be put into."""

    __module__ = "jupyter_training.runtime.checkpoint"  # where it is found, and what a traceback calls it


class Checkpoint:
    """One that has been checked: ``step``, ``name``, ``path``, ``metrics`` and ``load()``."""

    def __init__(self, folder: str, manifest: Mapping[str, Any]) -> None:
        self.step: int = int(manifest["step"])
        self.name = str(manifest.get("name"))
        self.metrics: dict[str, float] = dict(manifest.get("metrics") or {})
        self.is_used = False
        self.is_untold = False  # its writer was killed before it could tell of it
        self.found_in: float | None = None  # seconds, until it is told how long it took to go on from it
        self._folder = folder
        self._manifest = manifest

    @property
    def path(self) -> Path:
        """Its folder, with its files and ``manifest.json``. Not to be written to."""
        from pathlib import Path

        self.is_used = True
        return Path(self._folder)

    def load(self, into: Any = None) -> Any:
        """What was saved; with ``into`` put into it, which is given back.

            model = found.load()
            found.load(into={"model": model, "optimizer": optimizer})

        ``into`` has the shape of what was saved. What has a ``load_state_dict`` gets its
        state, arrays and random generators get their content, estimators their
        fitted values, dicts and lists their entries. Of what was saved as a path, or with ``write()``,
        this is the path of the file or folder.

        The random generators of Python, numpy and torch stand afterwards as
        they stood when it was saved.

        Raises:
            NotRestored: ``into`` has another shape, or a library that it needs is not there.
        """
        self.is_used = True
        began = time.monotonic()
        try:
            found = contents.read(self._folder, self._manifest, into)
        except contents.Misfit as error:
            raise NotRestored(f"The checkpoint {self.name} does not fit: {error}.") from None
        except ImportError as error:
            raise NotRestored(f"The checkpoint {self.name} needs a library that is not there: {error}.") from error
        random_state.give_back(self._manifest.get("random") or {})
        if self.found_in is not None:
            journal.checkpoint_restored(self.name, self.found_in + time.monotonic() - began)
            self.found_in = None
        return found

    def about(self) -> dict[str, Any]:
        """What is told of it."""
        files = self._manifest["files"]
        return {
            "size": sum(one["size"] for one in files),
            "files": len(files),
            "sha256": checkpoints.digest(os.path.join(self._folder, checkpoints.MANIFEST)),
            "place": None,
            "kind": str(self._manifest.get("kind")),
            "metrics": self._manifest.get("metrics"),
            "seconds": None,
        }

    def __repr__(self) -> str:
        return f"<checkpoint {self.name} of step {self.step}>"


def latest() -> Checkpoint | None:
    """The newest checkpoint that is whole; None if there is none. Checked each time.

    Raises:
        NotRestored: one that is kept under a URL can't be reached. It may well be whole, so no older one is taken.
            Or there is nothing at all where they should be. Or the job was continued or resumed, and none is whole.
    """
    pace.note_use()
    began = time.monotonic()
    found = _newest()
    if not _first:
        _first.append(found)
        if found is not None:
            found.found_in = time.monotonic() - began
        pace.start_after(found.step if found is not None else 0)
        if found is not None and found.is_untold:
            journal.checkpoint_committed(found.step, found.name, found.about())
        journal.checkpoint_given(*((found.step, found.name) if found is not None else (None, None)))
        if found is not None:
            place.note_outside(f"this is no job; it goes on from step {found.step}, {found._folder}.")
    return found


def start() -> int:
    """The step to go on from; 0 where there is nothing."""
    found = _first[0] if _first else latest()
    if found is None:
        return 0
    if not found.is_used:
        journal.say(
            f"the steps go on after {found.step}, but the code has not loaded {found.name}:"
            " checkpoint.latest().load(into=...) does, before checkpoint.steps()."
        )
    return found.step


def know(name: str, step: int, about: Mapping[str, Any]) -> None:
    """Remember what this process has saved."""
    one = {"name": name, "step": step, "sha256": about["sha256"], "place": about["place"]}
    _known[name] = (time.time_ns(), one)


def try_out(name: str, step: int) -> None:
    """In test mode: see right away whether what was saved can be read, and tell so."""
    folder = os.path.join(place.folder(), name)
    why = checkpoints.fault(folder)
    if why is None:
        try:
            contents.read(folder, checkpoints.read(folder) or {}, None)
        except Exception as error:  # noqa: BLE001 (whatever somebody else's reading raises is the answer)
            why = f"it can't be read: {type(error).__name__}: {error}"
    if why is not None:
        journal.checkpoint_damaged(name, why)
        journal.say(f"test mode: the checkpoint can't be restored: {why}.")
    else:
        journal.checkpoint_given(step, name)


def _newest() -> Checkpoint | None:
    failed: dict[str, str] = {}  # why, by name
    where = ""  # the first of them was to be found
    for one in _in_order():
        name = one["name"]
        folder, why = _at_hand(one)
        where = where or os.path.dirname(str(one.get("place") or folder))
        if why is None:
            manifest = checkpoints.read(folder)
            if manifest is not None and isinstance(manifest.get("step"), int):
                _tell_of(failed)
                if failed:
                    journal.say(f"it goes on from step {manifest['step']}, {name}.")
                whole = Checkpoint(folder, {**manifest, "name": name})
                whole.is_untold = not one.get("sha256") and manifest.get("attempt") != place.attempt()
                return whole
            why = f"its {checkpoints.MANIFEST} can't be read"
        failed[name] = why
    is_away = bool(failed) and all(why == checkpoints.MISSING for why in failed.values())
    if not is_away:
        _tell_of(failed)
    if place.base() > 0:
        raise NotRestored(_missing(failed))
    if is_away:  # nothing says that they are damaged: they may be there again in a moment
        raise NotRestored(_away(failed, where))
    if failed:
        which = f"none of its {len(failed)} checkpoints" if len(failed) > 1 else "its only checkpoint"
        can = "can" if len(failed) > 1 else "can't"
        journal.say(f"{which} {can} be used ({_whys(failed)}); the training starts anew.")
    return None


def _tell_of(failed: Mapping[str, str]) -> None:
    """Say which are damaged, each once. From now on nobody goes on from them."""
    for name, why in failed.items():
        if name not in _damaged:
            _damaged.add(name)
            journal.checkpoint_damaged(name, why)
            journal.say(f"the checkpoint {name} is damaged: {why}. The one before it is tried.")


def _away(failed: Mapping[str, str], where: str) -> str:
    """Why nobody begins anew where there should be checkpoints, and none is there."""
    which = (
        f"None of the {len(failed)} checkpoints of this job" if len(failed) > 1 else "The only checkpoint of this job"
    )
    verb = "is" if len(failed) > 1 else "isn't"
    return (
        f"{which} {verb} there, in {where} ({_whys(failed)}). See whether the disk that they are on is mounted, and"
        " retry the job. If they are gone for good, fork it to begin anew."
    )


def _missing(failed: Mapping[str, str]) -> str:
    """Why a job that was continued or resumed can't go on."""
    return (
        f"This job goes on from step {place.base()}, and no checkpoint of it is whole"
        f" ({_whys(failed) or 'none is left'}). Continue another one, or fork the job to begin anew."
    )


def _whys(failed: Mapping[str, str]) -> str:
    whys = [f"{name}: {why}" for name, why in list(failed.items())[:_NAMED]]
    more = [f"and {len(failed) - _NAMED} more"] if len(failed) > _NAMED else []
    return "; ".join([*whys, *more])


def _in_order() -> Iterator[Mapping[str, Any]]:
    """What may be gone on from, newest first, each once."""
    named = [one for one in place.candidates() if checkpoints.is_name(one.get("name"))]
    given = set()
    for one in [*_newer({one["name"] for one in named}), *named]:
        if one["name"] not in given:
            given.add(one["name"])
            yield one


def _newer(named: set[str]) -> list[dict[str, Any]]:
    """What this attempt has saved, and what lies in the folder and is newer than all that the order names."""
    there = _there()
    since = max((there[name] for name in named if name in there), default=-1)
    passed_over = named | place.known()  # what is known and not named was found damaged, or removed
    found = {name: when for name, when in there.items() if when > since and name not in passed_over}
    found.update((name, when) for name, (when, _) in _known.items() if name not in found)
    untold = {"sha256": None, "place": None}
    return [
        _known[name][1] if name in _known else {"name": name, **untold}
        for name in sorted(found, key=lambda name: found[name], reverse=True)
    ]


def _there() -> dict[str, int]:
    """What lies in the folder, and when it was written."""
    root = place.folder()
    try:
        return {name: _written(os.path.join(root, name)) for name in os.listdir(root) if checkpoints.is_name(name)}
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _written(folder: str) -> int:
    """When its manifest was; -1 of one without, which is what a removal that was cut short leaves."""
    try:
        return os.stat(os.path.join(folder, checkpoints.MANIFEST)).st_mtime_ns
    except OSError:
        return -1


def _at_hand(one: Mapping[str, Any]) -> tuple[str, str | None]:
    """The checkpoint's folder on this machine, and what is wrong with it, if anything."""
    name, url = str(one["name"]), one.get("place")
    folder = str(one.get("folder") or os.path.join(place.folder(), name))
    if not url:
        why = _fault(name, folder, one.get("sha256"))
        if why == checkpoints.MISSING and not os.path.isdir(os.path.dirname(folder)):
            raise NotRestored(_unreached(name, os.path.dirname(folder)))
        return folder, why
    if os.path.isdir(folder) and _fault(name, folder, one.get("sha256")) is None:
        return folder, None
    from jupyter_training.runtime.checkpoint import remote

    fetched = os.path.join(place.folder(), f"{checkpoints.TEMPORARY}{place.attempt()}-{os.getpid()}-{name}")
    shutil.rmtree(fetched, ignore_errors=True)
    try:
        os.makedirs(fetched, mode=0o700)
        if not remote.get(str(url), fetched):
            return fetched, checkpoints.MISSING
        return fetched, _fault(name, fetched, one.get("sha256"))
    except (remote.Unreachable, OSError) as error:
        shutil.rmtree(fetched, ignore_errors=True)
        raise NotRestored(f"The checkpoint {name} can't be fetched from {url}: {error}.") from error


def _unreached(name: str, folder: str) -> str:
    return (
        f"The checkpoint {name} can't be reached: the folder {folder} is not there. See whether its disk is mounted,"
        " and retry the job. If it is gone for good, fork the job to begin anew."
    )


def _fault(name: str, folder: str, sha256: object) -> str | None:
    try:
        return checkpoints.fault(folder, str(sha256) if sha256 else None)
    except OSError as error:
        raise NotRestored(f"The checkpoint {name} can't be read in {folder}: {error.strerror}.") from error
