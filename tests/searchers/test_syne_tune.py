"""What Syne Tune decides is what a trial hears, and where it is wrong ours is not."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from jupyter_training.core.experiment import Objective
from jupyter_training.core.space import SearchSpace
from jupyter_training.seams.searcher import Searcher, Setup, Start
from jupyter_training.searchers import catalogue
from jupyter_training.searchers.axes import Logged, Shifted
from jupyter_training.searchers.quiet import silence
from jupyter_training.testing.searcher_contract import Play

_LOSS = Objective(metrics=("loss",), modes=("min",))
_TWO = Objective(metrics=("loss", "accuracy"), modes=("min", "max"))
_SPACE = {"lr": "loguniform(1e-4, 1e-1)", "units": "randint(16, 64)", "kind": "choice(a, b, c)"}


def a_searcher(name: str, options: Any = None, *, objective: Objective = _LOSS, space: Any = None, **setup: Any) -> Any:
    given = {"seed": 1, "max_resource": 9, **setup}
    return catalogue.make(name, Setup(SearchSpace.read(space or _SPACE), objective, **given), options)


def begin(searcher: Searcher, trials: int) -> list[dict[str, Any]]:
    configs = []
    for number in range(trials):
        answer = searcher.ask(number)
        assert isinstance(answer, Start)
        configs.append(dict(answer.config))
    return configs


def off(config: Any) -> float:
    """How far from the best: lr 0.01, 40 units, kind b."""
    return abs(math.log10(config["lr"]) + 2) + abs(config["units"] - 40) / 16 + (config["kind"] != "b")


def loss(config: Any, resource: int) -> dict[str, float]:
    return {"loss": off(config) + 1 / resource}


class TestAgainstTheLibraryAlone:
    """The same questions and reports, put to the library itself by hand."""

    def _alone(self, scheduler: Any, played: Play, seed: int) -> list[Any]:
        import numpy as np
        from syne_tune.backend.trial_status import Trial

        np.random.seed(seed)
        said: list[Any] = []
        trials: dict[int, Any] = {}
        last: dict[int, Any] = {}
        for verb, number, *rest in played.trace:
            if verb == "ask":
                config = scheduler.suggest().config
                trials[number] = Trial(number, config, datetime.now(UTC))
                scheduler.on_trial_add(trials[number])
                said.append(config)
            elif verb == "tell":
                last[number] = {"loss": rest[1]["loss"], "epoch": rest[0]}
                verdict = scheduler.on_trial_result(trials[number], last[number])
                said.append(verdict.lower())
                if verdict == "STOP":
                    scheduler.on_trial_remove(trials[number])
            elif rest[0] == "completed" and said[-1] != "stop":
                scheduler.on_trial_complete(trials[number], last[number])
        return said

    def _ours(self, played: Play) -> list[Any]:
        return [rest[0] if verb == "ask" else rest[2] for verb, _, *rest in played.trace if verb != "end"]

    def _theirs(self) -> dict[str, Any]:
        from syne_tune import config_space as words

        return {
            "lr": words.loguniform(1e-4, 1e-1),
            "units": words.randint(16, 64),
            "kind": words.choice(["a", "b", "c"]),
        }

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_random(self, seed: int) -> None:
        from syne_tune.optimizer.baselines import RandomSearch

        played = Play(a_searcher("random", seed=seed), loss).until(20)
        assert self._ours(played) == self._alone(RandomSearch(self._theirs(), ["loss"], random_seed=seed), played, seed)

    @pytest.mark.parametrize("seed", [1, 2, 3])
    @pytest.mark.parametrize("brackets", [1, 2])
    def test_asha(self, seed: int, brackets: int) -> None:
        from syne_tune.optimizer.baselines import ASHA

        played = Play(a_searcher("asha", {"brackets": brackets}, seed=seed), loss, workers=5).until(200)
        theirs = ASHA(self._theirs(), "loss", "epoch", max_t=9, random_seed=seed, brackets=brackets)
        assert self._ours(played) == self._alone(theirs, played, seed)
        assert "stop" in self._ours(played)


def test_asha_lets_the_clearly_worse_go_and_the_best_reach_the_end() -> None:
    played = Play(a_searcher("asha"), loss).until(20)
    reached = dict.fromkeys(played.configs, 0)
    for verb, number, *rest in played.trace:
        if verb == "tell":
            reached[number] = rest[0]
    best = min(played.configs, key=lambda number: off(played.configs[number]))
    assert reached[best] == 9
    assert min(reached.values()) == 1


def test_asha_stops_what_reports_more_than_a_whole_trial() -> None:
    searcher = a_searcher("asha", {"max_resource": 4})
    begin(searcher, 1)
    assert [searcher.tell(0, resource, {"loss": 1.0}) for resource in range(1, 6)] == ["continue"] * 3 + ["stop"] * 2


def test_no_number_is_worse_than_the_worst() -> None:
    """At a rung, what diverged is stopped also where it is compared with one that is bad, not with good ones alone."""
    searcher = a_searcher("asha")
    begin(searcher, 4)
    assert searcher.tell(0, 1, {"loss": 5.0}) == "continue"
    assert searcher.tell(1, 1, {"loss": math.nan}) == "stop"
    assert searcher.tell(2, 1, {"loss": 4.0}) == "continue"
    assert searcher.tell(3, 1, {"loss": math.inf}) == "stop"


def test_a_metric_to_be_maximised_that_is_no_number_is_the_worst_too() -> None:
    searcher = a_searcher("asha", objective=Objective(metrics=("acc",), modes=("max",)))
    begin(searcher, 3)
    assert searcher.tell(0, 1, {"acc": 0.9}) == "continue"
    assert searcher.tell(1, 1, {"acc": math.inf}) == "stop"
    assert searcher.tell(2, 1, {"acc": 0.95}) == "continue"


def test_rush_begins_with_the_best_of_earlier_searches() -> None:
    earlier = ({"lr": 0.01, "units": 32, "kind": "b"}, {"lr": 0.02, "units": 33, "kind": "c"})
    assert begin(a_searcher("rush", earlier=earlier), 3)[:2] == list(earlier)
    assert begin(a_searcher("rush", {"first": 1}, earlier=earlier), 1) == [earlier[0]]
    own = {"lr": 0.05, "units": 16, "kind": "a"}
    assert begin(a_searcher("rush", {"points": [own]}, earlier=earlier), 2) == [own, earlier[0]]


def test_rush_takes_what_the_space_still_has_of_an_earlier_one() -> None:
    begun = begin(a_searcher("rush", earlier=({"lr": 7.0, "kind": "gone", "other": 1},)), 1)[0]
    assert begun == {"lr": 0.1, "units": 40, "kind": "a"}


def test_median_stops_who_is_worse_than_half_of_those_as_far() -> None:
    searcher = a_searcher("median", {"grace_trials": 4})
    begin(searcher, 5)
    heard = [searcher.tell(number, 1, {"loss": value}) for number, value in enumerate([1.0, 2.0, 3.0, 9.0, 2.5])]
    assert heard == ["continue", "continue", "continue", "stop", "continue"]


class TestPopulation:
    def _behind(self) -> Any:
        searcher = a_searcher("pbt", {"interval": 2}, workers=4)
        begin(searcher, 4)
        for resource in (1, 2):
            heard = [searcher.tell(number, resource, {"loss": float(number)}) for number in range(4)]
        assert heard == ["continue", "stop", "stop", "stop"]  # each is last among those that have reported so far
        return searcher

    def test_who_is_behind_gives_way_to_a_changed_copy_of_who_is_ahead(self) -> None:
        searcher = self._behind()
        first = dict(a_searcher("pbt", {"interval": 2}, workers=4).ask(0).config)
        copies = [searcher.ask(number) for number in (4, 5, 6)]
        assert [copy.clone_of for copy in copies] == [0, 0, 0]
        for copy in copies:
            assert copy.config != first
        assert searcher.ask(7).clone_of is None

    def test_a_copy_that_was_begun_before_a_restart_is_not_begun_again(self) -> None:
        searcher = self._behind()
        searcher.adopt(4, {"lr": 0.01, "units": 32, "kind": "b"}, 0)
        assert [searcher.ask(number).clone_of for number in (5, 6, 7)] == [0, 0, None]

    def test_who_failed_is_copied_no_more(self) -> None:
        searcher = a_searcher("pbt", {"interval": 1}, workers=3)
        begin(searcher, 3)
        assert searcher.tell(0, 1, {"loss": 0.0}) == "continue"
        searcher.end(0, "failed")
        assert searcher.tell(1, 1, {"loss": 1.0}) == "continue"
        assert searcher.tell(2, 1, {"loss": 2.0}) == "stop"
        assert searcher.ask(3).clone_of == 1


class TestSeveralMetrics:
    def test_at_a_rung_the_dominated_one_is_stopped(self) -> None:
        """Syne Tune's own order, taken for ranks, stops the wrong ones."""
        searcher = a_searcher("moasha", objective=_TWO)
        begin(searcher, 4)
        told = [(2.0, 0.8), (3.0, 0.7), (4.0, 0.6), (1.0, 0.9)]
        heard = [searcher.tell(n, 1, {"loss": a, "accuracy": b}) for n, (a, b) in enumerate(told)]
        assert heard == ["continue", "stop", "stop", "continue"]

    def test_each_metric_has_its_own_direction(self) -> None:
        searcher = a_searcher("moasha", {"factor": 2, "rank": "mean"}, objective=_TWO)
        begin(searcher, 2)
        assert searcher.tell(0, 1, {"loss": 1.0, "accuracy": 0.1}) == "continue"
        assert searcher.tell(1, 1, {"loss": 1.0, "accuracy": 0.9}) == "continue"

    def test_one_metric_alone_may_decide(self) -> None:
        searcher = a_searcher("moasha", {"rank": "first"}, objective=_TWO)
        begin(searcher, 2)
        assert searcher.tell(0, 1, {"loss": 1.0, "accuracy": 0.1}) == "continue"
        assert searcher.tell(1, 1, {"loss": 2.0, "accuracy": 0.9}) == "stop"


_LEARNING: dict[str, Any] = {
    "bore": {"random_first": 8},
    "cqr": None,
    "st_tpe": {"random_share": 0.0},
    "rea": {"population": 10, "sample": 5},
    "tpe": {"random_first": 8},
}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("name", _LEARNING)
def test_what_learns_proposes_better_and_better(name: str, mode: Any) -> None:
    """Values reach the model with the right sign and beside the right configuration."""
    sign = -1.0 if mode == "max" else 1.0
    objective = Objective(metrics=("loss",), modes=(mode,))
    searcher = a_searcher(name, _LEARNING[name], objective=objective)
    trials = 20 if name == "cqr" else 40  # its model takes half a second each time
    played = Play(searcher, lambda config, n: {"loss": sign * off(config)}, workers=1, reports=1).until(trials)
    found = [off(config) for config in played.configs.values()]
    assert sum(found[-8:]) / 8 < 0.75 * sum(found[:5]) / 5


def test_trials_are_not_kept_once_they_have_ended() -> None:
    searcher = a_searcher("random")
    Play(searcher, loss).until(50)
    assert (searcher._trials, searcher._last) == ({}, {})


def test_importing_leaves_the_environment_of_trials_alone() -> None:
    """Syne Tune limits the threads of its whole process, and would those of each trial."""
    program = (
        "import os, logging; from tests.searchers.test_syne_tune import a_searcher, begin\n"
        "begin(a_searcher('asha'), 1)\n"
        "print(os.environ.get('OMP_NUM_THREADS'), logging.getLogger().handlers)"
    )
    env = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    for threads in (None, "7"):
        given = env if threads is None else {**env, "OMP_NUM_THREADS": threads}
        done = subprocess.run([sys.executable, "-c", program], env=given, capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == (f"{threads} []\n", "")


@pytest.mark.parametrize("name", ["st_tpe", "bohb"])
def test_the_estimator_is_used_once_there_are_more_good_trials_than_axes(name: str) -> None:
    import numpy as np

    searcher = a_searcher(name, {"random_share": 0.0})
    Play(searcher, loss, workers=1).until(10)
    own = searcher._scheduler.searcher
    estimator = own if name == "st_tpe" else own.searcher
    assert 8 <= len(estimator.y) <= 10
    with silence():
        assert estimator._train_kde(np.array(estimator.X), np.array(estimator.y)) is not None


@pytest.mark.parametrize("name", ["st_tpe", "bohb"])
def test_the_estimator_stays_in_its_space_by_itself(name: str) -> None:
    """It knows no scales, and draws integers from 1: it is told of logarithms, and of places."""
    space = {"units": "randint(40, 120)", "more": "randint(40, 120)", "rate": "lograndint(100, 1000)"}
    searcher = a_searcher(name, {"random_share": 0.0}, space=space)

    def low(config: Any, resource: int) -> dict[str, float]:
        return {"loss": config["units"] + config["more"] + config["rate"] / 10}

    assert [type(axis) for axis in searcher._axes.axes.values()] == [Shifted, Shifted, Logged]
    Play(searcher, low, workers=1, reports=1).until(20)
    with searcher._theirs():
        proposals = [searcher._scheduler.suggest().config for _ in range(60)]
    for axis, domain in searcher._domains.items():
        assert [] == [config for config in proposals if not domain.lower <= config[axis] <= domain.upper], axis
