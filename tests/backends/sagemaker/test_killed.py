"""The dispatcher is killed at each step of an attempt, and another one goes on: one training job, everything once."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from jupyter_training.core.lifecycle import EndReason, Seen
from jupyter_training.seams.backend import LaunchOrder
from tests.backends.sagemaker.stand import Stand
from tests.backends.sagemaker.test_ends import SAVES, reason
from tests.sagemaker_double.fixture import Double

pytestmark = [pytest.mark.processes, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
CODE = """
import os, time
from jupyter_training import report
for step in range(30):
    report(step=step, loss=1 / (1 + step))
    print("at", step, flush=True)
    time.sleep(0.05)
with open(os.environ["JUPYTER_TRAINING_OUTPUT"] + "/table.txt", "w") as file:
    file.write("kept")
"""


class Step(NamedTuple):
    """``place`` is module:attribute below the backend's package. ``about``: only for calls with this argument."""

    place: str
    when: str = "after"
    nth: int = 1
    about: str = ""


STEPS = {
    "before the intent": Step("remote:Intent.write", "before"),
    "the intent": Step("remote:Intent.write"),
    "the first upload": Step("uploads:Uploads._put"),
    "the code is up": Step("uploads:Uploads._code"),
    "before the order is up": Step("uploads:Uploads._put", "before", 4),
    "all uploads": Step("uploads:Uploads.ensure"),
    "before the claim": Step("driving:claim.take", "before"),
    "the claim": Step("driving:claim.take"),
    "before it is asked for": Step("region:Region.call", "before", about="create_training_job"),
    "it is made, and the answer not read": Step("region:Region.call", about="create_training_job"),
    "before the answer is kept": Step("driving:Driving._made", "before"),
    "the answer kept": Step("driving:Driving._made"),
    "the first list": Step("poller:Poller.turn", nth=3),
    "described": Step("driving:Driving._note"),
    "before the streams are found": Step("streams:Reading._look", "before", 2),
    "the streams found": Step("streams:Reading._look", nth=2),
    "before the first cursor": Step("mirror:Mirror._cursor", "before"),
    "the first cursor": Step("mirror:Mirror._cursor"),
    "a record": Step("mirror:Mirror._put", nth=7),
    "before what was printed": Step("mirror:Mirror._append", "before", 2),
    "what was printed, no cursor behind it": Step("mirror:Mirror._append", nth=2),
    "a cursor": Step("mirror:Mirror._cursor", nth=4),
    "a batch": Step("mirror:Mirror.take", nth=2),
    "the log complete": Step("streams:Reading._complete"),
    "before its results": Step("outputs:fetch", "before"),
    "in the middle of its results": Step("outputs:_move", "before"),
    "its results": Step("outputs:fetch"),
    "before its end": Step("driving:write_end", "before"),
    "its end": Step("driving:write_end"),
}


def kill_at(stand: Stand, order: LaunchOrder, step: Step, **environment: str) -> None:
    """A dispatcher launches the attempt and dies at this step."""
    stand.settings.home.mkdir(exist_ok=True)
    file = stand.settings.home / "order.pickle"
    file.write_bytes(pickle.dumps(order))
    words = [
        *(sys.executable, "-m", "tests.backends.sagemaker.killed", str(stand.settings.home)),
        *(f"jupyter_training.backends.sagemaker.{step.place}", step.when, str(step.nth), step.about, str(file)),
    ]
    died = subprocess.run(
        words, cwd=ROOT, env={**os.environ, **environment}, timeout=90, check=False, capture_output=True, text=True
    )
    assert -signal.SIGKILL == died.returncode, f"nobody came by there: {died.returncode}\n{died.stderr}"


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_it_is_one_job_and_everything_is_there_once(stand: Stand, double: Double, step: str) -> None:
    order = stand.order(CODE)
    kill_at(stand, order, STEPS[step])
    ref = stand.launched(order) if step.endswith("the intent") else replace(order.ref, handle=None)
    end = stand.ended(ref).end
    assert EndReason.COMPLETED is reason(end), end
    made = [call for call in double.calls("CreateTrainingJob") if call["outcome"].endswith("200")]
    assert 1 == len(made)
    assert list(range(30)) == [one[2] for one in stand.events(ref, "p")]
    assert [f"at {step}" for step in range(30)] == stand.log(ref).splitlines()
    assert "kept" == (stand.outputs(ref) / "table.txt").read_text()
    assert 1 == len(stand.events(ref, "exit"))


STOPS = {
    "before the stop is sent": Step("driving:Driving._stop", "before"),
    "the stop sent": Step("region:Region.call", about="stop_training_job"),
    "the stop answered": Step("driving:Driving._stop"),
    "the end of what was stopped": Step("driving:Driving._finish", "before"),
}


@pytest.mark.parametrize("step", STOPS)
def test_killed_while_it_is_being_stopped_it_is_stopped(stand: Stand, double: Double, step: str) -> None:
    order = stand.order(SAVES)
    kill_at(stand, order, STOPS[step], HOW="pause")
    ref = replace(order.ref, handle=None)
    assert EndReason.PAUSED is reason(stand.ended(ref).end)
    made = [call for call in double.calls("CreateTrainingJob") if call["outcome"].endswith("200")]
    assert 1 == len(made)
    assert stand.events(ref, "c"), "it has saved"


def test_what_a_newer_program_has_launched_is_kept_and_not_taken_for_gone(stand: Stand) -> None:
    order = stand.order(CODE)
    kill_at(stand, order, STEPS["the claim"])
    folder = stand.folder(order.ref)
    (folder / "remote.json").write_text('{"version": 99}')
    seen = stand.see(replace(order.ref, handle="us-east-1/jt-x"))
    assert (Seen.UNKNOWN, None) == (seen.seen, seen.end)
    assert "newer" in str(seen.stage)
