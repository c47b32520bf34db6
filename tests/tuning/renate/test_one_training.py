"""A space of constants is one plain training: its settings, its typed values, its state, and the chain of updates.

Of the reference's acceptance tests: 6 (the second half), 10, 11, 12, 13, 15.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier

from jupyter_training.client import model_states
from jupyter_training.runtime import config_training, state, state_keeper
from jupyter_training.runtime.state_keeper import read_learner
from tests.tuning.renate.place import CONFIG, Place

pytestmark = pytest.mark.processes


def done(place: Place, space: dict[str, object], **more: object) -> str:
    """Run it to its end, and give its log."""
    handle = place.tune(space, **more).wait(timeout=90)
    assert "succeeded" == handle.state, handle.logs()
    return str(handle.logs())


def test_the_state_has_model_learner_and_history_of_the_best_epoch(place: Place) -> None:
    """Test 11. The weight is 1 after four of five epochs: that epoch's model is the one that is kept."""
    log = done(place, {"learning_rate": 0.25}, output_state_url="out")
    assert {"model.ckpt", "learner.ckpt", "hpo.csv", "state.json"} == set(os.listdir(place.folder / "out"))
    assert 1.0 == place.model("out")["w"]
    rows = place.history("out")
    assert {"0"} == {row["update_id"] for row in rows}
    assert ["1", "2", "3", "4", "5"] == [row["epoch"] for row in rows]
    assert [0.25, 0.5, 0.75, 1.0, 0.75] == [float(row["val_accuracy"]) for row in rows]
    assert {("0.25", "ER", "5", "0")} == {
        (row["config_learning_rate"], row["config_updater"], row["config_max_epochs"], row["config_seed"])
        for row in rows
    }
    assert "after update 0 is in" in log
    assert 1.0 == place.about("out")["updates"][0]["value"]


def test_updates_are_chained_and_the_first_output_stays_as_it_is(place: Place) -> None:
    """Test 12. The learner's memory and the history go on; the lineage names both updates."""
    done(place, {"learning_rate": 0.25}, output_state_url="one", task_id="first")
    first = {one.name: one.read_bytes() for one in (place.folder / "one").iterdir()}
    done(place, {"learning_rate": 0.0}, input_state_url="one", output_state_url="two", max_epochs=2)
    assert first == {one.name: one.read_bytes() for one in (place.folder / "one").iterdir()}
    assert ["0"] * 5 + ["1"] * 2 == [row["update_id"] for row in place.history("two")]
    assert 1.0 == place.model("two")["w"]
    updates = place.about("two")["updates"]
    assert [(0, "first"), (1, "default_task")] == [(one["update_id"], one["task_id"]) for one in updates]
    assert updates[0] == place.about("one")["updates"][0]
    assert [5, 2] == [len(one["rows"]) for one in model_states.lineage(place.folder / "two")]
    assert {"updates": 2} == read_learner(str(place.folder / "two"))


def test_the_same_folder_for_both_is_noticed_and_replaced(place: Place) -> None:
    done(place, {"learning_rate": 0.25}, output_state_url="state")
    done(place, {"learning_rate": 0.0}, input_state_url="./state/", output_state_url="state", max_epochs=1)
    assert any("are the same" in one for one in place.notices)
    assert ["0"] * 5 + ["1"] == [row["update_id"] for row in place.history("state")]


def test_without_an_output_nothing_is_kept_and_that_is_said(place: Place) -> None:
    """Test 13."""
    handle = place.tune({"learning_rate": 0.25}).wait(timeout=90)
    assert any("Nothing of the trained model is kept" in one for one in place.notices)
    assert [] == handle.artifacts
    assert {"renate_config.py", "renate_working_dir"} == set(os.listdir(place.folder))


def test_the_callers_mapping_stays_as_it_was(place: Place) -> None:
    """Test 10."""
    space: dict[str, object] = {"learning_rate": 0.25, "width": 4}
    done(place, space, output_state_url="out")
    assert {"learning_rate": 0.25, "width": 4} == space
    assert 4 == place.model("out")["width"]


def test_without_validation_data_a_single_training_keeps_its_last_epoch(place: Place) -> None:
    """Test 6, the second half."""
    log = done(place, {"learning_rate": 0.25, "has_validation": False}, output_state_url="out")
    assert 1.25 == place.model("out")["w"]
    assert "val_accuracy is not used, the last epoch is kept" in log


TYPED = """\
from typing import List, Optional, Tuple
from jupyter_training import report

def model_fn(num_inputs: int, flag: bool, names: List[int], pair: Tuple[float, float], rest: Optional[str] = None):
    print("model", repr((num_inputs, flag, names, pair, rest)))
    return {}

def data_module_fn(data_path: str, seed: int, flag: bool = False):
    print("data", flag, seed)

def train_fn(model, num_inputs: int, **others):
    print("train", sorted(others))
    report(val_accuracy=num_inputs, epoch=1)
"""


def test_custom_arguments_arrive_as_their_types(place: Place) -> None:
    """Test 15: also where they were written as texts, and in every function that takes them."""
    place.write(TYPED)
    space = {"num_inputs": "7", "flag": "true", "names": "[1,2]", "pair": [1, 2], "rest": None}
    log = done(place, space, seed=3)
    assert "model (7, True, [1, 2], (1.0, 2.0), None)" in log
    assert "data True 3" in log
    assert "'accelerator', 'data_module', 'deterministic_trainer'" in log


def test_the_data_lie_below_the_working_directory(place: Place) -> None:
    log = done(place, {"learning_rate": 0.25}, working_directory="scratch")
    assert f"data in {place.folder / 'scratch' / 'data'} with seed 0" in log
    assert (place.folder / "scratch" / "data").is_dir()


def test_a_model_with_fit_is_trained_by_it(place: Place) -> None:
    place.write(
        CONFIG.partition("def train_fn")[0]
        .replace('return {"w"', 'return Model({"w"')
        .replace('"width": width}', '"width": width})')
        + "class Model(dict):\n    def fit(self, data_module, max_epochs):\n"
        "        report(val_accuracy=max_epochs, epoch=1)\n        self['w'] = 9.0\n"
    )
    done(place, {}, output_state_url="out", max_epochs=3)
    assert {"w": 0.0, "width": 3} == place.model("out")  # as it was when it reported


def test_where_nobody_trains_the_sentence_says_what_to_write(place: Place) -> None:
    place.write(CONFIG.partition("def train_fn")[0])
    handle = place.tune({}, updater="RD").wait(timeout=90)
    assert "failed" == handle.state
    assert "defines no train_fn(model, data_module)" in handle.sentence
    assert "no plug-in here for the updater RD" in handle.sentence


def test_an_updaters_plug_in_trains(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An entry point of the job's environment; it is given the parts, and remembers in the learner."""
    site = tmp_path / "site"
    (site / "mine-1.0.dist-info").mkdir(parents=True)
    (site / "mine-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (site / "mine-1.0.dist-info" / "entry_points.txt").write_text("[jupyter_training.updaters]\nMine = mine:train\n")
    (site / "mine.py").write_text(
        "from jupyter_training import report\n\ndef train(parts):\n"
        "    parts.learner['memory'] = [1]\n    parts.model['w'] = parts.get('loss')\n"
        "    report(val_accuracy=parts.options['memory_size'], epoch=1)\n"
    )
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    place.write(CONFIG.partition("def train_fn")[0] + "def loss_fn():\n    return 5.0\n")
    done(place, {"memory_size": 3}, updater="Mine", output_state_url="out")
    assert 5.0 == place.model("out")["w"]
    assert ["3"] == [row["val_accuracy"].partition(".")[0] for row in place.history("out")]


def test_a_state_that_was_replaced_since_is_not_begun_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.ckpt").write_text("{}")
    state.seal(str(tmp_path), {}, {"update_id": 0})
    with pytest.raises(state.NoState, match="no longer the one that this training was to begin with"):
        config_training._fetched({"input": str(tmp_path), "input_id": "another"})


def foreign(folder: Path, shape: object, **files: bytes) -> str:
    """A learner's memory as somebody may have written it."""
    with zipfile.ZipFile(folder / "learner.ckpt", "w") as archive:
        archive.writestr("kind.json", "{}")
        archive.writestr("state.json", json.dumps({"memory": shape}))
        for name, data in files.items():
            archive.writestr(name, data)
    return str(folder)


def _schema(value: object) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(value))) as archive:
        found: dict[str, Any] = json.loads(archive.read("schema.json"))
    return found


def test_a_pickle_of_somebody_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(state.NoState, match="is a pickle, which would run code"):
        read_learner(foreign(tmp_path, {"$": "sklearn", "in": "1.joblib"}, **{"1.joblib": b"run me"}))


def test_an_estimator_of_somebody_calls_nothing_of_his(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    arguments, nothing = _schema((f"touch {mark}",)), _schema({})
    call = {"__class__": "system", "__module__": "os", "__loader__": "LossNode", "__reduce__": {"args": arguments},
            "content": nothing, "__id__": 1, "protocol": arguments["protocol"],
            "_skops_version": arguments["_skops_version"]}  # fmt: skip
    estimator = io.BytesIO()
    with zipfile.ZipFile(estimator, "w") as archive:
        archive.writestr("schema.json", json.dumps(call))

    with pytest.raises(state.NoState, match=r"it has a (os|posix)\.system, which might run code"):
        read_learner(foreign(tmp_path, {"$": "sklearn", "in": "1.skops"}, **{"1.skops": estimator.getvalue()}))

    assert not mark.exists()


@pytest.mark.parametrize("name", ["/etc/hostname", "../learner.ckpt", "..", 7])
def test_a_memory_of_somebody_names_no_file_elsewhere(tmp_path: Path, name: object) -> None:
    with pytest.raises(state.NoState, match="no file of this state"):
        read_learner(foreign(tmp_path, {"$": "bytes", "in": name}))


def test_an_honest_estimator_is_remembered(tmp_path: Path) -> None:
    forest = RandomForestClassifier(n_estimators=2, random_state=0).fit([[0.0], [1.0]], [0, 1])
    state_keeper._write_learner({"memory": forest}, str(tmp_path / state.LEARNER))

    assert [0, 1] == list(read_learner(str(tmp_path))["memory"].predict([[0.0], [1.0]]))
