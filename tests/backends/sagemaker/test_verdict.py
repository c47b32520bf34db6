"""From what AWS and the container said to why an attempt ended."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from jupyter_training.backends.sagemaker.verdict import Details, Records, stage, verdict
from jupyter_training.core.lifecycle import EndReason, StopHow

WELL: dict[str, Any] = {"exit_code": 0, "signal": None, "how_stopped": None, "peak_memory": 5}
RAISED: dict[str, Any] = {**WELL, "exit_code": 1}
STOPPED: dict[str, Any] = {"exit_code": 0, "signal": None, "how_stopped": "pause"}
ERROR: dict[str, Any] = {
    "exit_code": 1,
    "reason_class": "error",
    "error": {"type": "ValueError", "message": "no", "frames": [{"file": "train.py", "line": 3, "own": True}]},
}


def of(status: str, secondary: str | None = None, failure: str = "", *, began: float | None = 1.0) -> Details:
    return Details(status, secondary or status, failure=failure, started=began)


def records(*exits: dict[str, Any], end: dict[str, Any] | None = None) -> Records:
    return Records(end, {f"algo-{number}": one for number, one in enumerate(exits, 1)})


@pytest.mark.parametrize(
    ("details", "known", "asked", "reason", "words"),
    [
        (of("Completed"), records(WELL), None, EndReason.COMPLETED, None),
        (of("Completed"), records(), None, EndReason.COMPLETED, None),
        (of("Completed"), records(STOPPED), "pause", EndReason.COMPLETED, None),
        (of("Failed", failure="AlgorithmError: ValueError: no, exit code: 1"), records(RAISED, end=ERROR), None,
         EndReason.ERROR, "Failed: ValueError: no at train.py, line 3."),
        (of("Failed", failure="AlgorithmError: ValueError: no, exit code: 3"), records(), None,
         EndReason.ERROR, "Failed: ValueError: no, exit code: 3"),
        (of("Failed", failure="AlgorithmError: x"), records(WELL, RAISED), None,
         EndReason.ERROR, "Failed: the code ended with exit status 1."),
        (of("Failed", failure="AlgorithmError: x"), records(WELL), None, EndReason.ERROR, "Failed: x"),
        (of("Failed", failure="ClientError: Data download failed: No S3 objects", began=None), records(), None,
         EndReason.LAUNCH_FAILED, "Could not start: Data download failed: No S3 objects"),
        (of("Failed", failure="ClientError: Artifact upload failed: disk full"), records(WELL), None,
         EndReason.ERROR, "Failed: Artifact upload failed: disk full"),
        (of("Failed", failure="ClientError: use a larger machine"), records(RAISED, end=ERROR), None,
         EndReason.ERROR, "Failed: ValueError: no at train.py, line 3."),
        (of("Failed", failure="InternalServerError: We encountered an internal error."), records(WELL), None,
         EndReason.LOST, "Lost: AWS had a fault of its own: InternalServerError: We encountered an internal error."),
        (of("Failed", failure="CapacityError: Unable to provision"), records(), None, EndReason.UNPLACED,
         "AWS had no machine for it; it waits again. CapacityError: Unable to provision"),
        (of("Failed", failure="AlgorithmError: CapacityError of mine"), records(), None,
         EndReason.ERROR, "Failed: CapacityError of mine"),
        (of("Failed", failure=""), records(), None, EndReason.ERROR, "Failed: AWS gave no reason"),
        (of("Stopped"), records(STOPPED), "pause", EndReason.PAUSED, None),
        (of("Stopped"), records(STOPPED), "preempt", EndReason.PREEMPTED, None),
        (of("Stopped"), records(), "discard", EndReason.PAUSED, None),
        (of("Stopped"), records(), "kill", EndReason.KILLED, None),
        (of("Stopped"), records(), "timeout", EndReason.TIMEOUT, None),
        (of("Stopped"), records(), "hang", EndReason.HUNG, None),
        (of("Stopped"), records(WELL), "cancel", EndReason.COMPLETED, None),
        (of("Stopped"), records(RAISED, end=ERROR), "pause", EndReason.ERROR,
         "Failed: ValueError: no at train.py, line 3."),
        (of("Stopped"), records(STOPPED), None, EndReason.CANCELED,
         "Stopped outside of here: in the AWS console, or by another program."),
        (of("Stopped", "MaxRuntimeExceeded"), records(STOPPED), None, EndReason.TIMEOUT, None),
        (of("Stopped", "MaxRuntimeExceeded"), records(STOPPED), "pause", EndReason.TIMEOUT, None),
        (of("Stopped", "MaxWaitTimeExceeded"), records(), None, EndReason.TIMEOUT,
         "Stopped: it had waited and run for as long as max_wait allows."),
    ],
)  # fmt: skip
def test_every_end_has_its_reason_and_its_sentence(
    details: Details, known: Records, asked: StopHow | None, reason: EndReason, words: str | None
) -> None:
    end = verdict(details, known, asked)
    assert (reason, words) == (end.reason, end.detail)


def test_the_codes_own_status_and_memory_are_kept() -> None:
    end = verdict(of("Failed", failure="AlgorithmError: x"), records({**RAISED, "exit_code": 3}), None)
    assert (3, 5) == (end.exit_code, end.peak_memory)
    assert 3 == verdict(of("Failed", failure="AlgorithmError: x, exit code: 3"), records(), None).exit_code


def test_the_tenth_host_comes_after_the_second() -> None:
    exits = {f"algo-{number}": {"exit_code": number} for number in (10, 2)}
    assert {"exit_code": 2} == Records(None, exits).exit()


def test_what_aws_does_now_is_said_in_a_few_words() -> None:
    assert "training" == stage(of("InProgress", "Training"))
    words = "starting: Preparing the instances for training"
    assert words == stage(Details("InProgress", "Starting", "Preparing the instances for training."))
    assert "interrupted by AWS; it starts again from its checkpoint" == stage(of("InProgress", "Interrupted"))
    assert "SomethingNew" == stage(of("InProgress", "SomethingNew"))


def test_a_description_is_read_with_its_times() -> None:
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    moves = [
        {"Status": "Starting", "StartTime": at, "StatusMessage": "one"},
        {"Status": "Training", "StartTime": at + dt.timedelta(seconds=60), "StatusMessage": "two"},
        {"Status": "Interrupted", "StartTime": at + dt.timedelta(seconds=90), "StatusMessage": "three"},
        {"Status": "Training", "StartTime": at + dt.timedelta(seconds=120), "StatusMessage": "four"},
    ]
    found = Details.of(
        {
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Training",
            "SecondaryStatusTransitions": moves,
            "BillableTimeInSeconds": 7,
        }
    )
    assert (at.timestamp() + 60, 2, "four", 7.0, None) == (
        found.started,
        found.runs,
        found.message,
        found.billable_seconds,
        found.training_seconds,
    )
    assert not found.is_terminal
    assert found.has_run
    assert (30.0, at.timestamp() + 120) == (found.trained, found.trains_since), "what it waits in between is none"
    assert not Details.of({"TrainingJobStatus": "Failed", "SecondaryStatus": "Failed"}).has_run


@pytest.mark.parametrize(
    "known",
    [
        records({"exit_code": "seven"}),
        records({"signal": [9]}),
        records(RAISED, end={"exit_code": 1, "error": {"type": "E", "message": "m", "frames": [1]}}),
        records(RAISED, end={"exit_code": 1, "error": {"type": "E", "message": "m", "frames": [{"own": True}]}}),
        Records(None, {"algo-²": RAISED}),
    ],
)
def test_records_that_are_not_as_they_should_be_leave_aws_its_word(known: Records) -> None:
    found = verdict(of("Failed", failure="AlgorithmError: no, exit code: 1"), known, None)
    assert EndReason.ERROR is found.reason
    assert str(found.detail).startswith("Failed")
