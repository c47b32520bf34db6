"""A search from its ask to its end, on the real store and tick."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_training.core.experiment import EventKind, ExperimentState, Objective, StopRule
from jupyter_training.core.lifecycle import JobState
from jupyter_training.errors import StaleEpoch
from jupyter_training.seams.searcher import Answer, Start
from tests.tuning.searchers_of_tests import Counting, falling
from tests.tuning.stage import SearchStage, a_search


def test_n_trials_mean_n_and_each_is_a_job(tmp_path: Path) -> None:
    stage = SearchStage(tmp_path / "home", slots=4, curve=falling, epochs=3)
    stage.search(a_search(workers=2, stop=StopRule(max_trials_started=5)), Counting)

    most = 0
    for _ in range(100):
        stage.step()
        most = max(most, len(stage.running() - {"search"}))
        if stage.experiment.state.is_final:
            break

    assert ExperimentState.SUCCEEDED is stage.experiment.state
    assert [0, 1, 2, 3, 4] == [trial.number for trial in stage.trials]
    assert {"completed"} == {trial.outcome for trial in stage.trials}
    assert [3] * 5 == [trial.resource for trial in stage.trials]
    assert [0, 1, 2, 3, 4] == [stage.trial_job(number).params["x"] for number in range(5)]
    assert "search-3" == stage.trial_job(3).name
    assert 1 / 3 == pytest.approx(stage.trials[0].best)
    assert 2 == most


def test_the_searcher_stops_who_falls_behind(tmp_path: Path) -> None:
    stage = SearchStage(tmp_path / "home", slots=3, curve=falling, epochs=6)
    stage.search(a_search(workers=3, stop=StopRule(max_trials_started=3)), lambda: Counting(bar=1.6))

    stage.finish()

    assert ["completed", "completed", "stopped"] == [trial.outcome for trial in stage.trials]
    assert JobState.CANCELED is stage.trial_job(2).state
    assert 2 == stage.trials[2].resource


def test_an_exhausted_space_ends_the_search(tmp_path: Path) -> None:
    stage = SearchStage(tmp_path / "home", curve=falling)
    stage.search(a_search(stop=StopRule()), lambda: Counting(most=2))

    assert "There is no more." == stage.finish().detail
    assert 2 == len(stage.trials)


def test_a_driver_that_died_anywhere_is_succeeded_without_a_trace(tmp_path: Path) -> None:
    def told(home: Path, *, dies: bool) -> list[tuple[object, ...]]:
        stage = SearchStage(home, slots=2, curve=falling, epochs=4)
        stage.search(a_search(workers=2, stop=StopRule(max_trials_started=6)), lambda: Counting(bar=3.4))
        for _ in range(60):
            stage.step()
            if dies:
                stage.drive()
            if stage.experiment.state.is_final:
                return [(one.kind, one.trial, one.body.get("values"), one.verdict) for one in stage.events]
        raise AssertionError("it never ended")

    assert told(tmp_path / "a", dies=False) == told(tmp_path / "b", dies=True)


def test_who_was_taken_over_writes_nothing_any_more(tmp_path: Path) -> None:
    stage = SearchStage(tmp_path / "home", curve=falling)
    stage.search(a_search(), Counting)
    old = stage.driver
    stage.drive()
    assert old is not None

    with pytest.raises(StaleEpoch):
        old.look()

    assert [] == stage.trials


def test_a_metric_that_nobody_reports_is_said_before_more_is_spent(tmp_path: Path) -> None:
    stage = SearchStage(tmp_path / "home", curve=falling, metric="val_accuracy", epochs=3)
    objective = Objective(metrics=("accuracy",), modes=("max",))
    stage.search(a_search(objective=objective, workers=2, stop=StopRule(max_trials_started=20)), Counting)

    found = stage.finish()

    assert ExperimentState.FAILED is found.state
    assert found.detail is not None
    assert "without reporting accuracy; it reported val_accuracy. Is val_accuracy meant?" in found.detail
    assert "No further trial is begun" in found.notes[0]
    assert 2 == len(stage.trials)


def test_a_record_that_the_searcher_no_longer_repeats_wins(tmp_path: Path) -> None:
    stage = SearchStage(tmp_path / "home", curve=falling)
    stage.search(a_search(stop=StopRule(max_trials_started=4)), Counting)
    for _ in range(4):
        stage.step()

    class Other(Counting):
        def ask(self, number: int) -> Answer:
            answer = super().ask(number)
            return Start({"x": int(answer.config["x"]) + 10}) if isinstance(answer, Start) else answer

    stage.make = Other
    stage.drive()
    found = stage.finish()

    assert "did not propose the same again" in found.notes[0]
    assert 0 == stage.trials[0].config["x"]
    assert 4 == len(stage.trials)
    assert [EventKind.ASK] * 4 == [one.kind for one in stage.events if one.kind is EventKind.ASK]
