"""Processes that use a store until they are killed: `python -m tests.store.children WHAT HOME`.

Each line they print was acknowledged by the store before.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
import time
from pathlib import Path

from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import Instant
from jupyter_training.core.metric import Point
from jupyter_training.settings import Settings
from jupyter_training.store import aside, points, views, wishes
from jupyter_training.store.engine import Store
from jupyter_training.store.restarts import TOLD, Restart
from jupyter_training.testing.builders import a_submission


def submit(store: Store) -> None:
    """One job after the other, for ever; each key once its job is stored."""
    for _ in itertools.count():
        submission = a_submission()
        (stored,) = wishes.submit(store, [submission], new_id=_new_id, now=_now())
        print(submission.key, stored.job.id, flush=True)


def submit_some(store: Store) -> None:
    """A hundred jobs."""
    for _ in range(100):
        (stored,) = wishes.submit(store, [a_submission()], new_id=_new_id, now=_now())
        print(stored.job.id, flush=True)


def train(store: Store) -> None:
    """Jobs that report, for ever; the job and how many of its points are stored."""
    while True:
        (stored,) = wishes.submit(store, [a_submission()], new_id=_new_id, now=_now())
        for piece in range(20):
            found = [Point("loss", step, 1.0, float(step)) for step in range(piece * 50, piece * 50 + 50)]
            batch = points.Batch(1, "f", piece * 500, piece * 500 + 500, found)
            points.ingest(store, stored.job.id, [batch], now=_now())
            print(stored.job.id, (piece + 1) * 50, flush=True)


def hold(store: Store) -> None:
    """Keep the files open with something in the log, and wait."""
    (stored,) = wishes.submit(store, [a_submission()], new_id=_new_id, now=_now())
    print(stored.job.id, flush=True)
    sys.stdin.read()


def divide(store: Store) -> None:
    """A slice of the division of the one job's curve for each line that it is told."""
    aside._AT_ONCE, aside._SLICE = 100, 200
    (job,) = views.page(store, views.JobQuery(), after=None, limit=10).jobs
    while not aside.prepare(store, job.id, 2, Restart(TOLD, 2_000), is_over=lambda: True):
        print("a slice", flush=True)
        sys.stdin.readline()
    print("all", flush=True)


def _new_id() -> JobId:
    return new_job_id(random.SystemRandom())


def _now() -> Instant:
    return Instant(time.time())


if __name__ == "__main__":
    what = {"submit": submit, "submit_some": submit_some, "train": train, "hold": hold, "divide": divide}[sys.argv[1]]
    what(Store.open(Settings(home=Path(sys.argv[2]))))
    os._exit(0)
