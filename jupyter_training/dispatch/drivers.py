"""Drivers of searches that had left for want of work, and those that failed.

A driver with nothing to do asks to be paused until something happens (the hold
``experiment``). Whatever happens to a trial of its search brings it back here.
"""

from __future__ import annotations

from collections.abc import Collection

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import Hold, JobState, end_sentence
from jupyter_training.store import experiments
from jupyter_training.store.engine import Store

__all__ = ["has_failed", "is_away", "rouse"]


def rouse(store: Store, away: Collection[JobId], touched: Collection[JobId] | None, now: Instant) -> bool:
    """Bring back those drivers that are ``away`` whose trials were ``touched`` (None: perhaps all). True: any was."""
    if not away:
        return False
    wanted = set(away)
    if touched is not None:
        others = [job for job in touched if job not in wanted]
        wanted &= experiments.belongs_to(store, others) if others else set()
    experiments.rouse(store, sorted(wanted), now)
    return bool(wanted)


def has_failed(store: Store, driver: Job, now: Instant) -> None:
    """A driver that has ended has either ended its search before, or failed it."""
    if driver.state is JobState.FAILED:
        why = driver.detail or (end_sentence(driver.reason) if driver.reason is not None else "it failed.")
        sentence = f"Its driver failed: {why} Retry it to go on; its log says more."
        experiments.driver_failed(store, driver.id, sentence, now)


def is_away(job: Job) -> bool:
    return job.is_driver and job.state is JobState.PAUSED and Hold.EXPERIMENT in job.holds
