"""Quality is not lost: played on the same table, a search through our engine makes the trace of the library alone."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.core.experiment import EventKind, ExperimentSpec, ExperimentState, Objective, StopRule
from jupyter_training.core.space import SearchSpace
from jupyter_training.seams import registry
from jupyter_training.seams.searcher import Searcher, Setup
from jupyter_training.searchers.quiet import importing, silence
from jupyter_training.testing.builders import a_spec
from jupyter_training.tuning.replay import replayed
from tests.tuning.quality.make_table import AXES, EPOCHS, train
from tests.tuning.quality.play import Decides, Ours, Table, play
from tests.tuning.stage import SearchStage

WORKERS = 4
SEEDS = [0, 1, 7]
SPACE = {name: f"choice({', '.join(map(str, values))})" for name, values in AXES.items()}


@pytest.fixture(scope="module")
def table() -> Table:
    return Table()


class SyneTune:
    """One of its schedulers, called as its Tuner would."""

    def __init__(self, scheduler: Any) -> None:
        from syne_tune.backend.trial_status import Trial

        self.scheduler, self.kind = scheduler, Trial
        self.trials: dict[int, Any] = {}
        self.last: dict[int, dict[str, float]] = {}

    def ask(self, number: int) -> Mapping[str, Any] | None:
        with silence():
            suggestion = self.scheduler.suggest()
            if suggestion is None:
                return None
            trial = self.kind(number, dict(suggestion.config), datetime(2027, 1, 1, tzinfo=UTC))
            self.scheduler.on_trial_add(trial)
        self.trials[number] = trial
        return dict(suggestion.config)

    def tell(self, trial: int, epoch: int, accuracy: float) -> bool:
        self.last[trial] = {"accuracy": accuracy, "epoch": epoch}
        with silence():
            return bool(self.scheduler.on_trial_result(self.trials[trial], self.last[trial]) != "STOP")

    def end(self, trial: int, *, stopped: bool) -> None:
        with silence():
            if stopped:
                self.scheduler.on_trial_remove(self.trials[trial])
            else:
                self.scheduler.on_trial_complete(self.trials[trial], self.last[trial])


class Optuna:
    """A study, asked and told as its documentation says."""

    def __init__(self, seed: int) -> None:
        import optuna

        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)  # as it advises for trials at once
        self.study = optuna.create_study(direction="maximize", sampler=sampler)
        self.trials: dict[int, Any] = {}
        self.last: dict[int, float] = {}

    def ask(self, number: int) -> Mapping[str, Any] | None:
        with silence():
            self.trials[number] = self.study.ask()
            return {name: self.trials[number].suggest_categorical(name, values) for name, values in AXES.items()}

    def tell(self, trial: int, epoch: int, accuracy: float) -> bool:
        self.last[trial] = accuracy
        return True

    def end(self, trial: int, *, stopped: bool) -> None:
        with silence():
            self.study.tell(self.trials[trial], self.last[trial])


def random_alone(seed: int) -> Decides:
    with importing():
        import numpy as np
        from syne_tune.config_space import choice
        from syne_tune.optimizer.baselines import RandomSearch
    np.random.seed(seed)  # it draws from the shared generator
    space = {name: choice(values) for name, values in AXES.items()}
    return SyneTune(RandomSearch(space, metrics=["accuracy"], do_minimize=False, random_seed=seed))


def asha_alone(seed: int) -> Decides:
    with importing():
        import numpy as np
        from syne_tune.config_space import choice
        from syne_tune.optimizer.baselines import ASHA
    np.random.seed(seed)
    space = {name: choice(values) for name, values in AXES.items()}
    words = {"metric": "accuracy", "time_attr": "epoch", "max_t": EPOCHS, "do_minimize": False}
    return SyneTune(ASHA(space, **words, random_seed=seed))


def tpe_alone(seed: int) -> Decides:
    with importing():
        return Optuna(seed)


def ours(searcher: str, seed: int, trials: int) -> tuple[Ours, Callable[[], Searcher]]:
    spec = ExperimentSpec(
        name="digits",
        template=a_spec(),
        space=SearchSpace.read(SPACE).to_json(),
        objective=Objective(metrics=("accuracy",), modes=("max",)),
        searcher=searcher,
        seed=seed,
        workers=WORKERS,
        stop=StopRule(max_trials_started=trials),
        max_resource=EPOCHS,
    )

    def make() -> Searcher:
        factory = registry.load("searchers", searcher)
        setup = Setup(
            space=SearchSpace.from_json(spec.space),
            objective=spec.objective,
            seed=spec.seed,
            workers=spec.workers,
            max_resource=spec.max_resource,
            max_trials=spec.stop.max_trials_started,
        )
        made: Searcher = factory(setup, factory.Options())
        return made

    return Ours(spec, make()), make


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("searcher", "alone", "trials"),
    [("random", random_alone, 24), ("tpe", tpe_alone, 60), ("asha", asha_alone, 24)],
    ids=["random", "tpe", "asha"],
)
def test_the_trace_is_the_librarys(
    table: Table, searcher: str, alone: Callable[[int], Decides], trials: int, seed: int
) -> None:
    theirs = play(alone(seed), table, workers=WORKERS, trials=trials)
    engine, make = ours(searcher, seed, trials)
    assert theirs == play(engine, table, workers=WORKERS, trials=trials + 10)  # our stop rule ends it, not the player
    assert trials == len({line.trial for line in theirs})
    again = replayed(engine.spec, make, engine.record)
    assert again.differs is None
    assert engine.search.tally.best == again.search.tally.best
    assert {n: dataclasses.astuple(one) for n, one in engine.search.trials.items()} == {
        n: dataclasses.astuple(one) for n, one in again.search.trials.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("searcher", "alone", "trials"),
    [("random", random_alone, 8), ("tpe", tpe_alone, 20), ("asha", asha_alone, 20)],
    ids=["random", "tpe", "asha"],
)
def test_the_driver_asks_and_decides_as_the_library(
    tmp_path: Path, table: Table, searcher: str, alone: Callable[[int], Decides], trials: int
) -> None:
    """The real driver, store and queue on the virtual clock; the library is then led along its record."""
    engine, make = ours(searcher, 5, trials)
    curve = lambda config, epoch: table.accuracies(config)[epoch - 1]  # noqa: E731
    stage = SearchStage(tmp_path / "home", slots=WORKERS, curve=curve, epochs=EPOCHS, metric="accuracy")
    stage.search(engine.spec, make)
    assert ExperimentState.SUCCEEDED is stage.finish().state
    library, stopped = alone(5), set()
    assert EventKind.EXHAUSTED not in [event.kind for event in stage.events]
    for event in stage.events:
        if event.trial is None:
            continue  # that it ended
        if event.kind is EventKind.ASK:
            assert event.body["config"] == library.ask(event.trial)
        elif event.kind is EventKind.TELL and event.verdict != "ignored":
            goes_on = library.tell(event.trial, event.body["resource"], event.body["values"][0])
            assert goes_on == (event.verdict != "stop")
            if not goes_on:  # its Tuner says so at once; a job needs a while to end
                stopped.add(event.trial)
                library.end(event.trial, stopped=True)
        elif event.kind is EventKind.END and event.trial not in stopped:
            library.end(event.trial, stopped=False)
    assert trials == len(stage.trials)
    assert (searcher == "asha") == bool(stopped)


@pytest.mark.parametrize("searcher", ["asha", "adaptive_asha", "async_halving"])
def test_stopping_early_finds_as_good_a_network_for_less(table: Table, searcher: str) -> None:
    """The table is worth playing on: its configurations differ, and their early epochs tell of the late ones."""
    spent, best = {}, {}
    for name in ("random", searcher):
        traces = [play(ours(name, seed, 24)[0], table, workers=WORKERS, trials=24) for seed in SEEDS]
        spent[name] = sum(map(len, traces))
        best[name] = sum(max(line.accuracy for line in trace) for trace in traces) / len(traces)
    assert spent[searcher] < 0.5 * spent["random"]
    assert best[searcher] > best["random"] - 0.01


def test_the_table_is_what_its_script_makes(table: Table) -> None:
    """One configuration, trained anew; another version of the library may differ a little."""
    config = {"batch": 64, "hidden": 16, "lr": 1e-2}
    row = table.rows[json.dumps(config)]
    assert 27 == len(table.rows)
    assert all(EPOCHS == len(one["accuracy"]) == len(one["loss"]) for one in table.rows.values())
    assert row["accuracy"][:5] == pytest.approx(train(config, 5)["accuracy"], abs=0.05)
