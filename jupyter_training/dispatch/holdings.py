"""What the dispatcher knows of the unfinished jobs, as of the newest change it has seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from jupyter_training.core.changes import Change, ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import AttemptState, Desired, JobState
from jupyter_training.core.policy import QueueView
from jupyter_training.core.queue_view import member
from jupyter_training.core.resources import LOCAL, Pool
from jupyter_training.dispatch.drivers import is_away
from jupyter_training.store import views
from jupyter_training.store.engine import Store
from jupyter_training.store.queue import Unfinished

__all__ = ["Holdings"]

_STOPS = (Desired.CANCEL, Desired.KILL)
_LOOKED_AT = 500  # changes; beyond, reading the rows anew is no dearer


class Holdings:
    """Unfinished jobs with their latest attempts. The store keeps them up to date by its change log."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._head = -1
        self._saved: set[JobId] | None = None
        self._deleted = False
        self._touched: set[JobId] | None = None
        self._reported: set[JobId] = set()
        self._unfinished = Unfinished(store)
        self._active: dict[JobId, tuple[Job, Attempt]] = {}
        self._wanted: dict[JobId, str] = {}  # with the pool in which each waits or runs
        self._uses: Counter[str] = Counter()  # by pool
        self._away: set[JobId] = set()
        self._pools = views.pools(store)
        self._view = QueueView(self._pools)

    def refresh(self) -> bool:
        """Take in what changed since the last call; True if anything that a plan looks at did."""
        head = views.head(self._store)  # before the rows: a change in between is read twice, never missed
        if head == self._head:
            return False
        lines = self._changes(head)
        if lines is None:
            self._saved, self._deleted, self._touched = None, True, None
        else:
            for line in lines:
                if line.job is not None and line.kind is ChangeKind.POINTS:
                    self._reported.add(line.job)
                elif line.job is not None and self._touched is not None:
                    self._touched.add(line.job)
            self._deleted |= any(line.kind is ChangeKind.GONE for line in lines)
            if self._saved is not None:
                self._saved.update(line.job for line in lines if line.kind is ChangeKind.CHECKPOINT and line.job)
        self._head = head
        if lines is not None and all(
            line.kind in (ChangeKind.POINTS, ChangeKind.RUN, ChangeKind.EXPERIMENT) for line in lines
        ):
            return False
        if lines is None or any(line.kind is ChangeKind.POOL for line in lines):
            self._pools = views.pools(self._store)
            self._view.pools = self._pools
        self._take_in()
        return True

    def saved(self) -> set[JobId] | None:
        """Whose checkpoints, or what is kept of them, changed since this was last asked. None: perhaps everybody's."""
        saved, self._saved = self._saved, set()
        return saved

    def touched(self) -> tuple[set[JobId] | None, set[JobId]]:
        """The jobs that changed since this was last asked (None: perhaps all), and those of which points came."""
        touched, self._touched = self._touched, set()
        reported, self._reported = self._reported, set()
        return touched, reported

    def away(self) -> list[JobId]:
        """The drivers of searches that wait for something to happen to a trial, or are about to."""
        return list(self._away)

    def deleted(self) -> bool:
        """Whether a job may have been deleted since this was last asked."""
        deleted, self._deleted = self._deleted, False
        return deleted

    def view(self, *, time_up: Mapping[JobId, Instant], hang_at: Mapping[JobId, Instant]) -> QueueView:
        """What a plan looks at, kept from plan to plan; both as in ``queue_view``."""
        for job_id in {*self._view.times(), *time_up, *hang_at}:
            if job_id in self._active:
                deadline = time_up.get(job_id, self._view.attempt(job_id).deadline)
                self._view.set_times(job_id, deadline=deadline, hang_at=hang_at.get(job_id))
        return self._view

    def active(self) -> list[tuple[Job, Attempt]]:
        """The jobs whose attempt has not ended."""
        return list(self._active.values())

    def job(self, job_id: JobId) -> Job:
        return self._unfinished.rows[job_id][0]

    def attempt(self, job_id: JobId) -> Attempt | None:
        return self._unfinished.rows[job_id][1]

    def backend_of(self, pool: str) -> str:
        """The backend's name; an attempt's pool may have been removed since, then this machine's."""
        known = self._pools.get(pool)
        return known.backend if known is not None else LOCAL

    def pool_options(self, pool: str) -> dict[str, Any]:
        """What the pool's backend has to know of it."""
        known = self._pools.get(pool)
        return known.options if known is not None else {}

    def pools_by_backend(self) -> dict[str, list[Pool]]:
        """The pools whose capacity is found, of all backends but this machine's, where some job waits or runs."""
        found: dict[str, list[Pool]] = {}
        for name in self._uses:
            pool = self._pools.get(name)
            if pool is not None and pool.is_found and pool.backend != LOCAL:
                found.setdefault(pool.backend, []).append(pool)
        return found

    def has_devices(self, pool: str) -> bool:
        """Whether devices are given out by any pool of this one's backend."""
        backend = self.backend_of(pool)
        return any(one.devices for one in self._pools.values() if one.backend == backend)

    def _changes(self, head: int) -> list[Change] | None:
        """What changed since; None where that is too much to look at, or not known."""
        if self._head < 0 or head - self._head > _LOOKED_AT:
            return None
        batch = views.changes(self._store, self._head, _LOOKED_AT)
        return None if batch.resync else [change for change in batch.changes if change.n <= head]

    def _take_in(self) -> None:
        """Bring the view up to date with the jobs that changed."""
        delta = self._unfinished.refresh()
        if delta.anew:
            self._active, self._wanted, self._away = {}, {}, set()
            self._uses.clear()
            self._view = QueueView(self._pools)
        for job_id in delta.gone:
            self._view.drop(job_id)
            self._active.pop(job_id, None)
            self._want(job_id, None)
            self._away.discard(job_id)
        for job, attempt in delta.entries:
            self._view.put(member(job, attempt))
            (self._away.add if is_away(job) else self._away.discard)(job.id)
            pool = job.pool
            if attempt is not None and attempt.state is not AttemptState.ENDED:
                self._active[job.id] = (job, attempt)
                pool = attempt.allocation.pool
            else:
                self._active.pop(job.id, None)
            self._want(job.id, pool if job.state is not JobState.PAUSED or job.desired in _STOPS else None)

    def _want(self, job_id: JobId, pool: str | None) -> None:
        """The job needs a dispatcher for this pool; None: for none."""
        before = self._wanted.pop(job_id, None)
        if before is not None:
            self._uses[before] -= 1
            if self._uses[before] == 0:
                del self._uses[before]
        if pool is not None:
            self._wanted[job_id] = pool
            self._uses[pool] += 1

    @property
    def is_wanted(self) -> bool:
        """Whether some job needs a dispatcher, now or when a slot is free; a paused one waits for a person."""
        return bool(self._wanted)
