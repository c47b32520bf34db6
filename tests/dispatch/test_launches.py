"""Launches that fail: told at once, and never made in a circle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import CheckpointPolicy, Job, Keep
from jupyter_training.core.lifecycle import EndReason, JobState, Verb
from jupyter_training.errors import LaunchFailed
from jupyter_training.seams.backend import AttemptRef, End, LaunchOrder
from jupyter_training.store import checkpoints, facts
from jupyter_training.store.engine import Store
from jupyter_training.testing.scripted_backend import Script
from tests.dispatch.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "home")


@pytest.fixture
def refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[AttemptRef]:
    """A backend that can launch nothing, and what it was asked to."""
    asked: list[AttemptRef] = []

    def launch(order: LaunchOrder) -> str:
        asked.append(order.ref)
        raise LaunchFailed("there is no such interpreter.")

    monkeypatch.setattr(stage.backend, "launch", launch)
    return asked


def test_a_launch_that_fails_is_the_end_whatever_is_retried(stage: Stage, refused: list[AttemptRef]) -> None:
    job = stage.submit("a", retries={"max": 300, "on": ["error", "timeout", "lost", "preempted"]})
    stage.tick()
    found = stage.job(job)
    assert (JobState.FAILED, EndReason.LAUNCH_FAILED, 0) == (found.state, found.reason, found.retries_used)
    assert (1, "Could not start: there is no such interpreter.") == (len(refused), found.detail)


def test_a_job_starts_once_in_a_tick_and_again_in_the_next(
    stage: Stage, refused: list[AttemptRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = facts.ended

    def ended_and_retried(store: Store, epoch: int, job: JobId, *rest: Any) -> Job:
        found = ended(store, epoch, job, *rest)
        stage.wish(job, Verb.RETRY)  # a person who waits for nothing
        return found

    monkeypatch.setattr(facts, "ended", ended_and_retried)
    job = stage.submit("a")
    for number in (1, 2, 3):
        stage.tick()
        assert number == len(refused) == stage.job(job).attempt


def test_an_attempt_is_launched_with_the_policy_that_holds_by_then(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[LaunchOrder] = []
    launch = stage.backend.launch

    def noted(order: LaunchOrder) -> str:
        orders.append(order)
        return launch(order)

    monkeypatch.setattr(stage.backend, "launch", noted)
    stage.scripts["a"] = Script(ends=End(EndReason.ERROR, exit_code=1))
    job = stage.submit("a", checkpoints={"to": "s3://mine/kept", "metric": "loss"})
    stage.settle()
    more = CheckpointPolicy(to="s3://mine/kept", keep=Keep(trial_latest=7), metric="score", mode="max")
    checkpoints.retain(stage.store, stage.job(job), more, metrics={}, now=stage.clock.now())
    stage.wish(job, Verb.RETRY)
    stage.settle()
    first, second = orders
    assert (stage.job(job).spec, more) == (first.spec, second.spec.checkpoints)
    assert first.spec == second.spec.model_copy(update={"checkpoints": first.spec.checkpoints})
