"""Trainings that are paused, fail, vanish and go on, with real processes: one curve, nothing lost, nothing twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.core.lifecycle import EndReason, JobState, Verb
from jupyter_training.store import checkpoints, verbs
from tests.dispatch.living import Living, living

# A counter: its loss says how many steps its weights have seen, so a step that was left out or done twice shows.
COUNTS = """
import os, sys, time
from jupyter_training import checkpoint, params, report, should_stop

def stand_still():
    print("standing still", flush=True)
    while not os.path.exists(os.environ["JUPYTER_TRAINING_SPOOL"] + "/stop.json"): pass
    time.sleep(0.1)  # should_stop() looks twenty times a second

found = checkpoint.latest()
state = found.load() if found else {"count": 0}
print("from", found.step if found else 0, flush=True)
for step in checkpoint.steps(params.get("steps", 20)):
    state["count"] += 1
    report(loss=float(state["count"]), step=step)
    report(noise=float(step))
    if step == 7 and found is None: stand_still()
    if checkpoint.every(5, step): checkpoint.save(state)
    if should_stop(): break
print("end", state["count"], flush=True)
"""
# Fails once in step 8, after it has saved at 5.
FAILS = COUNTS.replace(
    "if step == 7 and found is None: stand_still()", "if step == 8 and not found: raise OSError('x')"
)
STEPS = [(step, float(step)) for step in range(1, 21)]
NOISE = [(number, number + 1.0) for number in range(20)]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Living]:
    with living(tmp_path / "home") as stage:
        yield stage


def test_a_pause_waits_for_the_next_checkpoint_and_goes_on_there(stage: Living) -> None:
    job = stage.submit(COUNTS)
    stage.until_printed(job, "standing still")
    stage.until(lambda: stage.job(job).checkpoint_step == 5, "the checkpoint of step 5 is known")
    stage.wish(job, Verb.PAUSE)
    paused = stage.until_state(job, JobState.PAUSED)
    (first,) = stage.attempts(job)
    assert (0, 10) == (stage.slots_used(), paused.checkpoint_step)
    assert (EndReason.PAUSED, "Paused by you at step 10; its checkpoint is kept.") == (first.reason, first.detail)
    stage.wish(job, Verb.ACTIVATE)
    stage.until_state(job, JobState.SUCCEEDED)
    assert 10 == stage.attempts(job)[1].start_step
    assert "from 10" in stage.log(job)
    assert STEPS == stage.curve(job)
    assert NOISE == stage.curve(job, "noise")
    assert [] == stage.curve(job, superseded=2)


def test_what_failed_is_tried_again_from_its_last_checkpoint(stage: Living) -> None:
    job = stage.submit(FAILS, retries={"max": 1})
    stage.until_state(job, JobState.SUCCEEDED)
    first, second = stage.attempts(job)
    assert (EndReason.ERROR, 5, 1) == (first.reason, second.start_step, stage.job(job).retries_used)
    assert STEPS == stage.curve(job)
    assert NOISE == stage.curve(job, "noise")
    assert [(6, 6.0), (7, 7.0), (8, 8.0)] == stage.curve(job, superseded=2)
    assert [(5, 6.0), (6, 7.0), (7, 8.0)] == stage.curve(job, "noise", superseded=2)


def test_retries_come_to_an_end(stage: Living) -> None:
    job = stage.submit("raise SystemExit(3)", retries={"max": 2})
    stage.until_state(job, JobState.FAILED)
    assert [EndReason.ERROR] * 3 == [attempt.reason for attempt in stage.attempts(job)]


def test_what_is_not_named_is_not_tried_again(stage: Living) -> None:
    job = stage.submit("raise SystemExit(3)", retries={"max": 2, "on": ["lost"]})
    stage.until_state(job, JobState.FAILED)
    assert 1 == len(stage.attempts(job))


def test_a_process_that_was_killed_goes_on_from_its_last_checkpoint(stage: Living) -> None:
    job = stage.submit(COUNTS, retries={"max": 1})
    stage.until_printed(job, "standing still")
    stage.succeed()
    stage.kill(job)
    stage.until_state(job, JobState.SUCCEEDED)
    first, second = stage.attempts(job)
    assert (EndReason.SIGNALED, 5) == (first.reason, second.start_step)
    assert str(first.detail).endswith("Last step reported: 7. Last checkpoint: step 5.")
    assert (STEPS, NOISE) == (stage.curve(job), stage.curve(job, "noise"))


def test_a_pause_without_a_checkpoint_starts_from_the_beginning(stage: Living) -> None:
    job = stage.submit(COUNTS.replace("every(5, step)", "every(50, step)"))
    stage.until_printed(job, "standing still")
    (refusal,) = verbs.wish(stage.store, [job], Verb.PAUSE, now=stage.clock.now())
    assert "written no checkpoint" in str(refusal)
    stage.wish(job, Verb.PAUSE, discard=True)
    stage.until_state(job, JobState.PAUSED)
    assert "Paused by you; it starts from the beginning." == stage.attempts(job)[0].detail


def test_a_stop_keeps_the_checkpoint_and_says_so(stage: Living) -> None:
    job = stage.submit(COUNTS)
    stage.until_printed(job, "standing still")
    stage.wish(job, Verb.CANCEL)
    stage.until_state(job, JobState.CANCELED)
    assert "Stopped by you; the checkpoint of step 5 is kept." == stage.job(job).detail
    stage.wish(job, Verb.RETRY)
    stage.until_state(job, JobState.SUCCEEDED)
    assert STEPS == stage.curve(job)


def test_a_job_that_is_resumed_does_as_many_steps_more(stage: Living) -> None:
    job = stage.submit(FAILS.replace("step == 8", "step == -1"), params={"steps": 10})
    stage.until_state(job, JobState.SUCCEEDED)
    verbs.resume(stage.store, job, {"steps": 10, "lr": 0.5}, now=stage.clock.now())
    stage.until_state(job, JobState.SUCCEEDED)
    assert "from 10\nend 20" in stage.log(job)
    assert STEPS == stage.curve(job)


def test_checkpoints_under_a_url_are_gone_on_from_and_let_go_of(stage: Living, tmp_path: Path) -> None:
    far = tmp_path / "far"
    far.mkdir()
    job = stage.submit(COUNTS, checkpoints={"to": f"file://{far}", "metric": "loss", "mode": "min"})
    stage.until_printed(job, "standing still")
    stage.until(lambda: stage.job(job).checkpoint_step == 5, "the checkpoint of step 5 is known")
    stage.wish(job, Verb.PAUSE)
    stage.until_state(job, JobState.PAUSED)
    stage.wish(job, Verb.ACTIVATE)
    stage.until_state(job, JobState.SUCCEEDED)
    assert (10, STEPS) == (stage.attempts(job)[1].start_step, stage.curve(job))
    best_and_newest = {5, 20}
    stage.until(lambda: {one.step for one in checkpoints.candidates(stage.store, job)} == best_and_newest, "swept")
    stage.until(lambda: best_and_newest == {int(one.name[5:14]) for one in (far / job).glob("step-*")}, "files follow")


def test_what_is_kept_here_in_the_end_is_the_newest(stage: Living) -> None:
    job = stage.submit(COUNTS.replace("step == 7", "step == 0"))
    stage.until_state(job, JobState.SUCCEEDED)
    folder = stage.settings.checkpoints / job
    stage.until(lambda: [path.name for path in folder.iterdir()] == ["step-000000020.1"], "the others have gone")
    assert [20] == [one.step for one in checkpoints.candidates(stage.store, job)]


def test_a_stronger_stop_replaces_a_weaker_one(stage: Living) -> None:
    job = stage.submit(COUNTS.replace("if should_stop(): break", "while step == 8: pass"), grace=600.0)
    stage.until_printed(job, "standing still")
    stage.until(lambda: stage.job(job).checkpoint_step == 5, "the checkpoint of step 5 is known")
    stage.wish(job, Verb.PAUSE)
    stage.until(lambda: (8, 8.0) in stage.curve(job), "step 8")
    stage.wish(job, Verb.KILL)
    stage.until_state(job, JobState.CANCELED)
    assert EndReason.KILLED is stage.job(job).reason


def test_a_damaged_checkpoint_is_passed_over_and_known_as_such(stage: Living) -> None:
    job = stage.submit(COUNTS.replace("step == 7", "step == 12"), retries={"max": 1})
    stage.until_printed(job, "standing still")
    stage.until(lambda: stage.job(job).checkpoint_step == 10, "the checkpoint of step 10 is known")
    newest = checkpoints.candidates(stage.store, job)[0]
    for file in (stage.settings.checkpoints / job / newest.name).iterdir():
        if file.name != "manifest.json":
            file.write_bytes(b"damaged")
    stage.kill(job, signal.SIGKILL)
    stage.until_state(job, JobState.SUCCEEDED)
    assert 5 == stage.attempts(job)[1].start_step
    states = {one.name: one.state for one in checkpoints.of_jobs(stage.store, [job])[job]}
    assert "corrupt" == states[newest.name]
    assert (STEPS, NOISE) == (stage.curve(job), stage.curve(job, "noise"))


def test_an_attempt_without_a_whole_checkpoint_is_known_to_have_begun_anew(stage: Living) -> None:
    job = stage.submit(COUNTS, retries={"max": 1})
    stage.until_printed(job, "standing still")
    stage.until(lambda: stage.job(job).checkpoint_step == 5, "the checkpoint of step 5 is known")
    (only,) = checkpoints.candidates(stage.store, job)
    (stage.settings.checkpoints / job / only.name / "manifest.json").unlink()
    stage.kill(job, signal.SIGKILL)
    stage.until(lambda: len(stage.attempts(job)) == 2, "it is tried again")
    stage.until(lambda: stage.attempts(job)[1].start_checkpoint is not None, "where it began is known")
    assert (None, only.name) == (stage.attempts(job)[1].start_step, stage.attempts(job)[1].start_checkpoint)
    stage.wish(job, Verb.CANCEL)
    stage.until_state(job, JobState.CANCELED)


def test_a_checkpoint_that_was_let_go_of_is_not_found_again_where_it_lies(stage: Living) -> None:
    job = stage.submit(COUNTS.replace("step == 7", "step == 12"), retries={"max": 1})
    stage.until_printed(job, "standing still")
    stage.until(lambda: stage.job(job).checkpoint_step == 10, "the checkpoint of step 10 is known")
    newest = checkpoints.candidates(stage.store, job)[0]
    checkpoints.found_damaged(stage.store, job, newest.name, stage.clock.now())
    stage.kill(job, signal.SIGKILL)
    stage.until_state(job, JobState.SUCCEEDED)
    assert 5 == stage.attempts(job)[1].start_step
    states = {one.name: one.state for one in checkpoints.of_jobs(stage.store, [job])[job]}
    assert "corrupt" == states[newest.name]
