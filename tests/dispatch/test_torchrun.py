"""A job of several processes on this machine, started by torchrun's stand-in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.core.lifecycle import JobState
from tests.boot.torchrun import stand_in
from tests.dispatch.living import Living, living

CODE = """
import os
from jupyter_training import report
report(rank=float(os.environ["RANK"]), step=1)
print("rank", os.environ["RANK"], "of", os.environ["WORLD_SIZE"], flush=True)
if os.environ["RANK"] == os.environ.get("FAILS"):
    raise ValueError("rank " + os.environ["RANK"])
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Living]:
    with living(tmp_path / "home") as stage:
        yield stage


def wish(tmp_path: Path, **variables: str) -> dict[str, object]:
    found = {"PYTHONPATH": stand_in(tmp_path / "site"), **variables}
    return {"launcher": "torchrun", "environment": {"python": sys.executable, "variables": found}}


def test_rank_0_speaks_for_the_job(stage: Living, tmp_path: Path) -> None:
    job = stage.submit(CODE, **wish(tmp_path))
    stage.until_state(job, JobState.SUCCEEDED)
    assert {"rank 0 of 2", "rank 1 of 2"} <= set(stage.log(job).splitlines())
    assert [(1, 0.0)] == stage.curve(job, "rank")


def test_the_error_of_any_rank_is_the_job_s(stage: Living, tmp_path: Path) -> None:
    job = stage.submit(CODE, **wish(tmp_path, FAILS="1"))
    stage.until_state(job, JobState.FAILED)
    assert "ValueError: rank 1" in str(stage.job(job).detail)
