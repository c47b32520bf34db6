"""Give back the disk of checkpoints that the job's policy lets go of, while the code runs.

What the code saves lies in a folder that the service copies to the job's place.
There the store's own sweep removes what is not to stay; here nobody else does,
and a disk of a few checkpoints would be full after a few hours. The rule is that
of ``core.retention``, seen from one job and on the safe side of it:

* the newest three stay whatever the policy says: the last ones may not have been copied yet
* what is best counts for this job alone, so what is best of a search stays, too
* where the best ones stay, so does one of which nobody can say how good it is
* what other attempts have saved stays
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import NamedTuple

from jupyter_training.spool import checkpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Keep", "Keeping"]

_NEWEST = 3


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


class Keeping:
    """``note`` is told of what an earlier run of the attempt saved, ``hear`` of every event of this one, in order."""

    def __init__(self, folder: str, keep: Keep | None) -> None:
        self._folder = folder
        self._keep = keep
        self._saved: dict[str, _Saved] = {}
        self._reported: tuple[int, float] | None = None  # the metric as it was reported last, with its step
        self._next_step = 0
        self._unsure: dict[str, int] = {}  # steps of those whose metric may still come, by name

    def hear(self, event: list[Any]) -> None:
        if self._keep is None:
            return
        if event[0] == "p" and self._keep.metric is not None:
            if self._keep.metric in event[3]:
                self._measure(event[2], event[3][self._keep.metric])
        elif event[0] == "x":
            self._saved.pop(event[2], None)  # damaged: it takes no good one's place
        elif event[0] == "c":
            self.note(event[1], event[2], event[3], event[4])
            for name in self._gone(self._keep):
                self._remove(name)

    def note(self, time: int, step: int, name: str, about: dict[str, Any]) -> None:
        """One that was saved. ``time`` in microseconds since the epoch; ``about`` as it is told of."""
        metric = (about.get("metrics") or {}).get(self._keep.metric) if self._keep is not None else None
        if metric is None:
            if self._reported is not None and self._reported[0] <= step:
                metric = self._reported[1]
            if self._reported is None or self._reported[0] < step:
                self._unsure[name] = step
        self._saved[name] = _Saved(step, time, metric)

    def _measure(self, step: int | None, value: float | None) -> None:
        """The metric was reported: also of a checkpoint that was saved a moment before, at the same step."""
        at = self._next_step if step is None else step
        self._next_step = at + 1
        if value is None:
            return
        if self._reported is None or at >= self._reported[0]:
            self._reported = (at, value)
        for name, until in list(self._unsure.items()):
            if at <= until and name in self._saved:
                self._saved[name] = self._saved[name]._replace(metric=value)
            if at >= until:
                del self._unsure[name]

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
                    measured.append((sign * one.metric, self._by_age(name), name))
            staying.update(name for *_, name in sorted(measured)[: keep.best])
        return [name for name in newest if name not in staying]

    def _by_age(self, name: str) -> tuple[int, int]:
        one = self._saved[name]
        return (-one.step, -one.time)

    def _remove(self, name: str) -> None:
        """The manifest first, so that what is removed by halves is no checkpoint."""
        folder = os.path.join(self._folder, name)
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(folder, checkpoints.MANIFEST))
        shutil.rmtree(folder, ignore_errors=True)
        del self._saved[name]
        self._unsure.pop(name, None)
