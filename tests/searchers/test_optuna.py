"""What Optuna proposes and prunes is what a trial gets and hears."""

from __future__ import annotations

import math
from typing import Any

import pytest

from jupyter_training.core.experiment import Objective
from jupyter_training.core.pareto import front
from jupyter_training.core.space import SearchSpace
from jupyter_training.seams.searcher import Setup
from jupyter_training.searchers import catalogue
from jupyter_training.testing.searcher_contract import Play
from tests.searchers.test_syne_tune import begin, loss

_LOSS = Objective(metrics=("loss",), modes=("min",))
_TWO = Objective(metrics=("loss", "accuracy"), modes=("min", "max"))
_SPACE = {
    "lr": "loguniform(1e-4, 1e-1)",
    "units": "randint(16, 64)",
    "batch": "qrandint(32, 128, 32)",
    "drop": "quniform(0, 0.5, 0.1)",
    "kind": "choice(a, b, c)",
    "momentum": "uniform(0, 1) when kind == b",
}


def a_searcher(name: str, options: Any = None, *, objective: Objective = _LOSS, space: Any = None, **setup: Any) -> Any:
    return catalogue.make(name, Setup(SearchSpace.read(space or _SPACE), objective, **{"seed": 1, **setup}), options)


def states(searcher: Any) -> list[str]:
    return [trial.state.name for trial in searcher._study.trials]


def an_objective(trial: Any) -> dict[str, Any]:
    """The space above, as one writes it for Optuna."""
    config = {
        "lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        "units": trial.suggest_int("units", 16, 64),
        "batch": trial.suggest_int("batch", 32, 128, step=32),
        "drop": round(trial.suggest_float("drop", 0, 0.5, step=0.1), 9),  # ours is 0.3, not 0.30000000000000004
        "kind": trial.suggest_categorical("kind", ["a", "b", "c"]),
    }
    if config["kind"] == "b":
        config["momentum"] = trial.suggest_float("momentum", 0, 1)
    return config


class TestAgainstTheLibraryAlone:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    @pytest.mark.parametrize("pruned", [False, True], ids=["", "pruned"])
    def test_tpe(self, seed: int, pruned: bool) -> None:
        """The same questions and reports, put to Optuna by hand."""
        import optuna

        options = {"pruner": "median", "grace": 2} if pruned else {}
        played = Play(a_searcher("tpe", options, seed=seed), loss).until(30)
        pruner = optuna.pruners.MedianPruner(n_warmup_steps=2) if pruned else optuna.pruners.NopPruner()
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed), pruner=pruner)
        trials: dict[int, Any] = {}
        last: dict[int, float] = {}
        for verb, number, *rest in played.trace:
            if verb == "ask":
                trials[number] = study.ask()
                assert rest[0] == an_objective(trials[number])
            elif verb == "tell":
                last[number] = rest[1]["loss"]
                trials[number].report(last[number], rest[0])
                assert (rest[2] == "stop") is bool(trials[number].should_prune())
            elif rest[0] == "stopped":
                study.tell(trials[number], state=optuna.trial.TrialState.PRUNED)
            else:
                study.tell(trials[number], last[number])
        assert ("PRUNED" in [trial.state.name for trial in study.trials]) is pruned


def test_an_axis_that_is_not_active_is_not_asked_for() -> None:
    searcher = a_searcher("tpe")
    configs = begin(searcher, 30)
    assert [set(trial.params) for trial in searcher._study.trials] == [set(config) for config in configs]
    assert {("momentum" in config, config["kind"] == "b") for config in configs} == {(True, True), (False, False)}


def test_ways_to_end_are_told_as_what_they_are() -> None:
    searcher = a_searcher("tpe")
    begin(searcher, 6)
    for number in range(5):
        searcher.tell(number, 1, {"loss": 1.0})
    for number, outcome in enumerate(["completed", "failed", "canceled", "invalid", "stopped", "completed"]):
        searcher.end(number, outcome)
    assert states(searcher) == ["COMPLETE", "FAIL", "FAIL", "FAIL", "FAIL", "FAIL"]  # the last has reported nothing


def test_no_number_is_worse_than_the_worst() -> None:
    for mode, worse in (("min", 3.0), ("max", 0.0)):
        searcher = a_searcher("tpe", objective=Objective(metrics=("loss",), modes=(mode,)))  # type: ignore[arg-type]
        begin(searcher, 4)
        for number, value in enumerate([1.0, 2.0, math.nan, -math.inf]):
            searcher.tell(number, 1, {"loss": value})
            searcher.end(number, "completed")
        assert [trial.value for trial in searcher._study.trials] == [1.0, 2.0, worse, worse]


def test_of_two_directions_the_largest_or_the_smallest_is_best() -> None:
    for mode, best in (("min", 2), ("max", 1)):
        searcher = a_searcher("tpe", objective=Objective(metrics=("acc",), modes=(mode,)))  # type: ignore[arg-type]
        begin(searcher, 3)
        for number, value in enumerate([0.5, 0.9, 0.1]):
            searcher.tell(number, 1, {"acc": value})
            searcher.end(number, "completed")
        assert searcher._study.best_trial.number == best


@pytest.mark.parametrize("name", ["nsga2", "nsga3", "tpe"])
def test_the_pareto_set_of_a_known_table(name: str) -> None:
    """Minimise the loss, maximise the accuracy: the third is worse than the first in both."""
    table = [(0.2, 0.8), (0.1, 0.7), (0.3, 0.75), (0.25, 0.9)]
    searcher = a_searcher(name, objective=_TWO)
    begin(searcher, 4)
    for number, values in enumerate(table):
        searcher.tell(number, 1, dict(zip(_TWO.metrics, values, strict=True)))
        searcher.end(number, "completed")
    assert sorted(trial.number for trial in searcher._study.best_trials) == [0, 1, 3] == front(table, _TWO.modes)


def test_three_trials_of_a_seed_are_the_same_again() -> None:
    assert begin(a_searcher("tpe", seed=55), 3) == begin(a_searcher("tpe", seed=55), 3)
    assert begin(a_searcher("tpe", seed=55), 3) != begin(a_searcher("tpe", seed=56), 3)


def test_a_history_is_learnt_from() -> None:
    """Adopted trials are told as if they had been proposed: with their values, also those outside of the space now."""
    searcher = a_searcher("tpe", {"random_first": 4})
    for number in range(12):
        near = {"lr": 0.01 * (1 + number / 100), "units": 40, "batch": 64, "drop": 0.1, "kind": "a"}
        far = {"lr": 0.0001, "units": 999, "batch": 128, "drop": 0.5, "kind": "b", "momentum": 0.5}
        searcher.adopt(number, near if number % 2 else far)
        searcher.tell(number, 1, {"loss": float(number % 2 == 0)})
        searcher.end(number, "completed")
    assert searcher._study.trials[0].params == {
        "lr": 0.0001,
        "units": 64,
        "batch": 128,
        "drop": 0.5,
        "kind": "1",
        "momentum": 0.5,
    }
    found = [dict(searcher.ask(number).config) for number in range(12, 32)]
    assert sum(config["kind"] == "a" for config in found) >= 12
    assert sum(abs(math.log10(config["lr"]) + 2) for config in found) / 20 < 0.7  # 1.0 at random


class TestPruners:
    def _heard(self, options: Any, told: list[list[float]], **setup: Any) -> list[list[str]]:
        """Trial after trial to its end; each row is one trial's reports."""
        searcher = a_searcher("optuna_random", options, **setup)
        heard: list[list[str]] = []
        for number, values in enumerate(told):
            searcher.ask(number)
            heard.append([])
            for resource, value in enumerate(values, 1):
                heard[-1].append(searcher.tell(number, resource, {"loss": value}))
                if heard[-1][-1] == "stop":
                    break
            searcher.end(number, "stopped" if heard[-1][-1] == "stop" else "completed")
        return heard

    def test_median_waits_for_trials_and_for_reports(self) -> None:
        told = [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [3.0, 3.0, 3.0]]
        heard = self._heard({"pruner": "median", "grace_trials": 2, "grace": 2}, told)
        assert heard == [["continue"] * 3, ["continue"] * 3, ["continue", "stop"]]

    def test_percentile(self) -> None:
        told = [[1.0], [2.0], [3.0], [4.0], [2.5], [0.5]]
        heard = self._heard({"pruner": "percentile", "grace_trials": 4, "percentile": 25}, told)
        assert [row[-1] for row in heard] == ["continue"] * 4 + ["stop", "continue"]

    def test_successive_halving(self) -> None:
        told = [[1.0, 1.0], [2.0, 2.0], [0.5, 0.5]]
        heard = self._heard({"pruner": "successive_halving", "factor": 2}, told)
        assert [row[-1] for row in heard] == ["continue", "stop", "continue"]

    def test_threshold_is_in_the_metrics_own_units(self) -> None:
        maximised = Objective(metrics=("loss",), modes=("max",))
        told = [[0.3, 0.05], [0.5, 0.6]]
        heard = self._heard({"pruner": "threshold", "lower": 0.1}, told, objective=maximised)
        assert heard == [["continue", "stop"], ["continue", "continue"]]

    def test_none_stops_nothing(self) -> None:
        assert self._heard({}, [[1.0], [9.0], [99.0]]) == [["continue"]] * 3


def test_a_generation_is_bred_from_the_front() -> None:
    """Later generations are nearer to it than the first one, which is random."""
    searcher = a_searcher(
        "nsga2", {"population": 8}, objective=_TWO, space={"x": "uniform(0, 1)", "y": "uniform(0, 1)"}
    )

    def both(config: Any, resource: int) -> dict[str, float]:
        return {"loss": config["x"] + config["y"], "accuracy": config["x"] - config["y"]}

    ys = [config["y"] for config in Play(searcher, both, reports=1).until(80).configs.values()]
    assert sum(ys[-16:]) / 16 < 0.7 * sum(ys[:8]) / 8  # y is bad for both, x a matter of taste
