"""The state of a model whose training is interrupted: a new machine has the folder of checkpoints and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.boot import candidates, places
from jupyter_training.runtime import job, journal, state, state_copies, state_keeper
from jupyter_training.runtime.state_keeper import Keeper, read_learner
from tests.boot.containers import Container

Build = Callable[..., Container]

# The first epoch is the best one. Stops for good where it is told to.
CODE = """
import os, time
from jupyter_training import checkpoint, report
from jupyter_training.runtime.state_keeper import Keeper
found = checkpoint.latest()
step = found.load()["step"] if found else 0
keeper, model = Keeper(None, os.environ.get("TARGET"), "max", {"lr": 1}, {"task_id": "t"}), {"step": step}
keeper.begin(model, "acc")
for step in range(step + 1, 4):
    model["step"] = step
    keeper.learner["seen"] = step
    report(acc=1 / step, step=step)
    checkpoint.save({"step": step}, step=step)
    print("saved", step, flush=True)
    while str(step) == os.environ.get("HALT"): time.sleep(0.01)
keeper.finish()
"""


def interrupted(one: Container) -> None:
    """In its second epoch; what is given back to the next machine is the folder of checkpoints."""
    ran = one.start(HALT="2")
    ran.wait_for("saved 2")
    ran.kill()
    shutil.rmtree(one.root / "output")


def test_the_best_model_of_before_an_interruption_is_published(container: Build, tmp_path: Path) -> None:
    out = tmp_path / "out"
    one = container(CODE)
    one.variables["TARGET"] = str(out)
    interrupted(one)
    ran = one.run()
    assert 0 == ran.code, ran.printed
    assert {"step": 1} == json.loads((out / state.MODEL).read_text())
    assert {"seen": 1} == read_learner(str(out))
    assert ["1", "2", "3"] == [line.split(",")[2] for line in (out / state.HISTORY).read_text().splitlines()[1:]]
    assert 3 == len(one.checkpoints()), "and nothing else is left there"


def test_what_a_trial_leaves_is_found_among_its_outputs_as_before(container: Build) -> None:
    one = container(CODE)
    interrupted(one)
    ran = one.run()
    assert 0 == ran.code, ran.printed
    kept = one.root / "output" / "data" / state_keeper.FOLDER
    assert {"step": 1} == json.loads((kept / state.MODEL).read_text())
    assert 3 == len([line for line in (kept / state_keeper.REPORTS).read_text().splitlines() if line])
    # What lies beside the checkpoints is nobody's checkpoint, nor a draft.
    found = candidates._names(str(one.root / "checkpoints"))
    assert 3 == len(found) == len(one.checkpoints()) - 1
    candidates.sweep(places.Places(str(one.root)))
    assert 4 == len(one.checkpoints())


def test_of_what_came_back_by_halves_the_best_whole_one_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Losses 3, 2, 1 were reported; the model of the last was not copied to its end."""
    copies = tmp_path / "checkpoints" / "jt_state"
    monkeypatch.setattr(job, "_own", {state_copies.ORDERED: str(copies)})
    monkeypatch.setattr(journal, "watch", None)
    monkeypatch.setenv(job.OUTPUT, str(tmp_path / "a"))
    first, model = Keeper(None, None, "min", {}, {}), {"w": 0}
    first.begin(model, "loss")
    for loss in (3, 2, 1):
        model["w"] = loss
        first._see(json.dumps(["p", 1, 3 - loss, {"loss": loss}]).encode())
    assert {"1", "2", state_copies.REPORTS} == {one.name for one in copies.iterdir()}
    (copies / "1" / state.MODEL).write_text('{"w"')
    monkeypatch.setenv(job.OUTPUT, str(tmp_path / "b"))
    second = Keeper(None, None, "min", {}, {})
    second.begin({"w": 9}, "loss")
    assert {"w": 2} == json.loads((tmp_path / "b" / state_keeper.FOLDER / state.MODEL).read_text())
    assert "(loss 1) was copied: the best one that was given back is that of loss 2." in capsys.readouterr().err
    second._see(json.dumps(["p", 1, 3, {"loss": 1.5}]).encode())
    assert {"w": 9} == json.loads((tmp_path / "b" / state_keeper.FOLDER / state.MODEL).read_text())
    assert {"w": 2} == json.loads((copies / "2" / state.MODEL).read_text()), "it was the best: the other one made room"
    second.finish()


TRAINING = """
from jupyter_training.runtime.config_training import Training
takes = {"model_fn": ["model_state_url"], "data_module_fn": [], "train_fn": ["model"]}
train = Training("config", takes=takes, takes_all=[], arguments={}, settings={}, metric="acc", mode="max")
"""
CONFIG = """
import json
from jupyter_training import report
def model_fn(model_state_url): return json.load(open(model_state_url))
def data_module_fn(): pass
def train_fn(model):
    model["w"] += 1
    report(acc=model["w"], epoch=1)
"""


@pytest.mark.parametrize("other", [None, {"job": "another", "attempt": 1}, {"job": "job", "attempt": 2}])
def test_an_update_in_place_that_was_interrupted_after_it_had_published_has_ended_well(
    container: Build, tmp_path: Path, other: dict[str, Any] | None
) -> None:
    """Unless somebody else has put a state there since then."""
    out, made = tmp_path / "out", tmp_path / "made"
    made.mkdir()
    (made / state.MODEL).write_text('{"w": 1}')
    before = state.seal(str(made), {}, {"update_id": 0, "store": "store", "job": "the one before"})
    state.at(str(out)).publish(str(made))
    wish = {"input": str(out), "output": str(out), "input_id": before["id"], "task_id": "t"}
    one = container(
        TRAINING,
        kind="function",
        function="train",
        files={"config.py": CONFIG},
        variables={state.VARIABLE: json.dumps(wish)},
    )
    first = one.run()
    assert 0 == first.code, first.printed
    shutil.rmtree(one.root / "output")
    if other is not None:
        state.seal(str(out), before, {"update_id": 1, "store": "store", **other})
    again = one.run()
    assert (0 if other is None else 1) == again.code, again.printed
    words = "is the one that this training has put there" if other is None else "is no longer the one"
    assert any(words in line for line in again.printed), again.printed
    assert {"w": 2} == json.loads((out / state.MODEL).read_text())
    assert 2 == len(state.about(str(out))["updates"])
