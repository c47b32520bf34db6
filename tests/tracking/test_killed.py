"""A mirror killed with SIGKILL at any moment: one run, each point once, the true status."""

from __future__ import annotations

import random
import threading

import pytest

from jupyter_training.core.lifecycle import EndReason
from tests.tracking.nursery import Nursery
from tests.tracking.record import points_of, runs_of
from tests.tracking.stage import Stage, curve, wait_for

pytestmark = pytest.mark.processes


def assert_complete(stage: Stage, job: str, status: str, count: int) -> None:
    ((run_id, found),) = runs_of(stage.settings, job)
    assert status == found
    expected = sorted((("loss", point.step, point.value) for point in curve(0, count)), key=repr)
    assert expected == points_of(stage.settings, run_id)


@pytest.mark.parametrize(
    ("step", "times"),
    [
        ("after begin", 1),
        ("after describe", 1),
        ("before write", 1),
        ("after write", 1),
        ("before write", 3),
        ("after write", 3),
        ("before end", 1),
        ("after end", 1),
    ],
    ids=str,
)
def test_killed_between_a_step_and_its_being_saved(stage: Stage, nursery: Nursery, step: str, times: int) -> None:
    job = stage.trained(2500, EndReason.ERROR)
    assert -9 == nursery.ended(nursery.mirror(stage.home, dies=step, times=times))
    assert not stage.is_recorded(job)
    second = nursery.mirror(stage.home)
    stage.wait_until_recorded(job)
    nursery.kill(second)
    assert_complete(stage, job, "FAILED", 2500)


def test_each_step_is_killed_twice_in_a_row(stage: Stage, nursery: Nursery) -> None:
    job = stage.trained(500)
    for step in ("begin", "begin", "describe", "describe", "write", "write", "end", "end"):
        assert -9 == nursery.ended(nursery.mirror(stage.home, dies=f"after {step}"))
        assert not stage.is_recorded(job)
    survivor = nursery.mirror(stage.home)
    stage.wait_until_recorded(job)
    nursery.kill(survivor)
    assert_complete(stage, job, "FINISHED", 500)


@pytest.mark.parametrize("seed", range(10))
def test_killed_at_random_while_the_job_reports(stage: Stage, nursery: Nursery, seed: int) -> None:
    rng = random.Random(seed)
    job = stage.submit(name=f"random-{seed}")
    stage.start(job)
    reported = 0
    nothing = threading.Event()
    for _ in range(3):
        mirror = nursery.mirror(stage.home)
        for _ in range(rng.randint(1, 4)):
            more = rng.randint(1, 1500)
            stage.report(job, curve(reported, reported + more))
            reported += more
        nothing.wait(rng.uniform(0.1, 0.7))  # the random moment itself, not a wait for something
        nursery.kill(mirror)
    stage.end(job, EndReason.KILLED)
    survivor = nursery.mirror(stage.home)
    stage.wait_until_recorded(job)
    nursery.kill(survivor)
    assert_complete(stage, job, "KILLED", reported)


def test_only_one_mirror_acts(stage: Stage, nursery: Nursery) -> None:
    first = nursery.mirror(stage.home)
    job = stage.submit()
    folder = stage.start(job)
    wait_for((folder / "mlflow.json").exists, "the first mirror is at work", stage.log)
    assert 0 == nursery.ended(nursery.mirror(stage.home))
    stage.end(job, EndReason.COMPLETED)
    stage.wait_until_recorded(job)
    nursery.kill(first)
