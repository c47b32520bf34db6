"""What an attempt must not go on from, and what it must not go on without."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.runtime.counting import counting, truncate
from tests.runtime.saving import Job


def knowing(tmp_path: Path, names: list[str]) -> Job:
    """A job whose newest checkpoint lies there whole, and whose next order has a row of it, but does not name it."""
    job = counting(tmp_path)
    job.attempt().run()
    assert ["step-000000005.1", "step-000000010.1"] == job.names
    job.checkpoints["candidates"] = [one for one in job.candidates() if one["step"] == 5]
    job.checkpoints["known"] = names
    return job


def test_one_that_was_removed_or_found_damaged_before_is_not_taken_again(tmp_path: Path) -> None:
    job = knowing(tmp_path, ["step-000000010.1", "step-000000005.1"])
    answer = job.attempt().run()
    assert ("10\n", "") == (answer.stdout, answer.stderr)
    assert [None, 5] == job.starts()
    assert [] == job.attempts[1].events("x")
    assert ["step-000000010.2"] == [name for _, _, name, _ in job.attempts[1].events("c")]


def test_one_that_nobody_told_of_is_taken(tmp_path: Path) -> None:
    job = knowing(tmp_path, ["step-000000005.1"])
    job.attempt().run()
    assert [None, 10] == job.starts()


@pytest.mark.parametrize("removed", [False, True], ids=["damaged", "removed"])
def test_what_was_continued_does_not_begin_anew_where_its_start_is_not_whole(tmp_path: Path, removed: bool) -> None:
    job = counting(tmp_path)
    job.attempt().run()
    for name in job.names:
        shutil.rmtree(job.folder / name) if removed else truncate(job.folder / name)
    job.checkpoints["base"] = 10
    answer = job.attempt().run()
    why = "it is missing" if removed else "state.json has 3 bytes, not 13"
    second = why if removed else "state.json has 3 bytes, not 12"
    assert 1 == answer.returncode
    assert (
        "NotRestored: This job goes on from step 10, and no checkpoint of it is whole "
        f"(step-000000010.1: {why}; step-000000005.1: {second}). "
        "Continue another one, or fork the job to begin anew."
    ) in answer.stderr
    assert "starts anew" not in answer.stderr
    assert [] == job.attempts[1].events("r", "p")
    again = job.attempt().run()  # all that was named was found damaged
    assert (1, True) == (again.returncode, "no checkpoint of it is whole (" in again.stderr)


def test_steps_alone_do_not_begin_anew_either(tmp_path: Path) -> None:
    job = Job(tmp_path, "from jupyter_training import checkpoint\nfor step in checkpoint.steps(2): print(step)")
    job.checkpoints["base"] = 4
    answer = job.attempt().run()
    assert (1, "") == (answer.returncode, answer.stdout)
    assert "This job goes on from step 4, and no checkpoint of it is whole (none is left)." in answer.stderr
