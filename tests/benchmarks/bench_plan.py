"""The planner on a long queue: one pass, beside sorting the same queue once."""

from __future__ import annotations

import random

from jupyter_training.core.ids import new_job_id
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import Desired
from jupyter_training.core.policy import QueuedJob, QueueView, plan
from jupyter_training.core.resources import Pool
from tests.benchmarks.row import Row, in_turn, middle, row, seconds

QUEUED = 100_000
ROUNDS = 15


def measure() -> list[Row]:
    rng = random.Random(7)
    queued = [
        QueuedJob(new_job_id(rng), f"job-{seq}", "local", rng.randint(1, 99), float(seq), seq, 1, Desired.RUN)
        for seq in range(QUEUED)
    ]
    rng.shuffle(queued)
    view = QueueView({"local": Pool("local", "local", 8)}, queued, [])
    passes, sorts = in_turn(
        ROUNDS,
        lambda: seconds(lambda: plan(view, Instant(0.0))),
        lambda: seconds(lambda: sorted(queued, key=lambda job: job.order)),
    )
    figure = 1e3 * middle(passes)
    return [
        row(
            f"planning pass, {QUEUED:,} queued",
            figure,
            "ms",
            baseline=1e3 * middle(sorts),
            baseline_what="sorted() of the queue",
            budget="< 20 ms",
            ok=figure < 20,
        )
    ]
