"""What is refused before anything starts, each with what is allowed; nothing here needs a server.

Of the reference's acceptance tests: 3, 4 (the type), 5, 15 (the errors), 16.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from syne_tune import config_space as theirs

import jupyter_training as jt
from jupyter_training.client.tuning_job import execute_tuning_job, prepared
from jupyter_training.errors import InvalidSpec, InvalidUsage, TrainingError
from tests.tuning.renate.place import CONFIG


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "renate_config.py").write_text(CONFIG)
    return tmp_path


def wish(space: dict[str, Any] | None = None, **more: Any) -> Any:
    given = {"mode": "max", "metric": "val_accuracy", "backend": "local", "config_file": "renate_config.py", **more}
    return prepared({"config_space": {} if space is None else space, **given}, limit=10**7)


def refusal(space: dict[str, Any] | None = None, *, kind: type[TrainingError] = InvalidSpec, **more: Any) -> str:
    with pytest.raises(kind) as caught:
        wish(space, **more)
    return str(caught.value)


def config(old: str, new: str) -> None:
    Path("renate_config.py").write_text(CONFIG.replace(old, new))


def test_mode_and_backend_list_what_is_allowed() -> None:
    """Test 3."""
    assert "mode: 'best' is not one of min, max." == refusal(mode="best")
    assert "mode: 'maximum' is not one of min, max. Did you mean 'max'?" == refusal(mode="maximum")
    assert "backend: 'slurm' is not one of local, sagemaker." == refusal(backend="slurm")


def test_what_only_sagemaker_has_a_use_for_is_said() -> None:
    """How it is there: ``tests/sagemaker/test_tuning_job.py``."""
    assert "a state is kept in a folder or below s3://BUCKET/FOLDER" in refusal(output_state_url="gs://bucket/state")
    (note,) = [one for one in wish({"width": 3}, instance_type="ml.p3", role="me").notes if "sagemaker" in one]
    assert "Only the backend sagemaker has a use for role, instance_type: ignored." == note


def test_a_metric_that_the_code_does_not_report_gets_the_one_that_is_meant() -> None:
    """Test 5: from the text, before any trial starts."""
    words = refusal(metric="accuracy")
    assert "metric: renate_config.py reports no 'accuracy'; it reports val_accuracy, train_loss." in words
    assert words.endswith("Did you mean 'val_accuracy'?")
    config("report(epoch=epoch, val", "report(**more, val")
    assert wish(metric="accuracy")  # the text doesn't tell; the search says it after the first report


def test_what_trains_elsewhere_is_looked_through_too(folder: Path) -> None:
    config("from jupyter_training import", "import engine\nfrom jupyter_training import")
    (folder / "engine.py").write_text("from jupyter_training import report\n\ndef go():\n    report(val_f1=1)\n")
    assert "val_f1" in refusal(metric="val_f2")
    assert ["engine.py", "renate_config.py", "renate_config_training.py"] == [
        one["path"] for one in wish(metric="val_f1").request["files"]
    ]


def test_a_scheduler_is_given_by_its_name() -> None:
    class Mine: ...

    words = refusal({"learning_rate": jt.uniform(0, 1)}, scheduler=Mine)
    assert "scheduler: Mine is an object" in words
    assert "random, bo, asha, rush" in words


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("width: int = 3", "width=3", "width of model_fn has no type"),
        ("width: int = 3", "width: dict = None", "width of model_fn has the type dict"),
        ("has_validation: bool = True", "width: float = 1", "width is int in model_fn (line 17) and float"),
    ],
)
def test_custom_arguments_without_one_type_are_refused(old: str, new: str, words: str) -> None:
    """Test 15, the errors."""
    config(old, new)
    assert words in refusal()


def test_values_that_are_not_of_their_type_are_refused_at_once() -> None:
    assert "config_space: width: 'wide' is no int, which renate_config.py, line 17 says it is." == refusal(
        {"width": "wide"}
    )
    config("model_state_url: Optional[str] = None, width: int = 3", "width: int")
    assert "config_space: width: it is missing: model_fn needs it, and it has no default" in refusal()


def test_a_key_that_nobody_takes_gets_the_near_miss() -> None:
    assert "Did you mean 'learning_rate'?" in refusal({"learning_rat": 1})
    assert "no function of renate_config.py takes it" in refusal({"zzz": 1})
    assert wish({"memory_size": 3}).request["params"]["memory_size"] == 3  # an updater's
    assert "No function of renate_config.py takes memory_size" in "".join(wish({"memory_size": 3}).notes)


def test_an_optimizer_fn_takes_the_place_of_the_optimizers_options() -> None:
    """Test 16: unless it is a custom argument."""
    Path("renate_config.py").write_text(
        CONFIG.replace("learning_rate: float = 0.25", "lr: float = 0.25") + "def optimizer_fn(): ...\n"
    )
    assert "config_space: learning_rate: optimizer_fn makes the optimizer" in refusal({"learning_rate": 0.1})
    Path("renate_config.py").write_text(CONFIG + "def optimizer_fn(learning_rate: float): ...\n")
    assert wish({"learning_rate": 0.1})


def test_an_unknown_updater_gets_the_list() -> None:
    assert "there is no updater 'RDD'; there is: ER, DER" in refusal(updater="RDD")
    assert "RD" == wish(updater="rd").request["updater"]


def test_arguments_that_there_are_none_of_and_old_names() -> None:
    assert "Did you mean 'n_workers'?" in refusal(kind=InvalidUsage, n_worker=2)
    assert "next_state_url is called output_state_url now." in wish(next_state_url="out").notes
    with pytest.raises(InvalidUsage, match="needs mode, backend"):
        prepared({"config_space": {}, "metric": "x"}, limit=1)
    with pytest.raises(InvalidUsage, match="no argument 'n_worker'"):
        execute_tuning_job("max", {}, "x", "local", n_worker=1)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n_workers": 0}, "n_workers: 0 is no whole number above 0"),
        ({"max_epochs": 0}, "max_epochs: 0 is no"),
        ({"devices": "all"}, "devices: 'all' is no"),
        ({"accelerator": "tpu"}, "accelerator: 'tpu' is not one of auto, cpu, gpu"),
        ({"precision": "8"}, "precision: '8' is not one of 16, 32, 64, bf16"),
        ({"gradient_clip_algorithm": "x"}, "is not one of norm, value"),
        ({"config_file": None}, "config_file: it is missing"),
        ({"config_file": "renate_confg.py"}, "Did you mean 'renate_config.py'?"),
        ({"metric": ""}, "metric: it is to be the name of one metric"),
        ({"config_space": [1]}, "config_space: it is a list"),
        ({"input_state_url": "nowhere"}, "input_state_url: there is no folder"),
    ],
)
def test_other_values_are_named_with_what_is_allowed(given: dict[str, Any], words: str) -> None:
    assert words in refusal(**given)


def test_a_state_to_begin_with_needs_a_model_fn_that_takes_it(folder: Path) -> None:
    (folder / "state").mkdir()
    assert "has no model.ckpt" in refusal(input_state_url="state")
    (folder / "state" / "model.ckpt").write_text("{}")
    assert wish(input_state_url="state")
    config("model_state_url: Optional[str] = None, ", "")
    assert "model_fn takes no model_state_url" in refusal(input_state_url="state")


def test_the_arguments_become_a_search_in_the_servers_words() -> None:
    request = wish(
        {"learning_rate": theirs.loguniform(1e-3, 1e-1), "width": jt.choice([1, 2]), "max_epochs": 9},
        scheduler="asha",
        n_workers=2,
        max_num_trials_finished=3,
        max_time=60,
        seed=7,
        job_name="mine",
    ).request
    assert {"domain": "loguniform", "args": [0.001, 0.1]} == request["space"]["learning_rate"]
    assert jt.choice([1, 2]) == request["space"]["width"]
    assert {"updater": "ER", "max_epochs": 9, "seed": 7} == request["params"]
    assert (["val_accuracy"], ["max"], "asha", 2, 9, 7) == tuple(
        request[name] for name in ("metric", "mode", "searcher", "workers", "max_resource", "seed")
    )
    assert {"max_time": 60, "max_trials_finished": 3} == request["stop"]
    assert "mine" == request["name"]


def test_the_seed_may_stand_in_the_space() -> None:
    request = wish({"width": jt.choice([1, 2]), "seed": jt.choice([1, 2, 3])}).request
    assert (jt.choice([1, 2, 3]), 0) == (request["space"]["seed"], request["seed"])
    assert "seed" not in request["params"]
    request = wish({"width": jt.choice([1, 2]), "seed": 4}).request
    assert ({"width"}, 4, 4) == (set(request["space"]), request["params"]["seed"], request["seed"])
    assert 5 == wish({"seed": jt.choice([1, 2])}, seed=5).request["params"]["seed"], "the argument wins"
    assert 0 == wish().request["params"]["seed"]
    assert "seed: 'many' is no whole number" in refusal({"seed": "many"})
    assert "seed: 0.5 is no whole number" in refusal(seed=0.5)


def test_rush_begins_with_what_the_history_of_the_input_found_best(folder: Path) -> None:
    (folder / "state").mkdir()
    (folder / "state" / "model.ckpt").write_text("{}")
    history = "update_id,trial_id,epoch,val_accuracy,config_learning_rate\n0,0,1,0.2,0.5\n0,1,1,0.9,0.1\n"
    (folder / "state" / "hpo.csv").write_text(history)
    space: dict[str, Any] = {"learning_rate": jt.uniform(0, 1)}
    found = wish(space, input_state_url="state", scheduler="rush")
    assert {"points": [{"learning_rate": 0.1}, {"learning_rate": 0.5}]} == found.request["searcher_options"]
    found = wish({**space, "width": jt.choice([1, 2])}, input_state_url="state", scheduler="rush")
    assert "searcher_options" not in found.request
    assert any("it has no column for width" in one for one in found.notes)
