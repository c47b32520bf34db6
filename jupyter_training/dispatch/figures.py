"""What a service says of an attempt in numbers, kept as samples beside those of a machine.

service/log_lag             ->  machine/service/log_lag              the last one counts
service/billable_seconds    ->  machine/service/billable_seconds/2   of the second attempt: a job's are added up
"""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant
from jupyter_training.core.metric import Point
from jupyter_training.dispatch.reading import MACHINE
from jupyter_training.seams.backend import Observation
from jupyter_training.store import points
from jupyter_training.store.engine import Store

__all__ = ["Figures", "trained"]

_EVERY = 10.0  # seconds between two samples of an attempt that goes on
_OF_AN_ATTEMPT = "_seconds"  # what is counted for each attempt, and may be added up
_TRAINED = "service/training_seconds"
_FILE = "service"  # what the samples were read from, as far as the points know: each is one byte of it


class Figures:
    """Keeps what is new. What was kept last is remembered, and asked for after a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[tuple[JobId, int], tuple[float, Mapping[str, float], int]] = {}

    def keep(self, attempt: Attempt, seen: Observation, now: Instant, boot: float) -> bool:
        """Keep the figures of an attempt, now and then, and at its end. True where there was anything to keep."""
        key = (attempt.job, attempt.number)
        before = self._kept.get(key)
        is_over = seen.end is not None
        if not seen.figures or (before is not None and before[1] == seen.figures and not is_over):
            return False
        if before is not None and boot - before[0] < _EVERY and not is_over:
            return False
        place = before[2] if before is not None else points.offsets(self._store, attempt.job).get((key[1], _FILE), 0)
        batch = points.Batch(attempt.number, _FILE, place, place + 1, _points(attempt.number, seen.figures, place, now))
        taken = points.ingest(self._store, attempt.job, [batch], now=now)
        if is_over or not taken:  # not taken: another dispatcher was here, and what is remembered is not what is stored
            self._kept.pop(key, None)
        else:
            self._kept[key] = (boot, dict(seen.figures), place + 1)
        return taken > 0


def trained(store: Store, attempt: Attempt) -> dict[int, float]:
    """Seconds that the attempts of its job have trained, by number, of those of which a service has said so."""
    known = points.summaries(store, [attempt.job]).get(attempt.job, {})
    found: dict[int, float] = {}
    for name, one in known.items():
        if name.startswith(f"{MACHINE}{_TRAINED}/") and one.last is not None:
            found[int(name.rpartition("/")[2])] = one.last
    return found


def _points(number: int, figures: Mapping[str, float], step: int, now: Instant) -> list[Point]:
    return [
        Point(
            f"{MACHINE}{name}/{number}" if name.endswith(_OF_AN_ATTEMPT) else MACHINE + name,
            step,
            now,
            value,
            "machine",
        )
        for name, value in sorted(figures.items())
    ]
