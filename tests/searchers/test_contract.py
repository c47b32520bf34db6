"""Every searcher that runs here keeps to the contract of the seam."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from pydantic import JsonValue

from jupyter_training.core.experiment import Objective
from jupyter_training.core.space import SearchSpace
from jupyter_training.seams.searcher import Searcher, Setup
from jupyter_training.searchers import catalogue
from jupyter_training.testing.searcher_contract import MIXED, SearcherContract

_ONE = Objective(metrics=("loss",), modes=("min",))
_TWO = Objective(metrics=("loss", "accuracy"), modes=("min", "max"))

# What is smaller than usual, so that each algorithm itself is reached within a play, not only its random beginning.
_OPTIONS: Mapping[str, dict[str, JsonValue]] = {
    "rea": {"population": 6, "sample": 3},
    "mo_rea": {"population": 6, "sample": 3},
    "nsga2": {"population": 5},
    "nsga3": {"population": 5},
    "tpe": {"random_first": 4},
    "cmaes": {"population": 4},
    "median": {"grace_trials": 2},
    "pbt": {"interval": 2},
    "bore": {"candidates": 50, "random_first": 4},
    "asha_bore": {"candidates": 50, "random_first": 4},
    "st_tpe": {"random_share": 0.1, "candidates": 16},
    "bohb": {"random_share": 0.1, "candidates": 16},
}
# Models that take up to half a second for a proposal: enough trials that they are used, and no more.
_TRIALS = {"st_tpe": 30, "bohb": 30}  # theirs needs more good trials than there are axes
_HEAVY = {"bore": 8, "asha_bore": 8, "cqr": 7, "asha_cqr": 7}
_GRID = {"optimizer": "choice(adam, sgd)", "layers": "randint(1, 4)", "width": "ordinal(1, 2, 4, 8)"}


def _cases() -> list[Any]:
    cases: list[Any] = []
    for entry in catalogue.rows():
        if catalogue.status(entry) != "installed":
            continue
        objectives = {"one": [_ONE], "several": [_TWO], "any": [_ONE, _TWO]}[entry.metrics]
        marks = [pytest.mark.slow] if entry.name in _HEAVY else []
        cases += [
            pytest.param(entry.name, one, id=f"{entry.name}-{len(one.metrics)}", marks=marks) for one in objectives
        ]
    return cases


@pytest.mark.parametrize(("name", "objective"), _cases(), scope="class")
class TestEverySearcher(SearcherContract):
    @pytest.fixture(autouse=True)
    def _case(self, name: str, objective: Objective) -> None:
        self.name, self.objective = name, objective
        self.is_random = name != "grid"
        self.trials = {**_HEAVY, **_TRIALS}.get(name, 16)

    def space(self) -> SearchSpace:
        return SearchSpace.read(_GRID if self.name == "grid" else dict(MIXED))

    def make(self, setup: Setup) -> Searcher:
        return catalogue.make(self.name, setup, _OPTIONS.get(self.name))


_PRUNERS: list[dict[str, JsonValue]] = [
    {"pruner": "median", "grace_trials": 2, "grace": 2},
    {"pruner": "percentile", "grace_trials": 2, "percentile": 50},
    {"pruner": "successive_halving", "factor": 2},
    {"pruner": "hyperband", "factor": 3},
    {"pruner": "threshold", "upper": 14.0},
]


@pytest.mark.parametrize("options", _PRUNERS, ids=lambda options: options["pruner"])
class TestEveryPruner(SearcherContract):
    objective: ClassVar[Objective] = _ONE

    @pytest.fixture(autouse=True)
    def _case(self, options: dict[str, JsonValue]) -> None:
        self.options = options

    def make(self, setup: Setup) -> Searcher:
        return catalogue.make("tpe", setup, {"random_first": 4, **self.options})

    def test_directions_are_honoured(self) -> None:
        if self.options["pruner"] == "threshold":  # it is given in the metric's own units
            self.options = {"pruner": "threshold", "upper": 1e9, "lower": -1e9}
        super().test_directions_are_honoured()

    def test_it_stops_some_trials_and_not_all(self) -> None:
        ends = [rest[0] for verb, _, *rest in self.play().until(30).trace if verb == "end"]
        assert {"stopped", "completed"} == set(ends)
