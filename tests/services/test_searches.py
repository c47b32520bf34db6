"""A request whose parameters vary becomes a search, stored with the job that drives it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from typing import Any

import pytest

from jupyter_training.core.experiment import DRIVERS, ExperimentState
from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import EndReason, JobState
from jupyter_training.errors import KeyReused, TrainingError
from jupyter_training.schema import ConfigText, ExperimentView, SubmitResult
from jupyter_training.services import configs, passed, plans, search_reading, searchers, searches, submitting
from jupyter_training.services.tidy import tidy
from jupyter_training.store import experiments, views
from tests.services.searching import Searching
from tests.services.stage import USER, Stage, request

LR = "loguniform(1e-4, 1e-1)"
TAKES = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr')\np.parse_args()\n"


def begun(stage: Stage, **changes: Any) -> SubmitResult:
    given = {"params": {"lr": LR, "batch": "choice(32, 64)"}, "metric": "val_accuracy", "mode": "max", **changes}
    return stage.submit(**given)


def view_of(result: SubmitResult) -> ExperimentView:
    assert result.job is None and result.experiment is not None
    return result.experiment


def test_a_parameter_that_varies_makes_a_search(stage: Stage) -> None:
    result = begun(stage, searcher="random", max_trials=20, workers=4, params={"lr": LR, "momentum": 0.9})
    view = view_of(result)
    assert (True, "running", "queued") == (result.created, view.state, view.phase)
    assert ("random", 4, 20, "digits") == (view.searcher, view.workers, view.total, view.name)
    assert ["lr"] == [axis.name for axis in view.space]
    assert {"momentum": 0.9} == view.constants
    driver = views.job(stage.site.store, JobId(view.id))
    assert (DRIVERS, "driver", True) == (driver.pool, driver.spec.launcher, driver.is_driver)
    stored = experiments.one(stage.site.store, JobId(view.id))
    assert (ExperimentState.RUNNING, "local", {"momentum": 0.9}) == (
        stored.state,
        stored.pool,
        stored.spec.template.params,
    )
    names = stored.spec.template.environment.variables["JUPYTER_TRAINING_OBJECTIVE"]
    assert ["val_accuracy"] == json.loads(names)


def test_what_is_said_in_the_config_and_in_the_space_counts(stage: Stage) -> None:
    text = (
        "params:\n  batch: [16, 32]\nspace:\n  lr: loguniform(1e-4, 1e-1)\n"
        "  depth: {type: int, minval: 1, maxval: 3}\n"
        "metric: loss, accuracy\nmode: min, max\nstop: {max_time: 2h, target: 0.1}\nworkers: 2\n"
    )
    view = view_of(stage.submit(config={"text": text}, params={"lr": 0.1}))
    assert ["depth"] == [axis.name for axis in view.space], "a value on the line fixes an axis of the config"
    assert {"lr": 0.1, "batch": [16, 32]} == view.constants
    assert (("loss", "accuracy"), ("min", "max")) == (view.metrics, view.modes)
    assert (7200, "loss", 0.1) == (view.stop.max_time, view.stop.target.metric, view.stop.target.value)


def test_only_constants_are_one_plain_training_with_the_notice(stage: Stage) -> None:
    result = stage.submit(params={"lr": 0.1}, metric="val_loss", mode="min", searcher="asha", max_trials=9)
    assert result.experiment is None and result.job is not None
    (note,) = result.notes
    assert "exactly one value" in note and "searcher and max_trials are ignored" in note
    policy = stage.job(result.job.id).spec.checkpoints
    assert ("val_loss", "min") == (policy.metric, policy.mode)


def test_a_choice_of_one_is_a_search_still(stage: Stage) -> None:
    view = view_of(begun(stage, params={"lr": "choice(0.1)"}))
    assert 1 == view.total


def test_quotes_make_a_text_of_an_expression(stage: Stage) -> None:
    result = stage.submit(params={"columns": "'a,b'", "note": "uniform is what it wears"})
    assert result.job is not None
    assert {"columns": "a,b", "note": "uniform is what it wears"} == result.job.params


def test_repeating_its_key_gives_the_first_again(stage: Stage) -> None:
    key = uuid.uuid4().hex
    first, again = begun(stage, key=key), begun(stage, key=key)
    assert (True, False) == (first.created, again.created)
    assert view_of(first).id == view_of(again).id
    with pytest.raises(KeyReused):
        begun(stage, key=key, seed=3)


def test_an_equal_active_search_stands_in_where_that_is_wished(stage: Stage) -> None:
    first = begun(stage, entry={"kind": "script", "path": "train.py", "shown_as": "cell 3"})
    again = begun(stage, if_exists="reuse", entry={"kind": "script", "path": "train.py", "shown_as": "cell 4"})
    assert (view_of(first).id, True) == (view_of(again).id, again.reused)
    other = begun(stage, if_exists="reuse", params={"lr": LR})
    assert other.created and "this is another search" in " ".join(other.notes)


def test_once_takes_one_that_succeeded(stage: Stage) -> None:
    first = view_of(begun(stage))
    stage.begin(first.id)
    stage.end(first.id, EndReason.COMPLETED)
    assert first.id == view_of(begun(stage, once=True)).id
    assert first.id != view_of(begun(stage)).id


def test_once_takes_none_that_failed_though_its_driver_did_well(stage: Stage) -> None:
    search = Searching(stage)
    search.drive()
    search.finish("failed", "All failed.")
    assert JobState.SUCCEEDED is search.driver.state
    again = Searching(stage, once=True)
    assert search.id != again.id
    again.drive()
    again.finish()
    assert again.id == Searching(stage, once=True).id


def test_without_a_stop_rule_there_is_a_default_and_it_is_said(stage: Stage) -> None:
    result = begun(stage, params={"lr": LR})
    assert 50 == view_of(result).total
    assert any("Nothing says when this search ends" in note for note in result.notes)
    assert 2 == view_of(begun(stage, params={"batch": "choice(32, 64)"})).total
    grid = begun(stage, params={"batch": "choice(32, 64)"}, searcher="grid")
    assert (None, 2) == (view_of(grid).stop.max_trials_started, view_of(grid).total)


def test_how_long_a_trial_is_comes_from_its_epochs(stage: Stage) -> None:
    result = begun(stage, searcher="asha", params={"lr": LR, "epochs": 27}, max_trials=9)
    assert 27 == view_of(result).max_resource
    assert any("epochs is 27" in note for note in result.notes)
    presumed = begun(stage, searcher="asha", max_trials=9)
    assert any("asha presumes 100" in note for note in presumed.notes)


def test_another_programs_name_says_what_it_became(stage: Stage) -> None:
    result = begun(stage, searcher="bo", max_trials=9)
    view = view_of(result)
    assert "cqr" == view.searcher and view.searcher_note is not None and "bo" in view.searcher_note
    assert view.searcher_note in result.notes


def test_a_script_must_take_every_axis(stage: Stage) -> None:
    view_of(begun(stage, code=TAKES, params={"lr": LR}))
    with pytest.raises(TrainingError, match="batch"):
        begun(stage, code=TAKES, params={"lr": LR, "batch": "choice(1, 2)"})


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"searcher": "ashaa"}, "searcher", r"no searcher 'ashaa'.*Did you mean 'asha'"),
    ({"searcher": "gp"}, "searcher", r"needs torch"),
    ({"searcher": "mobster"}, "searcher", r"refused.*no longer has it"),
    ({"mode": "maximize"}, "mode", r"neither min nor max.*Did you mean 'max'"),
    ({"mode": None}, "mode", r"smaller or a larger val_accuracy.*mode max\?"),
    ({"metric": None}, "metric", r"what to judge"),
    ({"metric": "a, b"}, "mode", r"2 metrics and 1 mode"),
    ({"metric": "a, a", "mode": "min,min"}, "metric", r"'a' stands twice"),
    ({"params": {"lr": "loguniform(0, 1)"}}, "params.lr", r"0 is not allowed|above 0"),
    ({"params": {"lr": "choice()"}}, "params.lr", r"no value to choose from"),
    ({"params": {"lr": "uniform(2, 1)"}}, "params.lr", r"lower bound 2 is above"),
    ({"params": {"lr": "quniform(0, 1, 0.3)"}}, "params.lr", r"step"),
    ({"params": {"lr": "loguniorm(0.1, 1)"}}, "params.lr", r"Did you mean loguniform"),
    ({"searcher": "grid"}, "params.lr", r"count"),
    ({"params": {"lr": LR, "m": "uniform(0, 1) when opt == sgd"}}, "params.m", r"opt"),
    ({"space": {"lr": "uniform(2, 1)"}}, "space.lr", r"lower bound"),
    ({"searcher": "asha", "metric": "a, b", "mode": "min, max"}, "searcher", r"judges one metric, and there are 2"),
    ({"searcher": "moasha"}, "searcher", r"several metrics"),
    ({"searcher": "adaptive_asha"}, "max_resource", r"max_resource"),
    ({"searcher": "asha", "searcher_options": {"gace": 2}}, "searcher_options.gace", r"no option 'gace'.*'grace'"),
    ({"stop": {"max_trial": 3}}, "stop.max_trial", r"no stop rule.*Did you mean"),
    ({"stop": {"max_time": "2x"}}, "stop.max_time", r"not a duration"),
    ({"stop": {"max_cost": 3}}, "stop.max_cost", r"costs"),
    ({"stop": {"target": {"metric": "loss", "value": 1}}}, "stop.target.metric", r"the search looks at val_accuracy"),
    ({"max_trials": 3, "stop": {"max_trials_started": 4}}, "max_trials", r"says 4, and this 3"),
    ({"searcher": "cmaes"}, "searcher", r"needs two axes of numbers that are always active; there is one: lr"),
    ({"searcher": "asha", "max_resource": 3, "searcher_options": {"grace": 5}}, "searcher_options.grace", r"more than"),
    ({"pool": "nowhere"}, "pool", r"no pool 'nowhere'"),
    ({"resume": True}, "resume", r"not resumed by name"),
    ({"params": {"api_key": "choice(a, b)"}}, "params.api_key", r"secret"),
]


@pytest.mark.parametrize(("changes", "key", "words"), REFUSED, ids=[f"{one[1]}-{n}" for n, one in enumerate(REFUSED)])
def test_bad_input_is_refused_at_its_place_before_anything_is_stored(
    stage: Stage, changes: dict[str, Any], key: str, words: str
) -> None:
    given = {"params": {"lr": LR}, "metric": "val_accuracy", "mode": "max", **changes}
    given = {name: value for name, value in given.items() if value is not None}
    with pytest.raises(TrainingError, match=words) as caught:
        stage.submit(**given)
    told = [one.key for one in caught.value.errors] or [caught.value.code.removeprefix("unknown_")]
    assert key == told[0] or str(caught.value).startswith(f"{key} ")
    assert [] == views.unfinished(stage.site.store)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("params:\n  lr: loguniform(0, 1)\nmetric: a\nmode: min\n", 2, 7),
        ("metric: a\nmode: mix\nparams: {lr: 'uniform(0, 1)'}\n", 2, 1),
        ("metric: a\nmode: min\nsearcher: ashaa\nparams:\n  lr: uniform(0, 1)\n", 3, 1),
        ("metric: a\nmode: min\nparams:\n  lr: uniform(0, 1)\nworkers: 0\n", 5, 1),
        ("metric: a\nmode: min\nparams:\n  lr: uniform(0, 1)\nstop:\n  max_trils: 3\n", 6, 3),
        ("metric: a\nmode: min\nparams: {lr: 'uniform(0, 1)'}\nstop: {max_time: soon}\n", 4, 8),
    ],
)
def test_a_mistake_in_the_config_has_its_line_and_column(stage: Stage, text: str, line: int, column: int) -> None:
    with pytest.raises(TrainingError) as caught:
        stage.submit(config={"text": text})
    (problem,) = caught.value.errors
    assert (line, column) == (problem.line, problem.column), caught.value
    with pytest.raises(TrainingError) as caught:
        configs.config(stage.site, ConfigText(text=text))
    assert (line, column) == (caught.value.errors[0].line, caught.value.errors[0].column), caught.value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: digits\nparams:\n  lr: uniform(0, 1)\n", 2),
        ("name: digits\nmetric: val_loss\nparams:\n  lr: uniform(0, 1)\n", 2),
        ("metric: a\nmode: min\nsearcher: adaptive_asha\nparams:\n  lr: uniform(0, 1)\n", 3),
    ],
    ids=["no metric", "no mode", "no max_resource"],
)
def test_what_a_config_lacks_is_said_where_it_is_needed(stage: Stage, text: str, line: int) -> None:
    with pytest.raises(TrainingError) as caught:
        stage.submit(config={"text": text})
    assert (line, 1) == (caught.value.errors[0].line, caught.value.errors[0].column), caught.value


def test_a_search_is_insisted_on(stage: Stage) -> None:
    wish = request(params={"lr": 0.1}, metric="a", mode="min")
    with pytest.raises(TrainingError, match="nothing to search"):
        submitting.submit(stage.site, USER, wish, insists=True)


def test_values_of_pass_env_wait_with_the_driver(stage: Stage) -> None:
    result = begun(stage, environment={"pass_env": ["TOKEN"]}, secrets={"TOKEN": "s3cret"})
    driver = stage.job(view_of(result).id)
    assert {"TOKEN": "s3cret"} == json.loads(stage.site.settings.secrets_file(driver.key).read_text())
    assert JobState.QUEUED is driver.state


def test_a_verbatim_text_is_no_expression(stage: Stage) -> None:
    result = begun(stage, params={"lr": LR, "columns": "a,b", "quoted": "'c,d'"}, verbatim=["columns", "quoted"])
    assert {"columns": "a,b", "quoted": "'c,d'"} == view_of(result).constants
    plain = stage.submit(params={"columns": "'a,b'"}, verbatim=["columns"])
    assert plain.job is not None and {"columns": "'a,b'"} == plain.job.params


def test_a_plan_says_the_axes_the_searcher_and_what_ends_it_and_stores_nothing(stage: Stage) -> None:
    wish = request(
        params={"lr": LR, "batch": "choice(32, 64)", "size": 8}, metric="loss", mode="min", searcher="bo", max_trials=9
    )
    found = plans.plan(stage.site, USER, wish)
    assert found.search is not None
    assert ["lr", "batch"] == [axis.name for axis in found.search.axes]
    assert ("cqr", {"size": 8}, None) == (found.search.searcher, found.search.constants, found.search.size)
    assert "It ends once 9 trials were begun." == found.search.ends
    assert any("bo" in note for note in found.notes)
    assert ("digits", {"size": 8}, "local") == (found.spec["name"], found.spec["params"], found.pool)
    assert [] == views.unfinished(stage.site.store)
    assert None is plans.plan(stage.site, USER, request(params={"lr": 0.1})).search


def test_a_plan_of_a_search_that_is_there_says_so(stage: Stage) -> None:
    given = {"params": {"lr": LR}, "metric": "loss", "mode": "min"}
    view = view_of(stage.submit(**given))
    notes = plans.plan(stage.site, USER, request(**given, if_exists="reuse")).notes
    assert any(f"{view.id[:6]} does the same and has not ended: a submit gives that search" in note for note in notes)


def test_a_rehearsal_tries_one_configuration(stage: Stage) -> None:
    wish = request(params={"lr": "choice(0.1, 0.2)", "size": 8}, metric="loss", mode="min", searcher="tpe")
    one = searches.one_of(wish, search_reading.parted(wish))
    assert one.params is not None and one.params["lr"] in (0.1, 0.2) and 8 == one.params["size"]
    assert (None, None) == (one.metric, one.searcher)
    assert one.environment is not None and "JUPYTER_TRAINING_OBJECTIVE" in one.environment.variables


def test_the_code_of_trials_to_come_is_kept(stage: Stage) -> None:
    """No job has it before the first trial is stored, and a search may wait long for its driver."""
    view = view_of(begun(stage, code="print('only here')\n"))
    (file,) = experiments.one(stage.site.store, JobId(view.id)).spec.template.files
    blob = stage.site.settings.blobs / file.sha256
    other = stage.site.settings.blobs / ("0" * 64)
    other.write_text("nobody's")
    for path in (blob, other):
        os.utime(path, (0, 0))
    tidy(stage.site)
    assert (True, False) == (blob.exists(), other.exists())


def test_a_trial_gets_the_values_that_wait_with_the_driver(stage: Stage) -> None:
    view = view_of(begun(stage, environment={"pass_env": ["TOKEN"]}, secrets={"TOKEN": "s3cret"}))
    trial = stage.job(stage.submit(environment={"pass_env": ["TOKEN"]}, secrets={"TOKEN": "old"}).job.id)  # type: ignore[union-attr]
    passed.handing_on(stage.site, JobId(view.id), ["TOKEN"])(trial)
    assert {"TOKEN": "s3cret"} == json.loads(stage.site.settings.secrets_file(trial.key).read_text())


def test_code_of_a_trial_can_read_the_tag_of_its_search(stage: Stage) -> None:
    search = Searching(stage)
    search.drive()
    search.trial(0)
    variables = search.job(0).spec.environment.variables
    assert (str(search.row.tag), '["loss"]') == (
        variables["MLFLOW_HPTUNING_TAG"],
        variables["JUPYTER_TRAINING_OBJECTIVE"],
    )


def test_every_searcher_says_what_it_is_and_whether_it_runs_here() -> None:
    known = {view.name: view for view in searchers.listed().searchers}
    asha, gp, gone, alias = (known[name] for name in ("asha", "gp", "mobster", "bo"))
    assert ("installed", None, ("single-objective", "multi-fidelity")) == (asha.status, asha.sentence, asha.kind)
    assert "grace" in str(asha.options)
    assert ("refused", "alias") == (gone.status, alias.status)
    assert alias.sentence is not None and alias.sentence.startswith("bo is cqr here")
    if gp.status == "needs":
        assert gp.sentence is not None and "needs torch" in gp.sentence
    assert {"ours", "syne-tune", "optuna"} <= {view.origin for view in known.values()}


def test_looking_at_searchers_loads_no_library() -> None:
    code = (
        "import sys; from jupyter_training.services import searchers; searchers.listed();"
        "searchers.chosen('asha', {'grace': 2});"
        "print([name for name in ('syne_tune', 'optuna', 'torch', 'numpy', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()
