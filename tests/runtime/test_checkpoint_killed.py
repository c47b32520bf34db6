"""A training that saves as fast as it can is killed at any moment: no checkpoint is torn, no step lost or doubled."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from jupyter_training.spool import checkpoints
from tests.runtime.attempts import until
from tests.runtime.saving import Job

KILLS = int(os.environ.get("JUPYTER_TRAINING_TEST_KILLS") or 8)

CODE = """
from jupyter_training import checkpoint, report
state = {"count": 0, "more": b"0" * 20_000}
found = checkpoint.latest()
if found:
    found.load(into=state)
for step in checkpoint.steps(10**6):
    state["count"] += 1
    report(loss=float(state["count"]), step=step)
    checkpoint.save(state)
    print(step, flush=True)
"""


def test_a_kill_at_any_moment_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    seed = int(os.environ.get("JUPYTER_TRAINING_TEST_SEED") or random.randrange(10**6))
    print(f"seed {seed}")
    rng = random.Random(seed)
    job = Job(tmp_path, CODE)
    saved = 0
    for _ in range(KILLS):
        process = job.attempt().begin()
        assert process.stdout is not None
        first = process.stdout.readline()
        deadline = time.monotonic() + rng.uniform(0, 0.1)
        until(lambda deadline=deadline: time.monotonic() >= deadline, what="the moment")
        process.kill()
        out, err = process.communicate()
        assert "" == err
        start = job.starts()[-1] or 0
        assert start in (saved, saved + 1)  # one more: killed before it could tell
        saved = job.candidates()[0]["step"]
        assert saved >= int((first + out).split()[-1])
        whole = [name for name in job.names if checkpoints.is_name(name)]
        assert [] == [name for name in whole if checkpoints.fault(job.folder / name) is not None]
        assert len(job.names) <= len(whole) + 1
        losses = job.losses()
        assert [(step, float(step)) for step in range(1, len(losses) + 1)] == losses
