"""Give back the disk of checkpoints that the job's policy lets go of, while the code runs.

What the code saves lies in a folder that the service copies to the job's place,
where it deletes what is deleted here. The store's own sweep removes what is not
to stay there; here nobody else does, and a disk of a few checkpoints would be
full after a few hours. The rule is that of ``core.retention``, seen from one job
and on the safe side of it:

* the newest three stay whatever the policy says: the last ones may not have been copied yet. The newest are those
  that were saved last: code that begins anew within the attempt has lower steps than what it saved before
* what is being copied stays until it has been; it is looked at again with what is told next
* what is best counts for this job alone, so what is best of a search stays, too
* where the best ones stay, so does one of which nobody can say how good it is
* what other attempts have saved stays
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from typing import NamedTuple

from jupyter_training.spool import checkpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Keep", "Keeping"]

_NEWEST = 3
_AGAIN_AFTER = 1.0  # seconds between looks at what is being copied, where no checkpoint is told of


class Keep(NamedTuple):
    """How many stay; ``metric`` says which one is better, and ``mode`` whether that is ``min`` or ``max``."""

    newest: int
    best: int
    metric: str | None
    mode: str

    @classmethod
    def read(cls, record: dict[str, Any]) -> Keep:
        metric = record.get("metric")
        return cls(
            max(0, int(record["newest"])),
            max(0, int(record["best"])),
            str(metric) if metric else None,
            "max" if record.get("mode") == "max" else "min",
        )


class _Saved(NamedTuple):
    step: int
    time: int
    metric: float | None
    is_new: bool  # this run of the attempt saved it, whatever the clock of the machine before said


class Keeping:
    """``note`` is told of what an earlier run of the attempt saved, ``hear`` of every event of this one, in order."""

    def __init__(self, folder: str, keep: Keep | None) -> None:
        self._folder = folder
        self._keep = keep
        self._saved: dict[str, _Saved] = {}
        self._reported: tuple[int, float] | None = None  # the metric of the highest step
        self._last: tuple[int, float] | None = None  # and as it was reported last: code may begin anew
        self._next_step = 0
        # Of those whose metric may still come: their step, and that of the value which they have by now.
        self._unsure: dict[str, tuple[int, int]] = {}
        self._began = time.time()  # what lies in the folder by now came back with it
        self._again_at: float | None = None  # what is to go is being copied

    def hear(self, event: list[Any]) -> None:
        if self._keep is None:
            return
        if event[0] == "p" and self._keep.metric is not None:
            if self._keep.metric in event[3]:
                self._measure(event[2], event[3][self._keep.metric])
        elif event[0] == "x":
            self._saved.pop(event[2], None)  # damaged: it takes no good one's place
        elif event[0] == "c":
            self._note(event[1], event[2], event[3], event[4], is_new=True)
        if event[0] == "c" or (self._again_at is not None and time.monotonic() >= self._again_at):
            self._clear(self._keep)

    def note(self, at: int, step: int, name: str, about: dict[str, Any]) -> None:
        """One that was saved. ``at`` in microseconds since the epoch; ``about`` as it is told of."""
        self._note(at, step, name, about, is_new=False)

    def _note(self, at: int, step: int, name: str, about: dict[str, Any], *, is_new: bool) -> None:
        metric = (about.get("metrics") or {}).get(self._keep.metric) if self._keep is not None else None
        if metric is None:
            known = [one for one in (self._reported, self._last) if one is not None and one[0] <= step]
            metric = known[0][1] if known else None
            if is_new and (not known or known[0][0] < step):
                self._unsure[name] = (step, known[0][0] if known else -1)
        self._saved[name] = _Saved(step, at, metric, is_new)

    def _measure(self, step: int | None, value: float | None) -> None:
        """The metric was reported: also of a checkpoint that was saved a moment before, at the same step."""
        at = self._next_step if step is None else step
        self._next_step = at + 1
        if value is None:
            return
        self._last = (at, value)
        if self._reported is None or at >= self._reported[0]:
            self._reported = (at, value)
        for name, (until, of) in list(self._unsure.items()):
            if of <= at <= until and name in self._saved:
                self._saved[name] = self._saved[name]._replace(metric=value)
                self._unsure[name] = (until, at)
            if at >= until:
                del self._unsure[name]

    def _clear(self, keep: Keep) -> None:
        self._again_at = None
        for name in self._gone(keep):
            if self._is_being_copied(name):
                self._again_at = time.monotonic() + _AGAIN_AFTER
            else:
                self._remove(name)

    def _is_being_copied(self, name: str) -> bool:
        """Whether the service has begun to copy a file of it and is not done. Without its markers nobody can tell.

        A marker that is older than the checkpoint's name was made in its draft and came along; one that is older than
        this run came back with the folder.
        """
        one = self._saved[name]
        since = one.time / 1e6 if one.is_new else self._began
        for below, _, names in os.walk(os.path.join(self._folder, name)):
            marks = {
                mark for mark in names if checkpoints.is_marker(mark) and _written(os.path.join(below, mark)) >= since
            }
            for file in names:
                if file + checkpoints.UPLOADING in marks and file + checkpoints.UPLOADED not in marks:
                    return True
        return False

    def _gone(self, keep: Keep) -> list[str]:
        """The names of those that go."""
        newest = sorted(self._saved, key=self._by_age)
        staying = set(newest[: max(_NEWEST, keep.newest)])
        if keep.metric is not None and keep.best:
            sign = -1.0 if keep.mode == "max" else 1.0
            measured = []
            for name, one in self._saved.items():
                if one.metric is None or name in self._unsure:
                    staying.add(name)
                else:
                    measured.append((sign * one.metric, -one.step, -one.time, name))
            staying.update(name for *_, name in sorted(measured)[: keep.best])  # of equal ones the later step, as there
        return [name for name in newest if name not in staying]

    def _by_age(self, name: str) -> tuple[int, int, int]:
        one = self._saved[name]
        return (-one.is_new, -one.time, -one.step)

    def _remove(self, name: str) -> None:
        """The manifest first, so that what is removed by halves is no checkpoint."""
        folder = os.path.join(self._folder, name)
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(folder, checkpoints.MANIFEST))
        shutil.rmtree(folder, ignore_errors=True)
        del self._saved[name]
        self._unsure.pop(name, None)


def _written(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return float("-inf")
