"""One job, from the store into a tracker: a little at a time, each step repeatable.

    begin -> hand the run over -> describe -> go on -> write batches -> (job has ended, all points sent) end
      |                             |                       |                                           |
      '------- after each step, what was done is saved; killed before that, it is done again -----------'

A job that is tried again or resumed goes on in its run: with a later attempt it
is open again, and told from which step.

The terminal status comes from our facts and comes last: whoever reads a
finished run in the record has all of it.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import ACTIVE, TERMINAL
from jupyter_training.seams.tracker import Kinship, RunLost, RunRef, RunRemoved, Tracker
from jupyter_training.settings import Settings
from jupyter_training.store import points, record, removals, views
from jupyter_training.store.engine import Store
from jupyter_training.store.record import RecordRow
from jupyter_training.store.removals import UNKNOWN, Removal
from jupyter_training.tracking import searches
from jupyter_training.tracking.job_log import write_log

__all__ = ["Announce", "Copier"]

logger = logging.getLogger("jupyter_training.tracking")

_BATCH = 1000  # points between two saved cursors
_BATCHES = 5  # of one job before the next job has its turn

# Hands an attempt its run; False: too early, ask again.
Announce = Callable[[Attempt, RunRef], bool]


class Copier:
    """Copies jobs of a store. ``announce`` is told of each attempt that runs."""

    def __init__(self, settings: Settings, store: Store, tracker: Tracker, announce: Announce) -> None:
        self._settings = settings
        self._store = store
        self._tracker = tracker
        self._announce = announce
        self._removed: set[JobId] = set()
        self._gone_on: dict[JobId, object] = {}  # what was said last of a job's later attempts

    def copy(self, job: Job) -> bool:
        """Bring a job's record forward. True when there is more to do at once.

        ``job`` is as read before this call: if it has ended, all its points are in the store by now.

        Raises:
            TrackerUnavailable: try again later; what is done is kept.
        """
        row = record.load(self._store, job.id) or RecordRow(job.id)
        try:
            return self._copy(job, row)
        except RunLost as error:
            logger.warning("job %s: its run is not in the record any more, it gets another one: %s", job.id, error)
            self._save(RecordRow(job.id))
            self._gone_on.pop(job.id, None)
            return True
        except RunRemoved as error:
            if job.id not in self._removed:
                logger.warning("job %s: nothing more is recorded of it: %s", job.id, error)
                self._removed.add(job.id)
            self._give_up(job)
            return False

    def _copy(self, job: Job, row: RecordRow) -> bool:
        if row.run_id is None:
            # Before it is made: deleted from now on, the job leaves word that a run may be there.
            if not record.save(self._store, row, now=Instant(self._store.clock())):
                return False
            run = self._tracker.begin(job)
            row = replace(row, experiment_id=run.experiment_id, run_id=run.run_id)
            if not record.save(self._store, row, now=Instant(self._store.clock())):
                self._tracker.remove(run)  # the job was deleted meanwhile, and nobody else knows of the run
                return False
        else:
            run = RunRef(row.experiment_id or "", row.run_id)
        if row.attempts_sent < job.attempt:
            row = self._hand_over(job, row, run)
        if not row.params_sent:
            self._tracker.describe(run, job)
            self._relate(job, run)
            row = self._save(replace(row, params_sent=True))
        self._go_on(job, run)
        for _ in range(_BATCHES):
            found = points.after(self._store, job.id, row.cursor, _BATCH)
            if not found:
                break
            self._tracker.write(run, [point for _, _, point in found if point.source != "mlflow"])
            row = self._save(replace(row, cursor=found[-1][0]))
        else:
            return True
        if job.state in TERMINAL:
            self._end(job, run)
            self._save(replace(row, ended_sent=True))
            self._gone_on.pop(job.id, None)
        return False

    def remove(self, removal: Removal) -> bool:
        """Delete the run of a deleted job. Its folders are the dispatcher's, who may be first or last.

        Raises:
            TrackerUnavailable: try again later.
        """
        if removal.run_id is None:
            return False
        run = RunRef("", removal.run_id) if removal.run_id != UNKNOWN else self._tracker.find(removal.job)
        if run is not None:
            self._tracker.remove(run)
        removals.run_gone(self._store, removal.job)
        return True

    def _relate(self, job: Job, run: RunRef) -> None:
        """Say of a job that belongs to a search which one that is. Its parent's run is made first."""
        search = searches.search_of(self._store, job)
        if search is None:
            return
        if job.is_driver:
            self._tracker.relate(run, Kinship(search.tag, params=searches.about(search)))
            return
        for driver in views.jobs(self._store, [search.id]):
            row = record.load(self._store, driver.id) or RecordRow(driver.id)
            if row.run_id is None:
                parent = self._tracker.begin(driver)
                self._save(replace(row, experiment_id=parent.experiment_id, run_id=parent.run_id))
            else:
                parent = RunRef(row.experiment_id or "", row.run_id)
            self._tracker.relate(run, Kinship(search.tag, parent))

    def _go_on(self, job: Job, run: RunRef) -> None:
        """Tell of attempts that went on from a checkpoint, when there is something new to tell."""
        if job.attempt < 2 and job.spec.start is None:
            return
        attempts = views.attempts(self._store, [job.id]).get(job.id, ())
        starts = [(one.number, one.start_step) for one in attempts]
        news = (starts, job.overrides, job.state in TERMINAL)
        if self._gone_on.get(job.id) != news:
            self._tracker.go_on(run, job, attempts)
            self._gone_on[job.id] = news

    def _hand_over(self, job: Job, row: RecordRow, run: RunRef) -> RecordRow:
        attempts = views.attempts(self._store, [job.id]).get(job.id, ())
        active = [attempt for attempt in attempts if attempt.state in ACTIVE]
        told = [self._announce(attempt, run) for attempt in active]
        if all(told):
            return self._save(replace(row, attempts_sent=max((one.number for one in attempts), default=0)))
        return row

    def _end(self, job: Job, run: RunRef) -> None:
        attempts = views.attempts(self._store, [job.id]).get(job.id, ())
        outputs = self._settings.outputs / job.id
        search = searches.search_of(self._store, job) if job.is_driver else None
        if search is not None:
            self._tracker.conclude(run, searches.findings(self._store, search))
            job = searches.as_its_search(job, search)
        with tempfile.TemporaryDirectory(prefix="jupyter-training-") as folder:
            log = write_log(self._settings.spool_root, attempts, Path(folder))
            self._tracker.end(run, job, log=log, outputs=outputs if outputs.is_dir() else None)

    def _give_up(self, job: Job) -> None:
        """A person deleted the run: pass over what there is, and over the rest when it comes."""
        row = record.load(self._store, job.id) or RecordRow(job.id)
        while found := points.after(self._store, job.id, row.cursor, 10 * _BATCH):
            row = replace(row, cursor=found[-1][0])
        self._save(replace(row, params_sent=True, attempts_sent=job.attempt, ended_sent=job.state in TERMINAL))

    def _save(self, row: RecordRow) -> RecordRow:
        record.save(self._store, row, now=Instant(self._store.clock()))
        return row
