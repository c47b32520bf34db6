"""When an attempt counts as hung: no report and no byte of log for as long as its job allows.

Only jobs that wish to be stopped then are watched here; the warning is said by
whoever shows a job. Machine samples are no sign of life: the supervisor takes
them of a process that has hung, too. Nor is it silence where nobody would hear a word:
without an answer of its backend, or without a machine. What is heard afterwards
first has to be read, so that the whole span is allowed anew.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

from jupyter_training import spool
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import AttemptState, Seen
from jupyter_training.settings import Settings
from jupyter_training.spool import layout
from jupyter_training.store import points
from jupyter_training.store.engine import Store

__all__ = ["HangWatch"]

# Between two looks. After more, the machine or the dispatcher was asleep, and the training may have been, too.
_AWAKE = 60.0


class HangWatch:
    """The last sign of life of each watched attempt, in boot time."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._last: dict[tuple[JobId, int], float] = {}
        self._looked: float | None = None

    def allowed(self, job: Job) -> float | None:
        """How long the job may be quiet, in seconds; None: for ever."""
        return job.spec.hang.after or self._settings.hang_after or None

    def look(self, boot: float) -> None:
        """A round begins."""
        asleep = 0.0 if self._looked is None else boot - self._looked
        self._looked = boot
        if asleep > _AWAKE:
            self._last = {key: min(boot, last + asleep) for key, last in self._last.items()}

    def heard(self, attempt: Attempt, boot: float) -> None:
        """The attempt gave a sign of life, or could not be heard."""
        self._last[(attempt.job, attempt.number)] = boot

    def forget(self, attempt: Attempt) -> None:
        self._last.pop((attempt.job, attempt.number), None)

    def hang_at(self, active: Iterable[tuple[Job, Attempt]], now: Instant, boot: float) -> dict[JobId, Instant]:
        """When each of these counts as hung unless it says something before, as the wall clock stands now."""
        found = {}
        for job, attempt in active:
            after = self.allowed(job)
            if not job.spec.hang.stop or after is None or attempt.started is None:
                continue
            if attempt.state is AttemptState.ENDED:
                continue
            if attempt.seen is Seen.UNKNOWN:
                self.heard(attempt, boot)
                continue
            key = (job.id, attempt.number)
            if key not in self._last:
                self._last[key] = boot - self._quiet_for(job, attempt, now)
            found[job.id] = Instant(now + (self._last[key] + after - boot))
        return found

    def _quiet_for(self, job: Job, attempt: Attempt, now: Instant) -> float:
        """How long ago the last sign was, as far as the store and the log tell a dispatcher that has just begun."""
        moments = [attempt.started or now]
        summaries = points.summaries(self._store, [job.id]).get(job.id, {})
        moments += [Instant(one.last_time) for one in summaries.values() if one.source != "machine"]
        folder = spool.attempt_folder(self._settings.spool_root, job.id, attempt.number)
        with contextlib.suppress(OSError):  # it has printed nothing
            moments.append(Instant(os.stat(layout.log_file(folder)).st_mtime))
        return max(0.0, now - max(moments))
