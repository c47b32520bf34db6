"""A search that goes on after something odd: an end in a pause, a report that is no place, a metric that comes late."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_training.core.experiment import ExperimentState, Objective, StopRule
from jupyter_training.core.metric import Point
from jupyter_training.core.stop_rule import elapsed
from jupyter_training.store import driving, experiment_verbs, points
from tests.tuning.searchers_of_tests import Counting, falling
from tests.tuning.stage import SearchStage, a_search


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_the_time_of_one_that_was_canceled_in_a_pause_goes_on_with_it(home: Path) -> None:
    stage = SearchStage(home, slots=1, curve=falling, saves=True)
    stage.search(a_search(stop=StopRule(max_trials_started=1, max_time=1000)), Counting)
    for _ in range(3):
        stage.step()
    experiment_verbs.pause(stage.store, stage.id, now=stage.clock.now())
    for _ in range(3):
        stage.step()
    before = elapsed(stage.experiment, stage.clock.now())
    experiment_verbs.cancel(stage.store, stage.id, now=stage.clock.now())
    assert ExperimentState.CANCELED is stage.finish().state
    stage.tick(100)

    experiment_verbs.extend(stage.store, stage.id, 1, now=stage.clock.now())

    assert before == elapsed(stage.experiment, stage.clock.now()), "neither the pause nor the end is its time"
    stage.tick(7)
    assert before + 7 == elapsed(stage.experiment, stage.clock.now())
    assert before + 7 == driving.standing(stage.store, stage.id).seconds(stage.clock.now())


def test_a_series_may_say_that_a_trial_is_anywhere(home: Path) -> None:
    stage = SearchStage(home, curve=falling, epochs=3, also={"epoch": lambda k: [1.0, 1e300, -1e300][k - 1]})
    stage.search(a_search(resource="epoch", stop=StopRule(max_trials_started=1)), Counting)

    assert ExperimentState.SUCCEEDED is stage.finish().state
    assert [1, 2**53, 2**53] == [event.body["resource"] for event in stage.events if event.kind == "tell"]


@pytest.mark.parametrize("dies", [False, True])
def test_that_no_trial_is_begun_is_said_for_as_long_as_it_is_so(home: Path, dies: bool) -> None:
    """Most trainings report a loss long before what they are judged by."""
    stage = SearchStage(home, slots=1, curve=falling, metric="loss", epochs=3)
    objective = Objective(metrics=("val_loss",), modes=("min",))
    stage.search(a_search(objective=objective, workers=2, stop=StopRule(max_trials_started=3)), Counting)
    while not stage.experiment.notes:
        stage.step()
    assert "No further trial is begun" in stage.experiment.notes[0]
    now = stage.clock.now()
    point = [Point("val_loss", 1, now, 0.5)]
    points.ingest(stage.store, stage.trials[0].job, [points.Batch(1, "mlflow", 0, 1, point)], now=now)
    if dies:
        stage.drive()

    stage.step()

    assert () == stage.experiment.notes
