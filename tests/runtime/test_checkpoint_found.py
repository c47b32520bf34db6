"""What is damaged, or was left by a writer that was killed, is told of; the newest that is whole is taken."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_training.spool import checkpoints
from tests.runtime.counting import counting, truncate
from tests.runtime.saving import Job

# -- damaged ---------------------------------------------------------------------------------------------------------


def flip(folder: Path) -> None:
    content = bytearray((folder / "state.json").read_bytes())
    content[-2] ^= 1
    (folder / "state.json").write_bytes(content)


SIZES = {"step-000000010.1": 13, "step-000000005.1": 12}

DAMAGES: list[tuple[Callable[[Path], None], str]] = [
    (flip, "state.json has changed since it was written"),
    (truncate, "state.json has 3 bytes, not 13"),
    (lambda folder: (folder / "manifest.json").unlink(), "its manifest.json is missing"),
    (lambda folder: (folder / "state.json").unlink(), "state.json is missing"),
    (lambda folder: (folder / "manifest.json").write_text("{"), "its manifest.json has changed since it was written"),
    (shutil.rmtree, "it is missing"),
]


@pytest.mark.parametrize(("damage", "why"), DAMAGES, ids=[why for _, why in DAMAGES])
def test_a_damaged_one_is_told_of_and_the_one_before_it_taken(
    tmp_path: Path, damage: Callable[[Path], None], why: str
) -> None:
    job = counting(tmp_path)
    job.attempt().run()
    damage(job.folder / "step-000000010.1")
    answer = job.attempt().run()
    assert "10\n" == answer.stdout
    assert [None, 5] == job.starts()
    assert [["x", "step-000000010.1", why]] == job.attempts[1].events("x")
    assert (
        f"jupyter_training: the checkpoint step-000000010.1 is damaged: {why}. The one before it is tried.\n"
        "jupyter_training: it goes on from step 5, step-000000005.1.\n"
    ) == answer.stderr


def test_when_none_is_whole_the_training_starts_anew_and_says_so(tmp_path: Path) -> None:
    job = counting(tmp_path)
    job.attempt().run()
    for name in job.names:
        truncate(job.folder / name)
    answer = job.attempt().run()
    assert "10\n" == answer.stdout
    assert [None, None] == job.starts()
    whys = "; ".join(f"{name}: state.json has 3 bytes, not {size}" for name, size in SIZES.items())
    assert f"none of its 2 checkpoints can be used ({whys}); the training starts anew." in answer.stderr
    assert 2 == len(job.attempts[1].events("x"))


def test_one_that_the_system_does_not_let_us_read_is_not_called_damaged(tmp_path: Path) -> None:
    """A folder in the place of a file: the error is the system's, and an older one must not be taken silently."""
    job = counting(tmp_path)
    job.attempt().run()
    (job.folder / "step-000000010.1" / "manifest.json").unlink()
    (job.folder / "step-000000010.1" / "manifest.json").mkdir()
    answer = job.attempt().run()
    assert 1 == answer.returncode
    assert "NotRestored: The checkpoint step-000000010.1 can't be read in" in answer.stderr
    assert [] == job.attempts[1].events("x")


def test_a_disk_that_is_not_there_yet_damages_nothing_and_lets_nobody_begin_anew(tmp_path: Path) -> None:
    job = counting(tmp_path)
    job.attempt().run()
    away = job.folder.rename(tmp_path / "away")
    answer = job.attempt().run()
    assert (1, "") == (answer.returncode, answer.stdout)
    assert (
        "NotRestored: The checkpoint step-000000010.1 can't be reached: the folder "
        f"{job.folder} is not there. See whether its disk is mounted, and retry the job."
    ) in answer.stderr
    assert [] == job.attempts[1].events("x", "r", "c")
    assert not job.folder.exists()
    away.rename(job.folder)
    assert "10\n" == job.attempt().run().stdout
    assert [("step-000000010.1", 10)] == [(name, step) for _, step, name in job.attempts[2].events("r")]


@pytest.mark.parametrize("many", [True, False], ids=["two", "one"])
def test_where_all_are_missing_none_is_called_damaged(tmp_path: Path, many: bool) -> None:
    """The disk's mount point is there, and empty."""
    job = counting(tmp_path, last=10 if many else 5)
    job.attempt().run()
    away = job.folder.rename(tmp_path / "away")
    job.folder.mkdir()
    answer = job.attempt().run()
    which = "None of the 2 checkpoints of this job is" if many else "The only checkpoint of this job isn't"
    assert (1, "") == (answer.returncode, answer.stdout)
    assert f"NotRestored: {which} there, in {job.folder} (step-0" in answer.stderr
    assert "damaged" not in answer.stderr
    assert [] == job.attempts[1].events("x", "r", "c")
    job.folder.rmdir()
    away.rename(job.folder)
    job.attempt().run()
    assert [10 if many else 5] == [step for _, step, _ in job.attempts[2].events("r")]


def test_where_all_are_missing_under_a_url_none_is_called_damaged_either(tmp_path: Path) -> None:
    job = counting(tmp_path)
    job.checkpoints["to"] = f"file://{tmp_path}/bucket"
    job.attempt().run()
    (tmp_path / "bucket").rename(tmp_path / "away")
    answer = job.attempt().run()
    assert f"None of the 2 checkpoints of this job is there, in file://{tmp_path}/bucket/job (step-0" in answer.stderr
    assert [] == job.attempts[1].events("x", "r", "c")


# -- killed ----------------------------------------------------------------------------------------------------------

DIES = """
import os, signal
from jupyter_training import checkpoint
from jupyter_training.runtime import journal
from jupyter_training.runtime.checkpoint import commit
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
found = checkpoint.latest()
print(found)
if found is None:
    checkpoint.save({"a": 1}, step=5)
    PLACE = die
checkpoint.save({"a": 2}, step=10)
"""


def test_killed_before_the_rename_nothing_of_it_counts_and_the_next_attempt_cleans_up(tmp_path: Path) -> None:
    job = Job(tmp_path, DIES.replace("PLACE", "commit._put"))
    assert -signal.SIGKILL == job.attempt().run().returncode
    assert 2 == len(job.names)
    assert job.names[0].startswith(".tmp-1-")
    assert "<checkpoint step-000000005.1 of step 5>\n" == job.attempt().run().stdout
    assert ["step-000000005.1", "step-000000010.2"] == job.names


def test_killed_between_the_rename_and_its_event_it_is_found_and_told_of(tmp_path: Path) -> None:
    job = Job(tmp_path, DIES.replace("PLACE", "journal.checkpoint_committed"))
    assert -signal.SIGKILL == job.attempt().run().returncode
    assert ["step-000000005.1"] == [one["name"] for one in job.candidates()]
    assert "<checkpoint step-000000010.1 of step 10>\n" == job.attempt().run().stdout
    (_, step, name, about), *_ = job.attempts[1].events("c")
    assert (10, "step-000000010.1", None) == (step, name, about["seconds"])
    assert checkpoints.digest(job.folder / name / "manifest.json") == about["sha256"]
    assert ["step-000000005.1", "step-000000010.1", "step-000000010.2"] == job.names


def test_an_older_one_that_the_order_does_not_name_is_left_alone(tmp_path: Path) -> None:
    """What the policy has removed from the store may still be on its way out."""
    job = counting(tmp_path)
    job.attempt().run()
    one = job.attempt()
    order = json.loads((one.folder / "order.json").read_text())
    order["checkpoints"]["candidates"] = order["checkpoints"]["candidates"][:1]
    truncate(job.folder / "step-000000010.1")
    (one.folder / "order.json").write_text(json.dumps(order))
    assert "10\n" == one.run().stdout
    assert [None, None] == job.starts()


def test_how_long_going_on_took_is_told_once_with_the_loading(tmp_path: Path) -> None:
    code = """
    import time
    from jupyter_training import checkpoint

    class Slow:
        def state_dict(self): return {"count": 1}
        def load_state_dict(self, state): time.sleep(0.15)

    found = checkpoint.latest()
    for _ in range(2):
        if found:
            found.load(into={"slow": Slow()})
    checkpoint.save({"slow": Slow()}, step=1 if found is None else 2)
    """
    job = Job(tmp_path, code)
    assert (0, 0) == (job.attempt().run().returncode, job.attempt().run().returncode)
    assert [] == job.attempts[0].events("l")
    ((_, name, seconds),) = job.attempts[1].events("l")
    assert "step-000000001.1" == name
    assert 0.15 <= seconds < 0.3
