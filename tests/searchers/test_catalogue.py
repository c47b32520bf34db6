"""Names lead to searchers, or to a sentence that says why not and what instead."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import jupyter_training.searchers
from jupyter_training.core.experiment import Objective
from jupyter_training.core.space import SearchSpace
from jupyter_training.errors import InvalidSpec, TrainingError, UnknownPlugin
from jupyter_training.seams import registry
from jupyter_training.seams.searcher import Setup, Start
from jupyter_training.searchers import catalogue
from jupyter_training.searchers.entries import ALIASES, ENTRIES, REFUSED

_ONE = Objective(metrics=("loss",), modes=("min",))
_TWO = Objective(metrics=("loss", "accuracy"), modes=("min", "max"))


def a_setup(objective: Objective = _ONE, **changes: Any) -> Setup:
    space = SearchSpace.read({"lr": "loguniform(1e-4, 1e-1)", "batch": "choice(32, 64)"})
    return Setup(**{"space": space, "objective": objective, **changes})


def refusal(call: Any) -> TrainingError:
    with pytest.raises(TrainingError) as caught:
        call()
    return caught.value


def test_every_entry_is_built_in_and_every_built_in_has_an_entry() -> None:
    assert sorted(registry.BUILT_IN["searchers"]) == sorted(entry.name for entry in ENTRIES)


def test_no_name_means_two_things() -> None:
    names = [entry.name for entry in (*ENTRIES, *REFUSED)]
    assert len({*names, *ALIASES}) == len(names) + len(ALIASES)
    assert {target for target, _ in ALIASES.values()} <= set(names)


@pytest.mark.parametrize("name", [entry.name for entry in ENTRIES])
def test_options_are_a_form_with_a_sentence_for_each(name: str) -> None:
    schema = registry.load("searchers", name).Options.model_json_schema()
    assert schema["additionalProperties"] is False
    for key, field in schema.get("properties", {}).items():
        assert field["description"].endswith("."), key


def test_what_runs_here_is_made_and_proposes() -> None:
    for entry in ENTRIES:
        if catalogue.status(entry) == "installed" and entry.name not in (
            "grid",
            "cmaes",
            "adaptive_asha",
            "async_halving",
        ):
            objective = _TWO if entry.metrics == "several" else _ONE
            searcher = catalogue.make(entry.name, a_setup(objective, max_resource=9, max_trials=9))
            assert isinstance(searcher.ask(0), Start), entry.name
            assert entry.replay == searcher.replay


def test_an_unknown_name_lists_all_that_there_are() -> None:
    error = refusal(lambda: catalogue.find("ahsa"))
    assert isinstance(error, UnknownPlugin)
    assert error.detail.startswith("There is no searcher 'ahsa'; there is: ")
    for name in ("random", "bo", "asha", "rush", "motpe", "grid", "adaptive_asha"):
        assert f" {name}," in error.detail
    assert "mobster" not in error.detail
    assert error.hint == "Did you mean 'asha'?"


def test_names_of_the_seeds_say_what_they_are_here() -> None:
    notes = {name: (catalogue.find(name).entry.name, catalogue.find(name).note) for name in ("bo", "kde", "motpe")}
    assert notes == {
        "bo": (
            "cqr",
            f"Searcher 'bo' is 'cqr' here: {ALIASES['bo'][1]}",
        ),
        "kde": ("st_tpe", "Searcher 'kde' is 'st_tpe' here: The same idea by Syne Tune, on all axes together."),
        "motpe": ("tpe", "Searcher 'motpe' is 'tpe' here: Optuna's TPE, which takes one metric or several."),
    }
    for name in ("asha", "random", "rush", "adaptive_asha", "tpe", "asha_promote", "grid"):
        assert (catalogue.find(name).entry.name, catalogue.find(name).note) == (name, None)


@pytest.mark.parametrize(
    ("written", "name"), [("ASHA", "asha"), ("asha-promote", "asha_promote"), ("CMA-ES", "cmaes"), ("NSGA-II", "nsga2")]
)
def test_case_and_hyphens_are_of_no_meaning(written: str, name: str) -> None:
    assert catalogue.find(written).entry.name == name


@pytest.mark.parametrize("entry", REFUSED, ids=lambda entry: entry.name)
def test_what_is_refused_says_why_and_what_instead(entry: Any) -> None:
    error = refusal(lambda: catalogue.make(entry.name, a_setup()))
    assert isinstance(error, InvalidSpec)
    assert error.detail == f"Searcher {entry.name!r} is refused: {entry.refused}"
    assert error.hint == f"Take {entry.instead}."
    assert [problem.key for problem in error.errors] == ["searcher"]


def test_what_is_refused_is_still_not_to_be_had() -> None:
    """When this fails, Syne Tune has got better: look at what is refused."""
    from syne_tune.optimizer import baselines, schedulers

    gone = (
        "MOBSTER",
        "HyperTune",
        "DEHB",
        "DyHPO",
        "SyncHyperband",
        "SynchronousGeometricHyperbandScheduler",
        "SyncBOHB",
    )
    assert [] == [name for name in gone if hasattr(baselines, name) or hasattr(schedulers, name)]
    multi = "syne_tune.optimizer.schedulers.multiobjective.multi_surrogate_multi_objective_searcher"
    with pytest.raises(ImportError, match="random_scalarization"):
        importlib.import_module(multi)
    with pytest.raises(NameError):
        importlib.import_module("syne_tune.optimizer.schedulers.smac_scheduler")


@pytest.mark.parametrize(("name", "needs"), [("gp", "torch"), ("botorch", "torch botorch"), ("ehvi", "torch botorch")])
def test_what_needs_a_package_says_so(name: str, needs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"torch": None, "botorch": None}
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: found.get(package))
    error = refusal(lambda: catalogue.make(name, a_setup(_TWO)))
    packages = needs.replace(" ", " and ")
    assert error.detail == f"Searcher {name!r} needs {packages}, which this server's environment does not have."
    assert error.hint is not None
    assert error.hint.startswith(f"Install it there: pip install {needs}. Or take ")


def test_a_folder_of_a_packages_name_is_not_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "botorch").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = next(entry for entry in ENTRIES if entry.name == "botorch")
    assert "needs torch and botorch," in (catalogue.sentence(entry) or "")


def test_what_needs_a_package_runs_once_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: SimpleNamespace(loader=object()))
    assert catalogue.find("gp").entry.name == "gp"


@pytest.mark.parametrize(
    ("name", "options", "detail", "key", "hint"),
    [
        ("asha", {"grce": 3}, "there is no option 'grce'.", "searcher_options.grce", "Did you mean 'grace'?"),
        ("cqr", {"a": 1}, "there is no option 'a'.", "searcher_options.a", "It has none."),
        (
            "asha",
            {"factor": 1},
            "option 'factor': Input should be greater than 1.",
            "searcher_options.factor",
            None,
        ),
        ("tpe", {"pruner": "median", "upper": 3.0}, "pruner 'median' has no use for upper.", "searcher_options", None),
        ("tpe", {"pruner": "threshold"}, "pruner 'threshold' needs lower or upper.", "searcher_options", None),
        (
            "tpe",
            {"pruner": "threshold", "lower": 2, "upper": 1},
            "lower 2 is not below upper 1.",
            "searcher_options",
            None,
        ),
    ],
)
def test_an_option_that_makes_no_sense_is_named(
    name: str, options: Any, detail: str, key: str, hint: str | None
) -> None:
    error = refusal(lambda: catalogue.make(name, a_setup(), options))
    assert isinstance(error, InvalidSpec)
    assert (error.detail, error.hint) == (f"Searcher {name!r}: {detail}", hint)
    assert error.errors[0].key == key


def test_too_many_or_too_few_metrics_are_refused() -> None:
    assert (
        refusal(lambda: catalogue.make("asha", a_setup(_TWO))).detail
        == "Searcher 'asha' judges by one metric, and 2 were given."
    )
    assert (
        refusal(lambda: catalogue.make("moasha", a_setup())).detail
        == "Searcher 'moasha' is for two or more metrics, and 1 was given."
    )
    assert (
        refusal(lambda: catalogue.make("tpe", a_setup(_TWO), {"pruner": "median"})).detail
        == "Pruner 'median' judges by one metric, and 2 were given."
    )


def test_no_trial_could_be_stopped() -> None:
    error = refusal(lambda: catalogue.make("asha", a_setup(max_resource=5), {"grace": 6}))
    assert error.detail == "grace=6 is more than max_resource=5: no trial would ever be stopped."
    assert error.errors[0].key == "searcher_options.grace"


def test_cmaes_says_which_axes_it_lacks() -> None:
    error = refusal(lambda: catalogue.make("cmaes", a_setup()))
    assert error.detail == "Searcher 'cmaes' needs two axes of numbers that are always active; there is one: lr."
    space = SearchSpace.read({"a": "choice(x, y)", "b": "uniform(0, 1) when a == x", "c": "uniform(0, 1) when a == x"})
    error = refusal(lambda: catalogue.make("cmaes", a_setup(space=space)))
    assert error.detail.endswith("there is none.")


class Mine:
    """A searcher of somebody else's."""

    Options = catalogue.registry.load("searchers", "random").Options

    def __init__(self, setup: Setup, options: Any) -> None:
        self.setup = setup


def test_a_plug_in_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="mine", value=f"{__name__}:Mine", group="jupyter_training.searchers")
    monkeypatch.setattr(type(point), "load", lambda self: Mine)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == point.group else [])
    assert catalogue.find("mine").entry.source == "plug-in"
    assert isinstance(catalogue.make("mine", a_setup()), Mine)
    assert " mine," in refusal(lambda: catalogue.find("unheard")).detail


def test_what_there_is_can_be_asked_without_the_libraries() -> None:
    """The server lists searchers and their forms; only a driver may take the second that Syne Tune needs."""
    program = (
        "import sys; from jupyter_training.searchers import catalogue\n"
        "for entry in catalogue.ENTRIES: catalogue.registry.load('searchers', entry.name).Options.model_json_schema()\n"
        "catalogue.rows(); catalogue.table(); catalogue.find('bo')\n"
        "print([one for one in ('syne_tune', 'optuna', 'numpy', 'pandas', 'sklearn') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_documentation_has_the_catalogues_table() -> None:
    """Made anew by: python -m jupyter_training.searchers.catalogue"""
    readme = Path(jupyter_training.searchers.__file__).with_name("README.md").read_text()
    assert catalogue.table() in readme
