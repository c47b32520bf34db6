"""Searches from a shell: what each verb prints, with which code it leaves, and that --json is what `schema` has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.cli.main import main
from jupyter_training.schema import (
    ExperimentPage,
    ExperimentVerbResult,
    ExperimentView,
    ResultsView,
    SearcherList,
    SpaceView,
    TrialPage,
)
from tests.cli.conftest import Run
from tests.services.searching import Searching
from tests.services.stage import Stage


@pytest.fixture
def search(stage: Stage) -> Searching:
    """Three trials: one ran to its end, one has failed, one runs."""
    one = Searching(stage, name="sweep")
    one.drive()
    for number in range(3):
        one.trial(number)
    one.tell(0, 1, 0.9)
    one.tell(0, 2, 0.25)
    one.tell(2, 1, 0.5)
    one.end(0)
    one.end(1, "failed", "ValueError: no")
    return one


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("print('hello')\n")
    return "train.py"


def experiment_of(stage: Stage, name: str) -> dict[str, Any]:
    from jupyter_training.services import experiments

    (view,) = experiments.page(stage.site, experiments.ExperimentsQuery(name=name)).experiments
    return experiments.show(stage.site, view.id).model_dump(mode="json")


def test_a_submit_with_a_range_is_a_search(stage: Stage, run: Run, script: str) -> None:
    code, out, err = run(
        *("submit", script, "lr=loguniform(1e-4,1e-1)", "batch=32,64", "epochs=9", "--metric", "loss", "--mode", "min"),
        *("--searcher", "asha", "--workers", "4", "--max-trials", "50", "--stop", "plateau=20", "--name", "sweep"),
        *("--searcher-options", "factor=4", "--seed", "7", "--target", "-0.5"),
    )
    view = experiment_of(stage, "sweep")
    assert (0, True) == (code, out.startswith(f"{view['id']}  sweep  queued. To follow it: jupyter training wait "))
    assert "epochs is 9" in err
    assert ["lr", "batch"] == [axis["name"] for axis in view["space"]]
    assert ("asha", 4, 7, {"epochs": 9}) == (view["searcher"], view["workers"], view["seed"], view["constants"])
    assert (50, {"trials": 20, "least": 0.0}) == (view["stop"]["max_trials_started"], view["stop"]["plateau"])
    assert {"metric": "loss", "value": -0.5} == view["stop"]["target"]
    assert {"factor": 4} == view["spec"]["options"]


def test_a_dry_run_of_a_search_says_what_it_would_do(stage: Stage, run: Run, script: str) -> None:
    words = ("submit", script, "lr=loguniform(1e-4,1e-1)", "--metric", "loss", "--mode", "min", "--max-trials", "5")
    code, out, _ = run(*words, "--dry-run")
    assert 0 == code
    told = dict(line.split("  ", 1) for line in out.splitlines() if "  " in line)
    assert ("lowest loss", "endless") == (told["looks for"].strip(), told["combinations"].strip())
    assert "once 5 trials were begun" in told["ends"]
    assert "loguniform(0.0001, 0.1) · 0.0001 to 0.1, both included, log scale" == told["axis lr"].strip()


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (["lr=loguniorm(1e-4,1e-1)"], "params.lr, column 1: there is no loguniorm(...).", "Did you mean loguniform?"),
        (["lr=loguniform(0,1e-1)"], "lower bound 0 is not allowed for a log scale", "loguniform(1e-05, 0.1)"),
        (["lr=0.1,0.2", "--searcher", "ahsa"], "There is no searcher 'ahsa'", "Did you mean 'asha'?"),
        (["lr=0.1,0.2", "--stop", "max_trails=3"], "there is no stop rule 'max_trails'", "Did you mean"),
        (["lr=uniform(0,1)", "--searcher", "grid"], "a grid needs a list of values", "count"),
        (["lr=0.1,0.2", "--workers", "0"], "workers", ""),
    ],
)
def test_a_mistake_is_told_before_anything_is_stored(
    stage: Stage, run: Run, script: str, words: list[str], said: str, hint: str
) -> None:
    code, _, err = run("submit", script, *words, "--metric", "loss", "--mode", "min")
    assert said in err
    assert hint in err
    assert code in (2, 3)
    assert "No searches yet" in run("experiment", "list")[1]


def test_what_a_range_lacks_is_said_as_options(stage: Stage, run: Run, script: str) -> None:
    assert "Add e.g. --metric val_loss and --mode min." in run("submit", script, "lr=uniform(0,1)")[2]
    assert "Add --mode min?" in run("submit", script, "lr=uniform(0,1)", "--metric", "loss")[2]


def test_a_text_with_a_comma_stays_one_where_nothing_speaks_of_a_search(stage: Stage, run: Run, script: str) -> None:
    assert 0 == run("submit", script, "classes=cat,dog", "--name", "plain")[0]
    assert {"classes": "cat,dog"} == json.loads(run("show", "plain", "--json")[1])["params"]


def test_create_insists_on_a_search(stage: Stage, run: Run, script: str) -> None:
    code, _, err = run("experiment", "create", script, "lr=0.1", "--metric", "loss", "--mode", "min")
    assert code in (2, 3)
    assert err.startswith("error: ")
    dry = run("experiment", "create", script, "lr=0.1", "--metric", "loss", "--mode", "min", "--dry-run")
    assert (code, err) == (dry[0], dry[2]), "a dry run refuses what would be refused"
    assert 0 == run("experiment", "create", script, "lr=0.1,0.2", "--metric", "loss", "--mode", "min")[0]


def test_a_list_has_a_line_for_each_search(search: Searching, run: Run) -> None:
    code, out, _ = run("experiment", "list")
    titles, line = out.splitlines()
    assert (0, ["id", "name", "state", "trials", "best", "searcher"]) == (code, titles.split()[:6])
    assert line.startswith(f"{search.id}  sweep  ● running  3 of 50 trials  loss ↓ 0.25 in trial 0  random")
    assert "No search fits." in run("experiment", "list", "--state", "failed")[1]
    code, _, err = run("experiment", "list", "--state", "fialed")
    assert (2, True) == (code, "There is no state 'fialed'" in err)
    ExperimentPage.model_validate(json.loads(run("experiment", "list", "--json")[1]))


def test_show_has_all_of_it(search: Searching, run: Run) -> None:
    code, out, _ = run("experiment", "show")
    assert 0 == code
    for line in ("looks for", "lowest loss", "axis lr", "param size", "50 trials started", "random, seed 0"):
        assert line in out
    ExperimentView.model_validate(json.loads(run("experiment", "show", "sweep", "--json")[1]))


def test_the_best_comes_as_facts_as_json_and_as_a_cell(search: Searching, run: Run) -> None:
    out = run("experiment", "best", "sweep")[1]
    assert out.startswith("loss ↓ 0.25 in trial 0\nlr  0.01\n")
    found = json.loads(run("experiment", "best", "--json")[1])
    assert (0, {"lr": 0.01}, []) == (found["best"]["trial"], found["best"]["config"], found["pareto"])
    assert "lr=0.01" in run("experiment", "best", "--cell")[1]


def test_without_a_report_there_is_no_best(stage: Stage, run: Run) -> None:
    Searching(stage, name="young")
    code, _, err = run("experiment", "best", "young")
    assert (3, True) == (code, "young has no best trial: none has reported loss." in err)
    assert {"best": None, "pareto": []} == json.loads(run("experiment", "best", "young", "--json")[1])


def test_several_metrics_have_a_table_of_those_that_none_beats(stage: Stage, run: Run) -> None:
    search = Searching(stage, name="two", metric="loss,size", mode="min,min")
    search.drive()
    for number, values in enumerate([(0.5, 10.0), (0.25, 20.0), (0.75, 30.0)]):
        search.trial(number)
        search.tell(number, 1, *values)
    out = run("experiment", "best", "two")[1]
    assert [
        "trial  loss ↓  size ↓  lr",
        "1      0.25    20      0.02",
        "0      0.5     10      0.01",
    ] == out.splitlines()


def test_trials_come_the_best_first_or_as_asked(search: Searching, run: Run) -> None:
    lines = run("experiment", "trials")[1].splitlines()
    assert ["trial", "state", "loss", "↓", "reports", "lr"] == lines[0].split()
    assert ["0", "2", "1"] == [line.split()[0] for line in lines[1:]]
    assert ["2", "1", "0"] == [
        line.split()[0] for line in run("experiment", "trials", "--sort=-number")[1].splitlines()[1:]
    ]
    assert "✕ failed" in run("experiment", "trials", "--state", "failed")[1]
    assert "Did you mean 'value'?" in run("experiment", "trials", "--sort", "valu")[2]
    TrialPage.model_validate(json.loads(run("experiment", "trials", "--json")[1]))


def test_results_are_csv_yaml_or_json(search: Searching, run: Run) -> None:
    lines = run("experiment", "results")[1].splitlines()
    assert lines[0].startswith("trial_id,epoch,loss,config_size,config_lr")
    assert 4 == len(lines)
    assert "best" in run("experiment", "results", "--yaml")[1]
    ResultsView.model_validate(json.loads(run("experiment", "results", "--json")[1]))


def test_verbs_change_how_it_goes_and_say_so(search: Searching, run: Run) -> None:
    code, out, err = run("experiment", "pause", "sweep")
    assert (0, True) == (code, out.startswith(f"{search.id}  sweep  Pausing"))
    assert "run on to" in err or "runs on to" in err  # they have no checkpoint
    assert "experiment" in json.loads(run("experiment", "activate", "sweep", "--json")[1])["results"][0]
    code, out, _ = run("experiment", "extend", "sweep", "20")
    assert (0, 70) == (code, search.view.total)
    code, _, err = run("experiment", "extend", "sweep", "0")
    assert (2, True) == (code, "above 0" in err)
    assert 0 == run("experiment", "retry-failed", "sweep")[0]
    assert 0 == run("experiment", "stop", "sweep")[0]
    assert "stopping" == search.view.phase


def test_each_search_is_asked_also_when_another_refuses(search: Searching, run: Run) -> None:
    code, out, err = run("experiment", "archive", "nothere", "sweep")
    assert (3, "") == (code, out)
    assert "There is no experiment 'nothere'." in err
    assert "running" in err
    results = json.loads(run("experiment", "archive", "nothere", "sweep", "--json")[1])
    ExperimentVerbResult.model_validate(results)
    assert [False, False] == [one["ok"] for one in results["results"]]


def test_deleting_asks_and_takes_the_trials_along(search: Searching, run: Run) -> None:
    search.end(2)
    search.finish()
    code, _, err = run("experiment", "delete", "sweep")
    assert (2, True) == (code, "with all trials" in err)
    assert (0, f"{search.id}  sweep  Deleted.\n", "") == run("experiment", "delete", "sweep", "--yes")
    assert "No searches yet" in run("experiment", "list")[1]


def test_a_job_of_its_own_is_no_search(stage: Stage, run: Run) -> None:
    stage.submit(name="alone")
    code, _, err = run("experiment", "show", "alone")
    assert (3, True) == (code, "is a job of its own, and no search." in err)


def test_space_says_how_values_are_understood(stage: Stage, run: Run) -> None:
    out = run("experiment", "space", "lr=loguniform(1e-4,1e-1)", "batch=32,64", "n=3", "-n", "2")[1]
    assert "lr         loguniform(0.0001, 0.1)  0.0001 to 0.1, both included, log scale" in out
    assert "combinations: endless" in out
    assert 2 == out.count("for example")
    found = SpaceView.model_validate(json.loads(run("experiment", "space", "x=1,2", "y=3,4", "--json")[1]))
    assert (4, 4) == (found.size, found.grid)


def test_searchers_say_what_each_needs(stage: Stage, run: Run) -> None:
    out = run("experiment", "searchers")[1]
    assert "✓ random" in out
    SearcherList.model_validate(json.loads(run("experiment", "searchers", "--json")[1]))


def test_a_list_of_jobs_without_any_names_the_searches(search: Searching, run: Run) -> None:
    assert (0, "No trainings of their own; searches: jupyter training experiment list\n", "") == run("jobs")


def test_a_list_in_which_no_job_fits_says_where_trials_are(search: Searching, run: Run) -> None:
    for words in (("sweep-1",), ("--name", "sweep-1")):
        assert "No job fits. The trials of a search are no part" in run("jobs", *words)[1]
    assert "No job fits.\n" == run("jobs", "--state", "failed")[1]


def test_a_clone_is_told_from_what_began_by_itself(search: Searching, run: Run) -> None:
    assert "began from" not in run("experiment", "best", "--cell")[2]
    search.trial(3, clone_of=0)
    search.tell(3, 1, 0.1)
    lines = run("experiment", "trials", "--sort", "number")[1].splitlines()
    assert ["clone of 0" in line for line in lines[1:]] == [False, False, False, True]
    _, out, err = run("experiment", "best", "--cell")
    assert "Trial 3 began from a checkpoint of trial 0: the cell alone" in err
    assert "began" not in out


def test_job_verbs_find_searches(search: Searching, run: Run) -> None:
    code, out, _ = run("cancel", "sweep")
    assert (0, True) == (code, search.id in out)
    assert "stopping" == search.view.phase


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["experiment"], "needs one of: create, list"),
        (["experiment", "shwo"], "Did you mean 'show'?"),
        (["experiment", "stop"], "the following arguments are required: EXPERIMENT"),
        (["experiment", "extend", "sweep", "more"], "'more' is not a whole number"),
        (["experiment", "trials", "--stat", "failed"], "Did you mean --state?"),
    ],
)
def test_wrong_use_is_a_sentence(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert 2 == main(words)
    assert said in capsys.readouterr().err
