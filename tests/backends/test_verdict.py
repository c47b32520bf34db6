"""From the records an attempt left to why it ended."""

from __future__ import annotations

import pytest

from jupyter_training.backends.local.verdict import verdict
from jupyter_training.core.lifecycle import EndReason

ERROR = {
    "exit_code": 1,
    "error": {"type": "ValueError", "message": "bad lr\nmore", "frames": [{"file": "cell [3]", "line": 7}]},
}

INVALID = {"exit_code": 1, "error": {"type": "jupyter_training.InvalidConfig", "message": "too deep", "frames": []}}


@pytest.mark.parametrize(
    ("exit_record", "end_record", "reason"),
    [
        ({"exit_code": 0}, None, EndReason.COMPLETED),
        ({"exit_code": 3}, None, EndReason.ERROR),
        ({"exit_code": None, "signal": 9}, None, EndReason.SIGNALED),
        ({"exit_code": 143}, {"exit_code": 143, "signal": 15}, EndReason.SIGNALED),
        ({"exit_code": 143}, {"exit_code": 143, "signal": None}, EndReason.ERROR),
        ({"exit_code": 143, "how_stopped": "pause"}, {"exit_code": 143, "signal": 15}, EndReason.PAUSED),
        ({"exit_code": None, "signal": 9, "oom": True}, None, EndReason.OUT_OF_MEMORY),
        ({"exit_code": None, "signal": 15, "how_stopped": "cancel"}, None, EndReason.CANCELED),
        ({"exit_code": 0, "how_stopped": "cancel"}, None, EndReason.CANCELED),
        ({"exit_code": None, "signal": 9, "how_stopped": "kill"}, None, EndReason.KILLED),
        ({"exit_code": None, "signal": 9, "how_stopped": "timeout"}, None, EndReason.TIMEOUT),
        ({"exit_code": None, "signal": None, "from": "adopted"}, {"exit_code": 0}, EndReason.COMPLETED),
        ({"exit_code": None, "signal": None, "from": "adopted"}, ERROR, EndReason.ERROR),
        ({"exit_code": None, "signal": None, "from": "adopted"}, None, EndReason.LOST),
        ({"exit_code": 1}, INVALID, EndReason.INVALID),
        ({"exit_code": 0, "how_stopped": "pause"}, None, EndReason.PAUSED),
        ({"exit_code": 0, "how_stopped": "discard"}, None, EndReason.PAUSED),
        ({"exit_code": None, "signal": 15, "how_stopped": "preempt"}, None, EndReason.PREEMPTED),
        ({"exit_code": None, "signal": 9, "how_stopped": "hang"}, None, EndReason.HUNG),
        ({"not_begun": True}, None, EndReason.NOT_BEGUN),
        ({"launch_error": "no such interpreter"}, None, EndReason.LAUNCH_FAILED),
    ],
)
def test_records_give_the_reason(exit_record: dict, end_record: dict | None, reason: EndReason) -> None:
    assert reason is verdict(exit_record, end_record).reason


def test_an_error_is_told_at_the_persons_own_line() -> None:
    assert "Failed: ValueError: bad lr at cell [3], line 7." == verdict({"exit_code": 1}, ERROR).detail


def test_an_error_in_a_library_is_told_at_the_line_that_called_it() -> None:
    frames = [{"file": "cell [3]", "line": 7, "own": True}, {"file": "numpy/core.py", "line": 99, "own": False}]
    record = {"exit_code": 1, "error": {"type": "ValueError", "message": "bad", "frames": frames}}
    assert "Failed: ValueError: bad at cell [3], line 7." == verdict({"exit_code": 1}, record).detail


def test_out_of_memory_says_how_much() -> None:
    end = verdict({"signal": 9, "oom": True, "peak_memory": 15_900_000_000, "memory_limit": 16_000_000_000}, None)
    assert "Killed, probably out of memory: 15.9 GB of 16 GB." == end.detail


def test_a_crash_is_not_called_a_signal_from_outside() -> None:
    assert "crashed (signal 11, SIGSEGV)" in str(verdict({"signal": 11}, None).detail)


def test_what_a_restart_of_the_machine_took_is_lost_with_that_reason() -> None:
    end = verdict({"exit_code": None, "signal": None, "from": "adopted"}, None, restarted=True)
    assert (EndReason.LOST, "Lost: the machine was restarted while it ran.") == (end.reason, end.detail)
    assert (
        EndReason.COMPLETED is verdict({"exit_code": None, "from": "adopted"}, {"exit_code": 0}, restarted=True).reason
    )
