"""How a model is written, which epoch's is kept, and what a training remembers between updates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.runtime import journal, state, state_keeper
from jupyter_training.runtime.state_keeper import Keeper, Unkeepable, read_learner, write_model


class Saving:
    def save(self, path: str) -> None:
        Path(path).write_text("by itself")


class Holding:
    def state_dict(self) -> dict[str, Any]:
        return {"w": 1}


def test_a_model_is_written_in_the_way_it_has(tmp_path: Path) -> None:
    write_model(Saving(), str(tmp_path / "a"))
    assert "by itself" == (tmp_path / "a").read_text()
    write_model(Holding(), str(tmp_path / "b"))
    write_model({"w": [1, 2]}, str(tmp_path / "c"))
    assert [{"w": 1}, {"w": [1, 2]}] == [json.loads((tmp_path / name).read_text()) for name in "bc"]


def test_an_estimator_is_written_by_skops(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression
    from skops.io import load

    write_model(LogisticRegression(C=3.0), str(tmp_path / "model.ckpt"))
    assert 3.0 == load(tmp_path / "model.ckpt").C
    assert ["model.ckpt"] == [one.name for one in tmp_path.iterdir()]


def test_what_nobody_can_write_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(Unkeepable, match=r"a object has no save\(path\) and no state_dict\(\)"):
        write_model(object(), str(tmp_path / "a"))
    idle = type("Idle", (), {"save": lambda self, path: None})()
    with pytest.raises(Unkeepable, match="has written no file"):
        write_model(idle, str(tmp_path / "a"))


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_TRAINING_OUTPUT", str(tmp_path))
    monkeypatch.setattr(journal, "watch", None)
    return tmp_path / state_keeper.FOLDER


def reported(keeper: Keeper, step: int | None, **metrics: float | None) -> None:
    keeper._see(json.dumps(["p", 1, step, metrics]).encode())


def kept(output: Path) -> Any:
    return json.loads((output / state.MODEL).read_text())


def test_the_model_of_the_best_report_is_kept(output: Path) -> None:
    keeper, model = Keeper(None, None, "min", {}, {}), {"w": 0}
    keeper.begin(model, "val_loss")
    for step, (weight, loss) in enumerate([(1, 3.0), (2, 1.0), (3, 2.0), (4, None)]):
        model["w"] = weight
        keeper.learner["seen"] = weight
        reported(keeper, step, val_loss=loss)
    keeper.finish()
    assert {"w": 2} == kept(output)
    assert {"seen": 2} == read_learner(str(output))


def test_a_later_attempt_knows_what_was_best_before(output: Path) -> None:
    first, model = Keeper(None, None, "max", {}, {}), {"w": 1}
    first.begin(model, "acc")
    reported(first, 1, acc=0.9)
    with open(output / state_keeper.REPORTS, "a") as file:
        file.write('{"step": 2, "met')  # it was killed here
    second, model = Keeper(None, None, "max", {}, {}), {"w": 2}
    second.begin(model, "acc")
    reported(second, 2, acc=0.8)
    second.finish()
    assert {"w": 1} == kept(output)
    assert [(1, {"acc": 0.9}), (2, {"acc": 0.8})] == [(one["step"], one["metrics"]) for one in second._reports()]


def test_without_a_metric_the_last_epoch_is_kept(output: Path) -> None:
    keeper, model = Keeper(None, None, "max", {}, {}), {"w": 1}
    keeper.begin(model, "")
    reported(keeper, None, acc=0.9)
    model["w"] = 5
    keeper.finish()
    assert {"w": 5} == kept(output)


def test_a_model_that_can_not_be_kept_is_said_at_the_first_report_and_fails_the_end(
    output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keeper = Keeper(None, None, "max", {}, {})
    keeper.begin(object(), "acc")
    reported(keeper, 1, acc=0.1)
    reported(keeper, 2, acc=0.2)
    assert 1 == capsys.readouterr().err.count("the model can't be kept: a object has no save(path)")
    with pytest.raises(Unkeepable):
        keeper.finish()
