"""Lets go of what nobody keeps: checkpoints that their policy does not keep, and all that is left of deleted jobs.

    a checkpoint here          its row says that it is gone -> its folder leaves its name -> its files go
    a checkpoint under a URL   its row says that it is going -> its files go -> its row says that it is gone
    a deleted job              its folders and URLs go -> nobody sees its points -> its removal is struck off
    points that nobody sees    go slice by slice

Killed in between, the rows and folders say what is still to be done. A job that
may still go on keeps its two newest checkpoints whatever its policy says: the
second is what it falls back to. The files are removed by ``remover``.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import TERMINAL
from jupyter_training.core.retention import Checkpoint, staying
from jupyter_training.dispatch import untold
from jupyter_training.dispatch.remover import Done, Order, Remover
from jupyter_training.errors import StaleEpoch, TrainingError
from jupyter_training.settings import Settings
from jupyter_training.spool import checkpoints as spooled
from jupyter_training.store import aside, checkpoints, removals, retention, upkeep, views
from jupyter_training.store.engine import Store

__all__ = ["Sweep", "to_let_go"]

log = logging.getLogger(__name__)

# Of jobs that ended longer ago, only those with many checkpoints are looked at by a dispatcher that has just begun.
_FORGOTTEN_AFTER = 86_400.0
_AT_ONCE = 20  # jobs in one round
_CLEAR_EVERY = 1.0  # seconds between looks for points that were let go of
_AGAIN_AFTER = 10.0  # seconds, doubled with each failure
_AGAIN_AT_MOST = 600.0


class Sweep:
    """What is to be looked at, and what failed. All of it can be rebuilt from the store."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._remover = Remover(settings)
        self._due: dict[JobId, None] | None = None  # None: nobody has looked yet
        self._removals_due = True
        self._clears = True  # points that were let go of may have to be deleted
        self._clears_at = 0.0  # boot time
        self._best: dict[tuple[JobId, int, str], frozenset[tuple[JobId, str]]] = {}  # of a search, so many, by a mode
        self._later: dict[JobId, None] = {}
        self._failures: dict[JobId, tuple[int, float]] = {}  # how many in a row, and when to try again, by job

    @property
    def is_busy(self) -> bool:
        """Whether there is something to be done now, or being done."""
        return bool(self._due) or self._removals_due or self._remover.is_busy or self._clears

    def look_at(self, jobs: Iterable[JobId] | None) -> None:
        """These have saved a checkpoint, or have ended, or another policy. None: whoever may have."""
        if jobs is None:
            self._due = None
        elif self._due is not None:
            self._due.update(dict.fromkeys(jobs))

    def look_for_removals(self) -> None:
        """Jobs may have been deleted."""
        self._removals_due = True

    def work(self, epoch: int, now: Instant, boot: float) -> bool:
        """Do a little of it. True if something was written.

        Raises:
            StaleEpoch: another dispatcher has taken over.
        """
        try:
            return self._work(epoch, now, boot)
        except StaleEpoch:
            raise
        except TrainingError as error:  # a busy or full store: all of it is looked at again
            log.warning("what nobody keeps waits to be removed: %s", error)
            return False

    def _work(self, epoch: int, now: Instant, boot: float) -> bool:
        if self._due is None:
            self._due = dict.fromkeys(retention.owners(self._store, ended_since=now - _FORGOTTEN_AFTER))
        if self._clears or boot >= self._clears_at:
            self._clears, self._clears_at = aside.clear(self._store), boot + _CLEAR_EVERY
        changed = False
        for done in self._remover.done():
            changed |= self._take_note(done, boot)
        again = [one for one in self._failures if self._may_try(one, boot) and not self._remover.has(one)]
        self._due.update(dict.fromkeys(again))
        self._removals_due |= bool(again)
        if self._removals_due:
            self._removals_due = False
            self._order_removals(boot)
        if not self._due:
            return changed
        part = list(self._due)[:_AT_ONCE]
        self._later = {}
        for job in views.jobs(self._store, part):
            changed |= self._sweep(job, epoch, now, boot)
        for job_id in part:
            del self._due[job_id]
            if job_id in again and not self._remover.has(job_id):
                del self._failures[job_id]  # it is wanted again, or somebody else was quicker
        self._due.update(self._later)
        return changed

    def _sweep(self, job: Job, epoch: int, now: Instant, boot: float) -> bool:
        """Let go of what a job's policy does not keep."""
        own = self._measured(job, checkpoints.of_jobs(self._store, [job.id]).get(job.id, ()), epoch, now)
        go = [one.name for one in to_let_go(own, job, of_search=self._best_of_search(job))]
        ended_in = job.generation if job.state in TERMINAL else None
        if go and not retention.let_go(self._store, epoch, job.id, go, now, ended_in=ended_in):
            # It was started again since it was read: by now it needs more of them.
            return any(self._sweep(as_it_is, epoch, now, boot) for as_it_is in views.jobs(self._store, [job.id]))
        gone = {one.name: one for one in own if one.state == "deleted" or one.name in go}
        for folder in self._left(job.id, gone):
            self._remover.ask(Order(job.id, folder.name, (folder,)))
        if self._may_try(job.id, boot) and any(one.place is not None for one in own):
            for name, place in retention.going(self._store, job.id).items():
                self._remover.ask(Order(job.id, name, places=(place,)))
        return bool(go)

    def _best_of_search(self, job: Job) -> frozenset[tuple[JobId, str]] | None:
        """The best checkpoints of a trial's search, where its policy keeps any. Who has lost one is looked at next."""
        count = job.checkpoints.keep.experiment_best
        if job.experiment is None or not count:
            return None
        mode = job.checkpoints.mode
        best = retention.best_of_search(self._store, job.experiment, count, mode)
        before = self._best.get((job.experiment, count, mode))
        if best != before and self._due is not None:
            lost = {one for one, _ in before - best} if before is not None else None
            look = retention.with_checkpoints(self._store, job.experiment) if lost is None else lost
            self._later.update(dict.fromkeys(one for one in look if one != job.id))
        self._best[job.experiment, count, mode] = best
        return best

    def _measured(self, job: Job, own: Sequence[Checkpoint], epoch: int, now: Instant) -> tuple[Checkpoint, ...]:
        """The same; those of an ended job with the metric that was reported last when they had been written.

        Unless they bring their own. While it runs, a value may come a moment after the checkpoint that it is of.
        """
        metric = job.checkpoints.metric
        if metric is None or job.state not in TERMINAL:
            return tuple(own)
        lacking = [one for one in own if one.state == "kept" and not self._brings(one, metric)]
        known = retention.reported(self._store, job.id, metric, lacking)
        retention.measured(self._store, epoch, job.id, known, now)
        return tuple(replace(one, metric=known.get(one.name, one.metric)) for one in own)

    def _brings(self, one: Checkpoint, metric: str) -> bool:
        """Whether a checkpoint was saved with the metric's value; of one under a URL, whether it has any."""
        if one.place is not None:
            return one.metric is not None
        manifest = spooled.read(self._settings.checkpoints / one.job / one.name) or {}
        return metric in (manifest.get("metrics") or {})

    def _left(self, job: JobId, gone: Mapping[str, Checkpoint]) -> list[Path]:
        """The folders of these checkpoints that are still there, under names that no reader takes for a checkpoint.

        Another checkpoint under such a name stays: it is told of next, or found when its attempt ends.
        """
        root = self._settings.checkpoints / job
        found = []
        try:
            names = os.listdir(root)
        except OSError:
            return []
        mark = f"{spooled.TEMPORARY}gone-"
        for name in names:
            if name in gone and untold.is_another(gone[name], root / name):
                continue
            hidden = mark + name if name in gone else name
            if hidden.startswith(mark):
                with contextlib.suppress(OSError):
                    os.rename(root / name, root / hidden)
                found.append(root / hidden)
        return found

    def _order_removals(self, boot: float) -> None:
        for removal in removals.pending(self._store):
            if removal.is_swept or not self._may_try(removal.job, boot):
                continue
            roots = (self._settings.spool_root, self._settings.outputs, self._settings.checkpoints)
            places = checkpoints.left_behind(self._store, removal.job, removal.places)
            self._remover.ask(Order(removal.job, None, tuple(root / removal.job for root in roots), places))

    def _take_note(self, done: Done, boot: float) -> bool:
        order = done.order
        if done.fault is not None:
            count = self._failures.get(order.job, (0, 0.0))[0] + 1
            wait = min(_AGAIN_AT_MOST, _AGAIN_AFTER * 2 ** (count - 1))
            self._failures[order.job] = (count, boot + wait)
            log.warning("job %s: %s; next try in %.0f s", order.job, done.fault, wait)
            return False
        self._failures.pop(order.job, None)
        if order.name is None:
            upkeep.forget(self._store, order.job)
            removals.places_gone(self._store, order.job)
        elif order.places:
            retention.gone(self._store, order.job, order.name)
        return True

    def _may_try(self, job: JobId, boot: float) -> bool:
        return job not in self._failures or self._failures[job][1] <= boot


def to_let_go(
    own: Sequence[Checkpoint], job: Job, *, of_search: frozenset[tuple[JobId, str]] | None = None
) -> list[Checkpoint]:
    """The good checkpoints of a job, newest first, that need not stay. ``of_search``: the best of its experiment."""
    stay = staying(own, job.checkpoints, may_go_on=job.state not in TERMINAL, of_search=of_search)
    return [one for one in own if one.state == "kept" and one.name not in stay]
