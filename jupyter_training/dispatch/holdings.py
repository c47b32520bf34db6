"""What the dispatcher knows of the unfinished jobs, kept up to date by changes and not rebuilt."""

from __future__ import annotations

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Job
from jupyter_training.core.lifecycle import TERMINAL, AttemptState
from jupyter_training.core.policy import QueueView
from jupyter_training.core.queue_view import queue_view
from jupyter_training.store import views
from jupyter_training.store.engine import Store

__all__ = ["Holdings"]

_BATCH = 5_000


class Holdings:
    """Unfinished jobs with their latest attempts, as of change ``cursor``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: dict[JobId, tuple[Job, Attempt | None]] = {}
        self._pools = views.pools(store)
        self.cursor = -1

    def refresh(self) -> bool:
        """Take in what changed since the last call; True if anything did."""
        if self.cursor < 0:
            return self._reload()
        changed: dict[JobId, None] = {}
        pools = False
        before = self.cursor
        while True:
            batch = views.changes(self._store, self.cursor, _BATCH)
            if batch.resync:
                return self._reload()
            for change in batch.changes:
                if change.job is None:
                    pools = True
                elif change.kind != "points" and change.kind != "run":
                    changed[change.job] = None
            self.cursor = batch.changes[-1].n if batch.changes else self.cursor
            if len(batch.changes) < _BATCH:
                break
        if pools:
            self._pools = views.pools(self._store)
        self._read(list(changed))
        return self.cursor != before and bool(changed or pools)

    def view(self) -> QueueView:
        return queue_view(self._pools, self._rows.values())

    def active(self) -> list[tuple[Job, Attempt]]:
        """The jobs whose attempt has not ended."""
        return [
            (job, attempt)
            for job, attempt in self._rows.values()
            if attempt is not None and attempt.state is not AttemptState.ENDED
        ]

    def job(self, job_id: JobId) -> Job:
        return self._rows[job_id][0]

    def attempt(self, job_id: JobId) -> Attempt | None:
        return self._rows[job_id][1]

    def backend_of(self, pool: str) -> str:
        """The backend's name; an attempt's pool may have been removed since, then this machine's."""
        known = self._pools.get(pool)
        return known.backend if known is not None else "local"

    @property
    def unfinished(self) -> int:
        return len(self._rows)

    def _reload(self) -> bool:
        self.cursor = views.head(self._store)  # before the rows: a change in between is read twice, never missed
        self._pools = views.pools(self._store)
        self._rows = {job.id: (job, attempt) for job, attempt in views.unfinished(self._store)}
        return True

    def _read(self, ids: list[JobId]) -> None:
        if not ids:
            return
        attempts = views.attempts(self._store, ids)
        found = {job.id: job for job in views.jobs(self._store, ids)}
        for job_id in ids:
            job = found.get(job_id)
            if job is None or job.state in TERMINAL:
                self._rows.pop(job_id, None)
            else:
                of_job = attempts.get(job_id, ())
                self._rows[job_id] = (job, of_job[-1] if of_job else None)
