"""In test mode one step is enough, whatever the code does about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.saving import Job

ONE_OF_EACH = """
from jupyter_training import checkpoint, report, should_stop, test_mode
found = checkpoint.latest()
print(test_mode, found, should_stop())
for step in checkpoint.steps(100):
    print("step", step)
    report(loss=1.0, step=step)
    print(checkpoint.every(50, step), checkpoint.every(minutes=10), checkpoint.due(), checkpoint.due(step, every=50))
    checkpoint.save({"step": step})
    if should_stop():
        print("told")
print("end")
"""


def tried(tmp_path: Path, code: str) -> Job:
    job = Job(tmp_path, code, order={"test": True})
    job.attempt().finish()
    return job


def test_every_and_due_fire_at_the_first_step_and_there_is_no_second(tmp_path: Path) -> None:
    job = tried(tmp_path, ONE_OF_EACH)
    one = job.attempts[0]
    assert "True None False\nstep 1\nTrue True True True\ntold\nend\n" == one.log
    assert (0, None, "completed") == (one.exit["exit_code"], one.exit["how_stopped"], one.end["reason_class"])


def test_a_checkpoint_is_read_back_at_once(tmp_path: Path) -> None:
    """What the result card says of checkpoint and restore."""
    one = tried(tmp_path, ONE_OF_EACH).attempts[0]
    name = "step-000000001.1"
    assert [["r", None, None], ["c", 1, name], ["r", 1, name]] == [event[:3] for event in one.events("c", "r", "x")]


def test_one_that_can_not_be_read_back_is_told(tmp_path: Path) -> None:
    code = """
    from jupyter_training import checkpoint
    from jupyter_training.runtime.checkpoint import contents
    def fails(*_): raise RuntimeError("no such layer")
    contents.read = fails
    checkpoint.save([1], step=1)
    """
    one = tried(tmp_path, code).attempts[0]
    assert [["x", "step-000000001.1", "it can't be read: RuntimeError: no such layer"]] == one.events("x")
    assert 0 == one.exit["exit_code"]
    assert "test mode: the checkpoint can't be restored: it can't be read: RuntimeError" in one.log


@pytest.mark.parametrize(
    ("loop", "reports"),
    [
        ("report(loss=1.0, step=step)", 2),
        ("report(epoch=step, loss=1.0)", 2),
        ("report(loss=1.0)", 2),
        ("report(loss=1.0, step=step); report(accuracy=0.5, step=step)", 3),
        ("report(loss=1.0); report(accuracy=0.5)", 3),
    ],
)
def test_code_that_does_not_ask_ends_cleanly_at_a_later_step(tmp_path: Path, loop: str, reports: int) -> None:
    code = f"""
    import atexit
    from jupyter_training import report
    atexit.register(print, "exit handler")
    try:
        for step in range(100): {loop}
    finally:
        print("finally")
    """
    one = tried(tmp_path, code).attempts[0]
    assert (0, "completed") == (one.exit["exit_code"], one.end["reason_class"])
    assert (
        "jupyter_training: test mode: the first step is done, and the code ends here.\nfinally\nexit handler\n"
        == one.log
    )
    assert reports == len(one.points())


def test_several_reports_of_one_step_are_one_step(tmp_path: Path) -> None:
    code = """
    from jupyter_training import report
    report(loss=1.0, step=7)
    report(loss=1.0, step=7)
    report(accuracy=0.5, step=3)
    print("end")
    """
    one = tried(tmp_path, code).attempts[0]
    assert ("end\n", 3) == (one.log, len(one.points()))


def test_an_error_is_an_error(tmp_path: Path) -> None:
    one = tried(
        tmp_path, "from jupyter_training import report\nreport(loss=1.0, step=1)\nraise ValueError('bad')"
    ).attempts[0]
    assert (1, "ValueError") == (one.exit["exit_code"], one.end["error"]["type"])
