"""Making room, on a real store: who is asked to leave, where it waits then, and with which devices it comes back."""

from __future__ import annotations

from pathlib import Path

from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, EndReason, JobState, Verb
from jupyter_training.core.resources import Allocation, Pool, Resources
from jupyter_training.store import pools
from jupyter_training.testing.scripted_backend import Script
from tests.dispatch.stage import Stage

LONG = Script(runs=1e6, obeys_after=5.0)


def preempting(home: Path, **more: object) -> Stage:
    stage = Stage(home, slots=2, script=lambda order: LONG)
    pool = Pool("local", "scripted", 2, preemption=True, **more)  # type: ignore[arg-type]
    pools.write(stage.store, pool, now=stage.clock.now())
    return stage


def test_a_better_job_makes_the_latest_leave_which_comes_back_before_the_next(tmp_path: Path) -> None:
    stage = preempting(tmp_path)
    ids = {name: stage.submit(name, preemptible="restart") for name in ("e1", "e2", "e3")}
    stage.tick()
    assert {"e1", "e2"} == stage.running()
    urgent = stage.submit("e4", priority=30)
    stage.tick(1.0)
    (attempt,) = stage.attempts(ids["e2"])
    assert (AttemptState.STOPPING, "preempt") == (attempt.state, attempt.stop_asked)
    before = stage.job(ids["e2"])
    stage.tick(1.0)
    assert {"e1", "e2"} == stage.running(), "its slot is promised, and not given away before it is free"
    assert "preempt" not in {one.stop_asked for one in stage.attempts(ids["e1"])}
    stage.tick(10.0)
    assert {"e1", "e4"} == stage.running()
    after = stage.job(ids["e2"])
    assert (JobState.QUEUED, EndReason.PREEMPTED) == (after.state, stage.attempts(ids["e2"])[0].reason)
    assert before.position == after.position
    assert (0, Instant(stage.clock.now())) == (after.retries_used, after.waiting_since)
    stage.wish(urgent, Verb.CANCEL)
    stage.tick(1.0)
    stage.tick(10.0)
    assert {"e1", "e2"} == stage.running()


def test_who_has_no_checkpoint_stays(tmp_path: Path) -> None:
    stage = preempting(tmp_path)
    ids = [stage.submit(name) for name in ("a", "b")]
    stage.tick()
    stage.submit("c", priority=1)
    stage.tick(1.0)
    assert [None, None] == [stage.attempts(job)[0].stop_asked for job in ids]


def test_devices_are_kept_with_the_attempt_and_given_on(tmp_path: Path) -> None:
    stage = preempting(tmp_path, devices=("7", "3"))
    first = stage.submit("first", resources=Resources(gpus=1), preemptible="restart")
    second = stage.submit("second", resources=Resources(gpus=1), preemptible="restart")
    stage.tick()
    given = {job: stage.attempts(job)[0].allocation for job in (first, second)}
    assert {first: Allocation("local", 1, ("7",)), second: Allocation("local", 1, ("3",))} == given
    urgent = stage.submit("urgent", priority=1, resources=Resources(gpus=1))
    stage.succeed()  # who takes over reads who holds which device
    stage.tick(1.0)
    assert () == stage.attempts(urgent)
    stage.tick(10.0)
    assert Allocation("local", 1, ("3",)) == stage.attempts(urgent)[0].allocation
