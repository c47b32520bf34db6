"""When to try again: each job for itself, and all together when nobody answers. Pure; seconds on any clock."""

from __future__ import annotations

from dataclasses import dataclass, field

from jupyter_training.core.ids import JobId

__all__ = ["Patience"]

_FIRST = 1.0
_LONGEST = 60.0
_IN_A_ROW = 3  # different jobs that fail before the whole round is given up


@dataclass
class _Wait:
    failures: int
    since: float
    until: float


@dataclass
class Patience:
    """Doubling waits, forgotten with the first success. ``failures``: in a row, of whatever job."""

    failures: int = 0
    resting_until: float = float("-inf")
    _rest: float = 0.0
    _row: int = 0
    _jobs: dict[JobId, _Wait] = field(default_factory=dict)

    def is_due(self, job: JobId, now: float) -> bool:
        wait = self._jobs.get(job)
        return now >= self.resting_until and (wait is None or now >= wait.until)

    def failed(self, job: JobId, now: float) -> float:
        """Note a failure. The seconds until this job's next turn."""
        before = self._jobs.get(job)
        failures = 1 if before is None else before.failures + 1
        delay = min(_LONGEST, _FIRST * 2.0 ** (failures - 1))
        self._jobs[job] = _Wait(failures, now if before is None else before.since, now + delay)
        self.failures += 1
        self._row += 1
        if self._row >= _IN_A_ROW:
            self._row = 0
            self._rest = min(_LONGEST, max(_FIRST, 2 * self._rest))
            self.resting_until = now + self._rest
        return delay

    def succeeded(self, job: JobId, now: float) -> float | None:
        """Note a success. For how long this job had failed, if it had."""
        self.failures = 0
        self._row = 0
        self._rest = 0.0
        self.resting_until = float("-inf")
        before = self._jobs.pop(job, None)
        if self._jobs and before is not None:
            # It answers again: nobody has to sit out a long wait.
            for wait in self._jobs.values():
                wait.until = min(wait.until, now + _FIRST)
        return None if before is None else now - before.since
