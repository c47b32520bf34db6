"""Each way in which a training job ends, in real containers."""

from __future__ import annotations

import json

import pytest

from jupyter_training.core.lifecycle import AttemptState, EndReason, Seen
from jupyter_training.seams.backend import End
from tests.backends.sagemaker.stand import INSTANCE, Stand

pytestmark = pytest.mark.processes

REPORTS = """
import os
from jupyter_training import report
for step in range(3):
    report(step=step, loss=1 / (1 + step))
with open(os.environ["JUPYTER_TRAINING_OUTPUT"] + "/table.txt", "w") as file:
    file.write("kept")
with open(os.environ["SM_MODEL_DIR"] + "/weights.txt", "w") as file:
    file.write("w")
print("the end")
"""
WAITS = "import time\nprint('ready', flush=True)\ntime.sleep(50)\n"
SAVES = """
import time
from jupyter_training import checkpoint, report, should_stop
found = checkpoint.latest()
step = found.load()["step"] if found else 0
print("from", step, flush=True)
while step < 100 and not should_stop():
    step += 1
    report(step=step, loss=1 / step)
    if checkpoint.due(every=5):
        checkpoint.save({"step": step}, step=step)
    time.sleep(0.1)
print("left at", step, flush=True)
"""


def reason(end: End | None) -> EndReason:
    assert end is not None
    return end.reason


def test_one_that_completes_is_here_as_if_it_had_run_here(stand: Stand) -> None:
    ref = stand.launch(REPORTS)
    seen = stand.ended(ref)
    assert (EndReason.COMPLETED, 0) == (reason(seen.end), seen.end and seen.end.exit_code)
    assert [[0, {"loss": 1.0}], [1, {"loss": 0.5}], [2, {"loss": 1 / 3}]] == [
        one[2:4] for one in stand.events(ref, "p")
    ]
    assert "the end\n" in stand.log(ref)
    assert ("kept", "w") == (
        (stand.outputs(ref) / "table.txt").read_text(),
        (stand.outputs(ref) / "model" / "weights.txt").read_text(),
    )
    assert seen.started is not None
    assert seen.figures["service/billable_seconds"] > 0


def test_one_whose_code_raises_ends_with_the_persons_own_line(stand: Stand) -> None:
    ref = stand.launch("values = [1]\nvalues[3]\n")
    end = stand.ended(ref).end
    assert (EndReason.ERROR, 1) == (reason(end), end and end.exit_code)
    assert "IndexError: list index out of range" in str(end and end.detail)
    assert "train.py, line 2" in str(end and end.detail)
    assert "Traceback" in stand.log(ref)
    written = json.loads((stand.folder(ref) / "end.json").read_text())
    assert "builtins.IndexError" == written["error"]["type"] or "IndexError" == written["error"]["type"]


def test_one_that_is_paused_saves_and_ends_as_paused(stand: Stand) -> None:
    ref = stand.launch(SAVES)
    stand.until(ref, lambda _: len(stand.events(ref, "p")) >= 3)
    stand.backend.stop(ref, "pause", 5.0)
    end = stand.ended(ref).end
    assert EndReason.PAUSED is reason(end)
    (*_, last) = stand.events(ref, "c")
    assert stand.events(ref, "p")[-1][2] == last[2], "nothing was done after the checkpoint"
    assert f"s3://{stand.bucket}/jupyter-training/checkpoints/{ref.job}/{last[3]}" == last[4]["place"]


@pytest.mark.parametrize(("how", "expected"), [("cancel", EndReason.CANCELED), ("kill", EndReason.KILLED)])
def test_one_that_runs_is_stopped_for_the_reason_that_was_asked_for(
    stand: Stand, how: str, expected: EndReason
) -> None:
    ref = stand.launch(WAITS)
    stand.until(ref, lambda _: "ready" in stand.log(ref))
    stand.backend.stop(ref, how, 1.0)  # type: ignore[arg-type]
    assert expected is reason(stand.ended(ref).end)


def test_one_that_was_stopped_in_the_console_says_so(stand: Stand) -> None:
    ref = stand.launch(WAITS)
    stand.until(ref, lambda seen: seen.state is AttemptState.RUNNING)
    stand.double.client("sagemaker").stop_training_job(TrainingJobName=stand.name(ref))
    end = stand.ended(ref).end
    assert EndReason.CANCELED is reason(end)
    assert "outside of here" in str(end and end.detail)


def test_one_that_reaches_its_time_limit_timed_out(stand: Stand) -> None:
    ref = stand.launch(WAITS, options={"max_run": 3})
    assert EndReason.TIMEOUT is reason(stand.ended(ref).end)


def test_one_that_is_void_before_it_was_sent_is_never_made(stand: Stand) -> None:
    stand.double.faults(expired=True)
    ref = stand.launch(WAITS)
    stand.until(ref, lambda seen: seen.seen is Seen.UNKNOWN)
    assert stand.backend.void(ref)
    stand.double.clear_faults()
    assert EndReason.VOID is reason(stand.ended(ref).end)
    assert [] == stand.double.calls("CreateTrainingJob")


def test_a_machine_that_cannot_be_had_sends_it_back_to_the_queue(stand: Stand) -> None:
    stand.double.faults(no_capacity=[INSTANCE])
    stand.backend.standings([stand.pool()])
    ref = stand.launch(WAITS)
    end = stand.ended(ref).end
    assert EndReason.UNPLACED is reason(end)
    standing = stand.backend.standings([stand.pool()])[INSTANCE]
    assert 0 == standing.slots
    assert f"no {INSTANCE} to spare now; it is tried again after 2 s" in str(standing.remark)


def test_what_is_wrong_with_its_data_is_a_launch_that_failed(stand: Stand) -> None:
    inputs = {"train": {"uri": f"s3://{stand.bucket}/nothing/here"}}
    ref = stand.launch(WAITS, options={"inputs": inputs})
    end = stand.ended(ref).end
    assert EndReason.LAUNCH_FAILED is reason(end)
    assert "No S3 objects found" in str(end and end.detail)


def test_one_under_which_the_service_breaks_is_lost(stand: Stand) -> None:
    ref = stand.launch(WAITS)
    stand.until(ref, lambda _: "ready" in stand.log(ref))
    stand.double.break_down(stand.name(ref))
    end = stand.ended(ref).end
    assert EndReason.LOST is reason(end)
    assert "InternalServerError" in str(end and end.detail)


@pytest.mark.slow  # it runs for longer than it takes to interrupt it, and then for the rest
def test_an_interrupted_spot_machine_goes_on_from_its_checkpoint_in_the_same_attempt(stand: Stand) -> None:
    ref = stand.launch(SAVES, options={"spot": True, "max_wait": 120})
    stand.until(ref, lambda _: len(stand.events(ref, "p")) >= 12, seconds=20)
    stand.double.interrupt(stand.name(ref))
    seen = stand.until(ref, lambda seen: "interrupted" in str(seen.stage) or len(stand.events(ref, "boot")) > 1)
    assert seen.end is None
    assert EndReason.COMPLETED is reason(stand.ended(ref, seconds=60).end)
    boots = stand.events(ref, "boot")
    assert 2 == len({one[2]["run"] for one in boots})
    _, second = [line for line in stand.log(ref).splitlines() if line.startswith("from ")]
    assert int(second.split()[1]) >= 10
    steps = [one[2] for one in stand.events(ref, "p")]
    assert 100 == steps[-1]
    assert len(steps) < 130, "it did not begin anew"
