"""How long attempts may run: their job's time limit, and what is left until it has cost as much as it may.

A limit on what a job may cost comes here as a time (``JobSpec.cost_within``), by
the price that its backend knew. All attempts since it was last submitted or
retried by a person count together; what is over ends like any time limit, with a
checkpoint where the code keeps one, and is not begun again by itself.
"""

from __future__ import annotations

from dataclasses import replace

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.dispatch import figures
from jupyter_training.seams.backend import End
from jupyter_training.store import views
from jupyter_training.store.engine import Store

__all__ = ["Spending", "spent_before"]

_SLACK = 1.0  # seconds by which the clock of whoever ended it may differ from ours


class Spending:
    """Of the attempts that run now. What earlier ones took is read once for each."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._before: dict[tuple[JobId, int], float] = {}

    def limit(self, job: Job, attempt: Attempt) -> float | None:
        """Seconds from its start after which the attempt is stopped; None: it may run as long as it likes."""
        limits = [one for one in (job.spec.timeout, self._left(job, attempt)) if one is not None]
        return min(limits, default=None)

    def told(self, job: Job, attempt: Attempt, end: End, now: Instant) -> End:
        """The end of an attempt; one for what the job has cost says so, and is final. The attempt can be forgotten."""
        left = self._left(job, attempt)
        self._before.pop((job.id, attempt.number), None)
        if left is None or attempt.started is None or end.reason is not EndReason.TIMEOUT:
            return end
        ran = figures.trained(self._store, attempt).get(attempt.number, now - attempt.started)
        if ran < left - _SLACK:
            return end
        return replace(end, detail="Stopped: it has cost as much as it may.", final=True)

    def _left(self, job: Job, attempt: Attempt) -> float | None:
        if job.spec.cost_within is None:
            return None
        key = (job.id, attempt.number)
        if key not in self._before:
            self._before[key] = spent_before(self._store, attempt)
        return max(0.0, job.spec.cost_within - self._before[key])


def spent_before(store: Store, attempt: Attempt) -> float:
    """Seconds that the earlier attempts ran since the job was last submitted or retried by a person.

    Where a service counts them itself these count: what one waited there for machines is not charged.
    """
    earlier = [
        one
        for one in views.attempts(store, [attempt.job]).get(attempt.job, ())
        if one.number < attempt.number and one.generation == attempt.generation
    ]
    counted = figures.trained(store, attempt) if earlier else {}
    return sum(
        counted.get(one.number, one.ended - one.started)
        for one in earlier
        if one.started is not None and one.ended is not None
    )
