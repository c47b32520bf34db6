"""Who says nothing for too long is stopped where that was wished, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import EndReason, JobState
from jupyter_training.spool import attempt_folder
from jupyter_training.spool.lines import PageWriter
from jupyter_training.testing.scripted_backend import Script
from tests.dispatch.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path / "home")
    stage.scripts["a"] = Script(runs=100_000)
    return stage


def begun(stage: Stage, **hang: object) -> tuple[JobId, Path]:
    """A job that runs, and its folder."""
    job = stage.submit("a", slots=0, hang=hang)
    stage.tick()
    stage.tick(1)
    folder = attempt_folder(stage.settings.spool_root, job, 1)
    folder.mkdir(parents=True, exist_ok=True)
    return job, folder


def test_what_says_nothing_for_too_long_is_stopped(stage: Stage) -> None:
    job, _ = begun(stage, after=60.0, stop=True)
    woken = stage.tick(30).next_wake
    assert woken is not None and woken - stage.clock.boot() <= 31
    stage.tick(25)
    assert JobState.RUNNING is stage.job(job).state
    stage.tick(10)
    stage.tick(1)
    ended = stage.job(job)
    assert (JobState.FAILED, EndReason.HUNG) == (ended.state, ended.reason)
    assert "Stopped: no report and no line of log for 60 s." == ended.detail


def test_a_report_or_a_printed_byte_is_a_sign_of_life(stage: Stage) -> None:
    job, folder = begun(stage, after=60.0, stop=True)
    writer = PageWriter(str(folder))
    for turn in range(6):
        stage.tick(50)
        if turn % 2:
            writer.write(b'["p",1800000000000000,1,{"loss":0.5}]\n')
        else:
            with open(folder / "log", "ab") as log:
                log.write(b"no newline ")
        stage.tick()
    assert JobState.RUNNING is stage.job(job).state
    stage.tick(31)
    stage.tick(31)
    stage.tick(1)
    assert EndReason.HUNG is stage.job(job).reason


def test_a_sample_of_the_machine_and_an_unfinished_line_are_none(stage: Stage) -> None:
    job, folder = begun(stage, after=60.0, stop=True)
    (folder / "log").write_bytes(b"50%")
    stage.tick()
    writer = PageWriter(str(folder))
    for _ in range(7):
        writer.write(b'["m",1800000000000000,{"cpu":0.5}]\n')
        stage.tick(10)
    stage.tick(1)
    assert EndReason.HUNG is stage.job(job).reason


@pytest.mark.parametrize("hang", [{"after": 60.0}, {"stop": False}])
def test_who_did_not_wish_it_is_not_stopped(stage: Stage, hang: dict[str, object]) -> None:
    job, _ = begun(stage, **hang)
    for _ in range(10):
        stage.tick(50)
    assert JobState.RUNNING is stage.job(job).state


def test_the_homes_setting_holds_where_a_job_says_nothing(tmp_path: Path) -> None:
    for hang_after, state in ((45.0, JobState.FAILED), (0.0, JobState.RUNNING)):
        stage = Stage(tmp_path / f"home-{hang_after}")
        stage.settings = replace(stage.settings, hang_after=hang_after)
        stage.succeed()
        stage.scripts["a"] = Script(runs=100_000)
        job, _ = begun(stage, stop=True)
        for _ in range(3):
            stage.tick(30)
        assert state is stage.job(job).state


def test_a_machine_that_slept_ends_nothing(stage: Stage) -> None:
    job, _ = begun(stage, after=60.0, stop=True)
    stage.tick(20)
    stage.tick(7_200)
    assert JobState.RUNNING is stage.job(job).state
    stage.tick(30)
    stage.tick(30)
    stage.tick(1)
    assert EndReason.HUNG is stage.job(job).reason


def test_a_clock_that_jumps_ends_nothing(stage: Stage) -> None:
    job, _ = begun(stage, after=60.0, stop=True)
    stage.tick(20)
    stage.clock.jump(86_400.0)
    stage.tick(20)
    assert JobState.RUNNING is stage.job(job).state


def test_a_successor_goes_on_waiting(stage: Stage) -> None:
    job, _ = begun(stage, after=60.0, stop=True)
    stage.tick(40)
    stage.succeed()
    stage.tick(15)
    assert JobState.RUNNING is stage.job(job).state
    stage.tick(10)
    stage.tick(1)
    assert EndReason.HUNG is stage.job(job).reason


def test_who_does_not_answer_is_not_called_hung(stage: Stage) -> None:
    stage.scripts["a"] = Script(runs=100_000, silent=((30, 500),))
    job, _ = begun(stage, after=60.0, stop=True)
    for _ in range(10):
        stage.tick(40)
    assert JobState.RUNNING is stage.job(job).state


def test_who_answers_again_after_long_may_be_quiet_for_the_whole_span(stage: Stage) -> None:
    """What it said meanwhile has to be read first."""
    stage.scripts["a"] = Script(runs=100_000, silent=((30, 500),))
    job, _ = begun(stage, after=60.0, stop=True)
    for _ in range(24):
        stage.tick(20)
    stage.tick(18)
    for _ in range(5):
        stage.tick(10)
    assert JobState.RUNNING is stage.job(job).state
    for _ in range(3):
        stage.tick(10)
    assert EndReason.HUNG is stage.job(job).reason


def test_whom_nobody_would_hear_is_not_called_hung_either_not_by_a_successor(stage: Stage) -> None:
    stage.scripts["a"] = Script(runs=100_000, unheard=((30, 500),))
    job, _ = begun(stage, after=60.0, stop=True)
    for _ in range(40):
        stage.tick(10)
    stage.succeed()
    for _ in range(12):
        stage.tick(10)
    assert JobState.RUNNING is stage.job(job).state
    for _ in range(7):
        stage.tick(10)
    assert EndReason.HUNG is stage.job(job).reason
