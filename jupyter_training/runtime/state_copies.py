"""The state so far once more, where a service copies it and gives it back: the outputs end with their container.

    jt_state/reports.jsonl
    jt_state/1/model.ckpt, learner.ckpt, kept.json
    jt_state/2/...

The folder is below that of the checkpoints. The two are written in turn: the one
that is best so far stays as it is, so that it is copied as a whole also where
the container is ended in the middle. What came back by halves is told by the
hashes in ``kept.json``, which is written last.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil

from jupyter_training.runtime import job, journal, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["ORDERED", "REPORTS", "Copies", "here"]

ORDERED = "state_copies"  # in the attempt's order: the folder; none where the outputs outlast the attempt
REPORTS = "reports.jsonl"
_KEPT = "kept.json"
_PLACES = ("1", "2")
_FILES = (state.LEARNER, state.MODEL)
_PIECE = 1024 * 1024


def here() -> Copies | None:
    """The copies of this attempt; None where none are needed, or another process makes them."""
    folder = job.own_order().get(ORDERED)
    return Copies(str(folder)) if folder and not job.is_beside() else None


class Copies:
    """A copy that fails is said once, and is nothing that a training fails by."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._newest = _PLACES[-1]
        self._has_failed = False

    def bring_back(self, target: str, sign: float) -> float | None:
        """Put what is here into ``target``, with the best state of those that are whole; its value, None without one.

        ``sign``: 1 where the largest value is the best, else -1.
        """
        if os.path.isfile(os.path.join(self._folder, REPORTS)):
            shutil.copyfile(os.path.join(self._folder, REPORTS), os.path.join(target, REPORTS))
        values = {place: self._value(place) for place in _PLACES}
        whole = [(value * sign, place) for place, value in values.items() if value is not None]
        if not whole:
            return None
        best, self._newest = max(whole)
        for name in _FILES:
            shutil.copyfile(os.path.join(self._folder, self._newest, name), os.path.join(target, name))
        return best * sign

    def report(self, line: str) -> None:
        """Keep a line of the reports, too."""
        try:
            os.makedirs(self._folder, exist_ok=True)
            with open(os.path.join(self._folder, REPORTS), "a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            self._failed(error)

    def keep(self, source: str, value: float) -> None:
        """Copy the state in ``source``, which is the best so far, to the place of the one before the last."""
        place = next(one for one in _PLACES if one != self._newest)
        folder = os.path.join(self._folder, place)
        try:
            # Written over and not removed, as what is there may be being copied just now.
            os.makedirs(folder, exist_ok=True)
            _write(os.path.join(folder, _KEPT), {})
            hashes = {name: _copied(os.path.join(source, name), os.path.join(folder, name)) for name in _FILES}
            _write(os.path.join(folder, _KEPT), {"value": value, "sha256": hashes})
        except OSError as error:
            self._failed(error)
        else:
            self._newest = place

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _value(self, place: str) -> float | None:
        """The value of the state in a place; None where it is not whole."""
        folder = os.path.join(self._folder, place)
        try:
            with open(os.path.join(folder, _KEPT), encoding="utf-8") as file:
                found: dict[str, Any] = json.load(file)
            is_whole = all(_copied(os.path.join(folder, name), None) == found["sha256"][name] for name in _FILES)
            return float(found["value"]) if is_whole else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _failed(self, error: OSError) -> None:
        if not self._has_failed:
            self._has_failed = True
            journal.say(f"the model's state can't be copied to where an interruption leaves it: {error}")


def _write(path: str, record: dict[str, Any]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(record, file)


def _copied(source: str, target: str | None) -> str:
    """Copy a file; its hash. Without a target only that."""
    digest = hashlib.sha256()
    with open(source, "rb") as file, open(target or os.devnull, "wb") as copy:
        for piece in iter(lambda: file.read(_PIECE), b""):
            digest.update(piece)
            copy.write(piece)
    return digest.hexdigest()
