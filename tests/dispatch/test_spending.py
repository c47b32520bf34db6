"""What a job may cost is a time that all its attempts share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.core.lifecycle import AttemptState, EndReason, JobState, Seen, Verb
from jupyter_training.dispatch.figures import Figures
from jupyter_training.seams.backend import AttemptRef, LaunchOrder, Observation
from jupyter_training.testing.scripted_backend import Script
from tests.dispatch.stage import Stage

TRAINED = "service/training_seconds"
WORDS = "Stopped: it has cost as much as it may."


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    found = Stage(tmp_path / "home")
    found.scripts["a"] = Script(runs=1_000)
    yield found
    found.store.close()


def test_it_ends_a_job_before_its_time_limit_does(stage: Stage) -> None:
    job = stage.submit("a", timeout=600.0, cost_within=60.0)
    stage.tick()
    stage.tick(50)
    assert JobState.RUNNING is stage.job(job).state
    stage.tick(11)
    stage.tick(1)
    found = stage.job(job)
    assert (JobState.FAILED, EndReason.TIMEOUT) == (found.state, found.reason)
    assert (found.detail or "").startswith(WORDS)


def test_a_time_limit_that_comes_first_says_so(stage: Stage) -> None:
    job = stage.submit("a", timeout=30.0, cost_within=60.0)
    stage.tick()
    stage.tick(31)
    stage.tick(1)
    found = stage.job(job)
    assert EndReason.TIMEOUT is found.reason
    assert not (found.detail or "").startswith(WORDS)


def test_it_is_not_retried(stage: Stage) -> None:
    job = stage.submit("a", cost_within=60.0, retries={"max": 3, "on": ["timeout"]})
    stage.tick()
    stage.tick(61)
    stage.tick(1)
    assert JobState.FAILED is stage.job(job).state
    assert 1 == len(stage.attempts(job))


def test_attempts_share_it(stage: Stage) -> None:
    job = stage.submit("a", cost_within=60.0)
    stage.tick()
    stage.tick(40)
    stage.wish(job, Verb.PAUSE, discard=True)
    stage.tick(0)
    stage.tick(1)
    assert JobState.PAUSED is stage.job(job).state
    stage.tick(1_000)  # what is paused costs nothing
    stage.wish(job, Verb.ACTIVATE)
    stage.tick(1)
    stage.tick(15)
    assert JobState.RUNNING is stage.job(job).state
    stage.succeed()  # the next dispatcher knows as much
    stage.tick(1)
    stage.tick(4)
    stage.tick(1)
    assert (stage.job(job).detail or "").startswith(WORDS)
    assert 2 == len(stage.attempts(job))


@pytest.mark.parametrize(("within", "told"), [(60.0, [0.0, 41.0]), (None, [0.0, 0.0])])
def test_a_backend_is_told_what_the_attempts_before_have_run(
    tmp_path: Path, within: float | None, told: list[float]
) -> None:
    """For a service that ends a job by itself, also where nobody is there to stop it."""
    orders: list[LaunchOrder] = []

    def script(order: LaunchOrder) -> Script:
        orders.append(order)
        return Script(runs=1_000)

    stage = Stage(tmp_path / "home", script=script)
    job = stage.submit("a", cost_within=within)
    stage.tick()
    stage.tick(40)
    stage.wish(job, Verb.PAUSE, discard=True)
    stage.tick(0)
    stage.tick(1)
    stage.wish(job, Verb.ACTIVATE)
    stage.tick(1)
    assert told == [pytest.approx(order.spent, abs=1.0) for order in orders]
    stage.store.close()


def test_a_persons_retry_may_cost_as_much_again(stage: Stage) -> None:
    job = stage.submit("a", cost_within=60.0)
    stage.tick()
    stage.tick(61)
    stage.tick(1)
    stage.wish(job, Verb.RETRY)
    stage.tick(1)
    stage.tick(50)
    assert JobState.RUNNING is stage.job(job).state
    stage.tick(11)
    stage.tick(1)
    assert JobState.FAILED is stage.job(job).state


def test_what_an_attempt_waited_for_machines_costs_nothing(stage: Stage) -> None:
    """A service that starts attempts anew counts itself how long they have trained."""
    job = stage.submit("a", cost_within=60.0)
    stage.tick()
    stage.tick(55)
    (attempt,) = stage.attempts(job)
    seen = Observation(
        AttemptRef(attempt.job, 1, attempt.token, None), Seen.LIVE, AttemptState.RUNNING, figures={TRAINED: 10.0}
    )
    Figures(stage.store).keep(attempt, seen, stage.clock.now(), stage.clock.boot())
    stage.wish(job, Verb.PAUSE, discard=True)
    stage.tick(0)
    stage.tick(1)
    stage.wish(job, Verb.ACTIVATE)
    stage.tick(1)
    stage.tick(40)
    assert JobState.RUNNING is stage.job(job).state, "ten and forty are under sixty"
    stage.tick(11)
    stage.tick(1)
    assert (stage.job(job).detail or "").startswith(WORDS)
