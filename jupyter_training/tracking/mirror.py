"""The mirror's process: ``python -m jupyter_training.tracking.mirror --home H``.

One per store, by a lock that the kernel frees when the process dies:

    lock -> import mlflow, open the record -> copy what is behind, look again, ... -> idle for long: leave

It has its own cursors in the store and may be killed at any moment. What it
can't write now is tried again later; the jobs do not notice. It is started by
``ensure`` and by nobody else, and leaves by itself.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import JobState
from jupyter_training.errors import TrainingError, Unavailable
from jupyter_training.seams.tracker import TrackerUnavailable
from jupyter_training.settings import Settings
from jupyter_training.store import record, removals, views
from jupyter_training.store.engine import Store
from jupyter_training.tracking import ensure
from jupyter_training.tracking.copier import Copier
from jupyter_training.tracking.mlflow_place import shown
from jupyter_training.tracking.patience import Patience

__all__ = ["Mirror", "main"]

logger = logging.getLogger("jupyter_training.tracking")

_LOOK = 0.5  # between looks
_AT_ONCE = 100  # jobs that are asked for in one look
_STUCK = 12  # failures in a row after which the process starts itself anew, with fresh connections


class Mirror:
    """Copies what is behind until nothing has been for long. The caller holds the mirror's lock."""

    def __init__(self, settings: Settings, store: Store, copier: Copier) -> None:
        self._settings = settings
        self._store = store
        self._copier = copier
        self._patience = Patience()
        self._leaving = threading.Event()

    def run(self, *, clock: Callable[[], float] = time.monotonic, look: float = _LOOK) -> bool:
        """Work until idle, with ``look`` seconds between looks. False: it is stuck, and a new process may do better."""
        idle_since = clock()
        while not self._leaving.is_set():
            behind = record.pending(self._store, _AT_ONCE)
            more = self._round(behind, clock)
            if self._remove(clock) or behind or self._somebody_runs():
                idle_since = clock()
            elif clock() - idle_since >= self._settings.mirror_idle_exit:
                return True
            if self._patience.failures >= _STUCK:
                return False
            if not more:
                self._leaving.wait(look)
        return True

    def leave(self) -> None:
        """Ask it to end after the step it is at."""
        self._leaving.set()

    def _round(self, behind: Sequence[Job], clock: Callable[[], float]) -> bool:
        """Give each job that is behind its turn. True when some have more at once."""
        more = False
        for job in behind:
            if self._leaving.is_set():
                return False
            if self._patience.is_due(job.id, clock()):
                more = self._turn(job, clock) or more
        return more

    def _remove(self, clock: Callable[[], float]) -> bool:
        """Delete the runs of deleted jobs. True while there are any."""
        waiting = [one for one in removals.pending(self._store) if one.run_id is not None]
        for removal in waiting:
            if not self._leaving.is_set() and self._patience.is_due(removal.job, clock()):
                self._attempt(removal.job, partial(self._copier.remove, removal), clock)
        return bool(waiting)

    def _turn(self, job: Job, clock: Callable[[], float]) -> bool:
        return self._attempt(job.id, partial(self._copier.copy, job), clock)

    def _attempt(self, job: JobId, step: Callable[[], bool], clock: Callable[[], float]) -> bool:
        """Do something about one job; what fails is tried again later. The step's answer, False where it failed."""
        try:
            more = step()
        except TrackerUnavailable as error:
            delay = self._patience.failed(job, clock())
            logger.warning("job %s: the record does not answer; next try in %.0f s. %s", job, delay, error)
            return False
        except Unavailable as error:
            delay = self._patience.failed(job, clock())
            logger.warning("job %s: the store can't serve now; next try in %.0f s. %s", job, delay, error)
            return False
        except Exception:  # the edge of the process: one job's oddity must not stop the others
            delay = self._patience.failed(job, clock())
            logger.exception("job %s: can't be copied; next try in %.0f s.", job, delay)
            return False
        waited = self._patience.succeeded(job, clock())
        if waited is not None:
            logger.info("job %s: the record answers again after %.0f s; caught up from where it was.", job, waited)
        return more

    def _somebody_runs(self) -> bool:
        return bool(views.counts(self._store, trials=True).get(JobState.RUNNING))


def main(arguments: Sequence[str] | None = None) -> int:
    """Be the mirror of a home. The exit code: 0 also when there is one already."""
    parser = argparse.ArgumentParser(prog="jupyter_training.tracking.mirror")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--lock-fd", type=int, help="an inherited descriptor that holds the mirror's lock")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    settings = Settings.load(options.home)
    lock = ensure.take_lock(settings) if options.lock_fd is None else options.lock_fd
    if lock is None:
        return 0
    os.set_inheritable(lock, False)
    try:
        with contextlib.closing(Store.open(settings)) as store:
            if not _mirror(settings, store):
                os.set_inheritable(lock, True)
                command = [*ensure.COMMAND, "--home", str(options.home), "--lock-fd", str(lock)]
                os.execv(sys.executable, [sys.executable, *command])  # noqa: S606
    except TrainingError as error:
        logger.error("%s", error)
        return 1
    ensure.left_in_order(lock)
    return 0


def _mirror(settings: Settings, store: Store) -> bool:
    """Import mlflow, open the record and work. False: start anew."""
    ensure.quieten_mlflow(os.environ)
    import mlflow

    logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # each fault reaches us as an error, and is told once
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    from jupyter_training.tracking.handover import Handover
    from jupyter_training.tracking.mlflow_tracker import MlflowTracker

    handover = Handover(settings, mlflow.__version__)
    handover.announce_record()
    tracker = MlflowTracker(settings, store.store_id)
    logger.info("mirror of %s, into %s", settings.home, shown(settings.mlflow_uri))
    with contextlib.suppress(TrackerUnavailable):
        # An embedded database takes seconds to make: done before the first job asks.
        tracker.connect()
    mirror = Mirror(settings, store, Copier(settings, store, tracker, handover.announce))
    signal.signal(signal.SIGTERM, lambda *_: mirror.leave())
    return mirror.run()


if __name__ == "__main__":
    raise SystemExit(main())
