"""A search that goes on after something odd: an end in a pause, a metric that comes late, a wish in its last moment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from jupyter_training.core.experiment import ExperimentState, Objective, StopRule, Target, Verdict
from jupyter_training.core.lifecycle import EndReason, Hold, JobState
from jupyter_training.core.metric import Point
from jupyter_training.core.stop_rule import elapsed
from jupyter_training.dispatch import drivers
from jupyter_training.errors import IllegalVerb, StoreBusy
from jupyter_training.seams.backend import End
from jupyter_training.seams.searcher import Wait
from jupyter_training.store import driving, experiment_verbs, points
from jupyter_training.store.tables import jobs
from jupyter_training.testing.scripted_backend import Script
from jupyter_training.tuning.record import Record
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


@pytest.mark.parametrize("moment", ["export", "conclude"])
def test_a_trial_that_is_tried_again_in_the_moment_of_the_end_is_waited_for(
    home: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    stage = SearchStage(home, slots=1, curve=falling, epochs=2)
    stage.scripts["search-0"] = Script(runs=0.5, ends=End(EndReason.ERROR, "Failed: ValueError: no.", exit_code=1))
    stage.search(a_search(stop=StopRule(max_trials_started=2)), Counting)
    asked = []
    done = getattr(Record, moment)

    def late(record: Record, *given: Any) -> Any:
        if not asked:
            asked.append(experiment_verbs.retry(stage.store, stage.id, now=stage.clock.now()))
            del stage.scripts["search-0"]
        return done(record, *given)

    monkeypatch.setattr(Record, moment, late)

    assert ExperimentState.SUCCEEDED is stage.finish().state

    assert asked
    assert ["completed", "completed"] == [trial.outcome for trial in stage.trials]
    assert {"search"} >= stage.running()


@pytest.mark.parametrize("verb", [experiment_verbs.cancel, experiment_verbs.kill])
@pytest.mark.parametrize("how", ["paused before its first trial", "paused", "its driver has left"])
def test_one_that_is_stopped_while_its_driver_is_held_goes_on_once_it_is_extended(
    home: Path, how: str, verb: Any
) -> None:
    stage = SearchStage(home, slots=2, curve=falling, epochs=20, saves=True)
    stage.search(a_search(workers=2, stop=StopRule(max_trials_started=2)), Counting)
    if how != "paused before its first trial":
        for _ in range(3):
            stage.step()
    if how == "its driver has left":
        assert stage.driver is not None
        while stage.driver.look():
            pass
        stage.tick()
        stage.driver.look()
        assert stage.driver.leave()
    else:
        experiment_verbs.pause(stage.store, stage.id, now=stage.clock.now())
    for _ in range(3):
        stage.tick(1.0)
    assert (JobState.PAUSED, {Hold.EXPERIMENT}) == (stage.job(stage.id).state, set(stage.job(stage.id).holds))
    verb(stage.store, stage.id, now=stage.clock.now())
    assert ExperimentState.CANCELED is stage.live().state
    before = len(stage.trials)

    experiment_verbs.extend(stage.store, stage.id, 2, now=stage.clock.now())

    assert ExperimentState.SUCCEEDED is stage.live().state
    assert 4 == len(stage.trials)
    assert ["completed"] * (4 - before) == [trial.outcome for trial in stage.trials[before:]]


def test_one_that_ends_in_the_moment_of_its_pause_goes_on_once_it_is_extended(home: Path) -> None:
    stage = SearchStage(home, slots=1, curve=falling, epochs=3)
    stage.scripts["search"] = Script(runs=1e9, obeys_after=5.0)
    stage.search(a_search(stop=StopRule(max_trials_started=4, target=Target(metric="loss", value=0.5))), Counting)
    stage.tick(1.0)
    assert stage.driver is not None
    stage.driver.look()
    stage.tick()
    stage.clock.advance(2.0)
    stage.report()
    experiment_verbs.pause(stage.store, stage.id, now=stage.clock.now(), discard=True)
    for _ in range(3):
        stage.driver.look()
        stage.tick()
    assert ExperimentState.SUCCEEDED is stage.experiment.state
    stage.driver_ends()
    stage.tick()
    assert (JobState.SUCCEEDED, {Hold.EXPERIMENT}) == (stage.job(stage.id).state, set(stage.job(stage.id).holds))
    before = len(stage.trials)

    experiment_verbs.extend(stage.store, stage.id, 2, now=stage.clock.now())

    assert ExperimentState.SUCCEEDED is stage.live().state
    assert len(stage.trials) > before


def test_a_driver_that_was_queued_with_a_hold_is_freed_by_whoever_wakes_it(home: Path) -> None:
    """So left behind by versions that kept the hold of what had ended."""
    stage = SearchStage(home, slots=1, curve=falling, epochs=2)
    stage.search(a_search(stop=StopRule(max_trials_started=1)), Counting)
    with stage.store.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == stage.id).values(holds="experiment"))
    for _ in range(3):
        stage.tick(1.0)
    assert JobState.QUEUED is stage.job(stage.id).state

    experiment_verbs.extend(stage.store, stage.id, 1, now=stage.clock.now())

    assert ExperimentState.SUCCEEDED is stage.live().state
    assert 2 == len(stage.trials)


def test_a_trial_of_a_paused_search_that_was_stopped_is_tried_again(home: Path) -> None:
    stage = SearchStage(home, slots=1, curve=falling, epochs=9, saves=True)
    stage.search(a_search(stop=StopRule(max_trials_started=1)), Counting)
    for _ in range(3):
        stage.step()
    experiment_verbs.pause(stage.store, stage.id, now=stage.clock.now())
    for _ in range(3):
        stage.tick(1.0)
    experiment_verbs.cancel(stage.store, stage.id, now=stage.clock.now())
    stage.live()
    assert (JobState.CANCELED, {Hold.EXPERIMENT}) == (stage.trial_job(0).state, set(stage.trial_job(0).holds))

    experiment_verbs.retry(stage.store, stage.id, now=stage.clock.now(), numbers=[0])

    assert ExperimentState.SUCCEEDED is stage.live().state
    assert ["completed"] == [trial.outcome for trial in stage.trials]


def test_a_trial_that_its_searcher_held_to_the_end_is_tried_again(home: Path) -> None:
    class Holding(Counting):
        def tell(self, trial: int, resource: int, values: Mapping[str, float]) -> Verdict:
            return "pause" if (trial, resource) == (0, 2) else "continue"

        def go_on(self) -> Wait:
            return Wait()

    stage = SearchStage(home, slots=1, curve=falling, epochs=6, saves=True)
    stage.search(a_search(stop=StopRule(max_trials_started=2)), Holding)
    stage.live()
    assert (JobState.CANCELED, {Hold.SEARCHER}) == (stage.trial_job(0).state, set(stage.trial_job(0).holds))

    experiment_verbs.retry(stage.store, stage.id, now=stage.clock.now(), numbers=[0])
    stage.live()

    assert ["completed", "completed"] == [trial.outcome for trial in stage.trials]


def test_one_that_was_killed_goes_on_once_its_driver_has_gone(home: Path) -> None:
    """Before that its driver's end would be that of the search once more."""
    stage = SearchStage(home, slots=2, curve=falling, epochs=9)
    stage.search(a_search(workers=2, stop=StopRule(max_trials_started=2)), Counting)
    for _ in range(3):
        stage.step()
    experiment_verbs.kill(stage.store, stage.id, now=stage.clock.now())

    for again in (
        lambda: experiment_verbs.extend(stage.store, stage.id, 2, now=stage.clock.now()),
        lambda: experiment_verbs.retry(stage.store, stage.id, now=stage.clock.now(), numbers=[0]),
    ):
        with pytest.raises(IllegalVerb, match="1 of its jobs has not ended") as refused:
            again()
        assert "Try again in a moment: they are being stopped." == refused.value.hint
    stage.live()
    experiment_verbs.extend(stage.store, stage.id, 2, now=stage.clock.now())

    assert ExperimentState.SUCCEEDED is stage.live().state
    assert ["canceled", "canceled", "completed", "completed"] == [trial.outcome for trial in stage.trials]


class Dies(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("error", [StoreBusy("The store is busy."), Dies()], ids=["busy", "dies"])
@pytest.mark.parametrize("reason", [EndReason.COMPLETED, EndReason.ERROR])
def test_a_driver_whose_end_was_noted_and_not_seen_to_is_seen_to_by_the_next_dispatcher(
    home: Path, monkeypatch: pytest.MonkeyPatch, reason: EndReason, error: BaseException
) -> None:
    stage = SearchStage(home, slots=2, curve=falling, epochs=2)
    stage.search(a_search(stop=StopRule(max_trials_started=1)), Counting)
    stage.finish()
    experiment_verbs.extend(stage.store, stage.id, 2, now=stage.clock.now())
    stage.driver_ends(reason)

    def not_now(*given: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(drivers, "has_ended", not_now)
        with pytest.raises(type(error)):
            stage.tick()
    assert stage.job(stage.id).state in (JobState.SUCCEEDED, JobState.FAILED)

    stage.succeed()

    if reason is EndReason.COMPLETED:
        assert ExperimentState.SUCCEEDED is stage.live().state
        assert 3 == len(stage.trials)
    else:
        stage.tick()
        assert ExperimentState.FAILED is stage.experiment.state
        assert "Its driver failed" in (stage.experiment.detail or "")
        assert not stage.tick(1.0).busy


def test_a_driver_that_a_person_began_again_in_the_moment_of_its_failure_drives_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = SearchStage(home, slots=1, curve=falling, epochs=2)
    stage.search(a_search(stop=StopRule(max_trials_started=2)), Counting)
    stage.step()
    failed = driving.failed

    def late(*given: Any) -> None:
        experiment_verbs.retry(stage.store, stage.id, now=stage.clock.now())
        failed(*given)

    monkeypatch.setattr(driving, "failed", late)
    stage.driver_ends(EndReason.ERROR)

    stage.tick()

    assert ExperimentState.SUCCEEDED is stage.live().state
