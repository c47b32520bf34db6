"""When a search ends, and how it goes on after its end: rules, extensions, failures, people's wishes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.core.experiment import EventKind, ExperimentState, Plateau, StopRule, Target, Verdict
from jupyter_training.core.lifecycle import EndReason, Hold, JobState, Verb
from jupyter_training.core.resources import Pool
from jupyter_training.seams.backend import End
from jupyter_training.services.experiment_present import experiment_views
from jupyter_training.store import experiment_verbs, pools, verbs
from jupyter_training.testing.scripted_backend import Script
from tests.tuning.searchers_of_tests import Counting, falling
from tests.tuning.stage import SearchStage, a_search

FAILS = Script(runs=2.5, ends=End(EndReason.ERROR, "Failed: ValueError: no.", exit_code=1))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def outcomes(stage: SearchStage) -> list[str | None]:
    return [trial.outcome for trial in stage.trials]


def test_no_more_begin_than_shall_finish(home: Path) -> None:
    stage = SearchStage(home, slots=4, curve=falling, epochs=2)
    stage.search(a_search(workers=4, stop=StopRule(max_trials_finished=5)), Counting)

    found = stage.finish()

    assert (ExperimentState.SUCCEEDED, ["completed"] * 5) == (found.state, outcomes(stage))


def test_enough_natural_ends_stop_the_rest(home: Path) -> None:
    stage = SearchStage(home, slots=2, curve=falling, epochs=3)
    stage.scripts["search-1"] = Script(runs=1e9)
    stage.search(a_search(workers=2, stop=StopRule(max_trials_completed=3)), Counting)

    found = stage.finish()

    assert "3 trials ran to the end; 3 were asked for." == found.detail
    assert 3 == outcomes(stage).count("completed")
    assert {"completed", "stopped"} == set(outcomes(stage))
    assert "Stopped as the search ended." == stage.trials[1].detail
    assert JobState.CANCELED is stage.trial_job(1).state


def test_endless_trials_are_stopped_when_the_time_is_over_and_none_is_left_alone(home: Path) -> None:
    stage = SearchStage(home, slots=2, curve=lambda config, k: None, epochs=0)
    for number in range(2):
        stage.scripts[f"search-{number}"] = Script(runs=1e9)
    stage.search(a_search(workers=2, stop=StopRule(max_time=30.0)), Counting)

    found = stage.finish(limit=100)

    assert (ExperimentState.SUCCEEDED, "Its time is over: 30 s.") == (found.state, found.detail)
    assert ["stopped", "stopped"] == outcomes(stage)
    assert {"search"} >= stage.running()


@pytest.mark.parametrize("dies", [False, True])
def test_the_target_ends_it_and_extended_it_goes_on(home: Path, dies: bool) -> None:
    """Reached once, it would end the search again at once, so it no longer counts."""
    stage = SearchStage(home, slots=1, curve=falling, epochs=2)
    stop = StopRule(max_trials_started=9, target=Target(metric="loss", value=0.5))
    stage.search(a_search(stop=stop), Counting)
    assert "The target is reached: loss is 0.5, 0.5 was asked for." == stage.finish().detail
    assert 1 == len(stage.trials)

    experiment_verbs.extend(stage.store, stage.id, 2, now=stage.clock.now())
    if dies:
        stage.drive()
    found = stage.finish()

    assert 3 == len(stage.trials), "what had begun, and 2 more"
    assert "The 3 trials that were asked for have ended." == found.detail
    assert list(range(1, len(stage.events) + 1)) == [event.n for event in stage.events]


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize(
    "stop",
    [StopRule(target=Target(metric="loss", value=0.5)), StopRule(max_time=1.5), StopRule(plateau=Plateau(trials=1))],
    ids=["target", "time", "plateau"],
)
def test_extended_it_ends_though_only_what_had_ended_it_was_said(home: Path, stop: StopRule, dies: bool) -> None:
    stage = SearchStage(home, slots=1, curve=falling, epochs=2)
    stage.search(a_search(stop=stop), Counting)
    stage.finish()
    begun = len(stage.trials)

    for more in (2, 1):
        experiment_verbs.extend(stage.store, stage.id, more, now=stage.clock.now())
        if dies:
            stage.drive()
        begun += more
        assert f"The {begun} trials that were asked for have ended." == stage.finish(limit=60).detail
        assert begun == len(stage.trials)


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize(
    "rule",
    [
        {"max_time": 8.0},
        {"target": Target(metric="loss", value=0.0)},
        {"plateau": Plateau(trials=3)},
        {"max_cost": 6.0},
    ],
    ids=["time", "target", "plateau", "cost"],
)
def test_what_was_left_of_a_limit_in_trials_is_not_begun_unless_it_is_asked_for(
    home: Path, rule: dict[str, Any], dies: bool
) -> None:
    def goes_on(total: int) -> None:
        assert total == shown()
        if dies:
            stage.drive()
        stage.finish(limit=60)
        assert (total, total) == (len(stage.trials), shown())

    def shown() -> int | None:
        (view,) = experiment_views(stage.site, [stage.experiment])
        return view.total

    stage = SearchStage(home, slots=1, curve=lambda config, k: abs(config["x"] - 2.0), epochs=2)
    stage.scripts["search-0"] = Script(runs=0.5, ends=End(EndReason.ERROR, "Failed: ValueError: no.", exit_code=1))
    stage.search(a_search(stop=StopRule(max_trials_started=60, **rule), price=3600.0), Counting)
    stage.finish(limit=60)
    begun = len(stage.trials)
    assert ("failed", 60) == (outcomes(stage)[0], shown())

    del stage.scripts["search-0"]
    experiment_verbs.retry(stage.store, stage.id, now=stage.clock.now())
    goes_on(begun)
    assert "completed" == outcomes(stage)[0]
    for more in (2, 1):
        begun += more
        experiment_verbs.extend(stage.store, stage.id, more, now=stage.clock.now())
        goes_on(begun)


def test_no_better_for_long_ends_it(home: Path) -> None:
    stage = SearchStage(home, slots=1, curve=falling, epochs=2)
    stage.search(a_search(stop=StopRule(plateau=Plateau(trials=3))), Counting)

    assert "3 trials ended without bettering loss." == stage.finish().detail
    assert 4 == len(stage.trials)


def test_a_search_whose_every_trial_fails_is_one_error(home: Path) -> None:
    stage = SearchStage(home, slots=3, curve=falling, epochs=2)
    for number in range(9):
        stage.scripts[f"search-{number}"] = FAILS
    stage.search(a_search(workers=3, stop=StopRule(max_trials_started=9)), Counting)

    found = stage.finish()

    assert (ExperimentState.FAILED, 3) == (found.state, len(stage.trials))
    assert "All 3 trials that have ended have failed." == found.detail
    assert {"failed"} == set(outcomes(stage))
    assert all(trial.detail for trial in stage.trials)


@pytest.mark.parametrize("dies", [False, True])
def test_only_failed_trials_are_tried_again(home: Path, dies: bool) -> None:
    stage = SearchStage(home, slots=1, curve=falling, epochs=4)
    stage.scripts["search-1"] = FAILS
    stage.search(a_search(stop=StopRule(max_trials_started=4)), Counting)
    stage.finish()
    assert ["completed", "failed", "completed", "completed"] == outcomes(stage)
    before = stage.trial_job(0).generation

    stage.scripts["search-1"] = Script(runs=4.5)
    experiment_verbs.retry(stage.store, stage.id, now=stage.clock.now())
    if dies:
        stage.drive()
    found = stage.finish()

    assert ExperimentState.SUCCEEDED is found.state
    assert ["completed"] * 4 == outcomes(stage)
    assert (before, 1) == (stage.trial_job(0).generation, stage.trial_job(1).generation)
    assert [1] == [event.trial for event in stage.events if event.kind is EventKind.AGAIN]
    counts = [event.body["count"] for event in stage.events if event.kind is EventKind.TELL and event.trial == 1]
    assert [1, 2, 3, 4] == counts, "what was told before its failure is not told again"


def test_one_that_was_tried_again_and_ended_before_anybody_looked_is_seen(home: Path) -> None:
    stage = SearchStage(home, slots=1, curve=falling, epochs=4)
    stage.scripts["search-0"] = FAILS
    stage.search(a_search(stop=StopRule(max_trials_started=2)), Counting)
    stage.finish()

    stage.scripts["search-0"] = Script(runs=0.5)
    experiment_verbs.retry(stage.store, stage.id, now=stage.clock.now())
    for _ in range(4):
        stage.tick(1.0)
    assert JobState.SUCCEEDED is stage.trial_job(0).state
    assert stage.driver is not None
    stage.driver.look()

    assert ["completed", "completed"] == outcomes(stage)
    assert ExperimentState.SUCCEEDED is stage.experiment.state


def test_retried_after_enough_natural_ends_they_are_let_come_to_theirs(home: Path) -> None:
    stage = SearchStage(home, slots=1, curve=falling, epochs=2)
    stage.scripts["search-0"] = FAILS
    stage.search(a_search(stop=StopRule(max_trials_completed=2)), Counting)
    stage.finish()
    assert ["failed", "completed", "completed"] == outcomes(stage)

    stage.scripts["search-0"] = Script(runs=2.5)
    experiment_verbs.retry(stage.store, stage.id, now=stage.clock.now())
    stage.finish()

    assert ["completed"] * 3 == outcomes(stage)


def test_too_many_failures_end_it_and_extended_it_bears_as_many_again(home: Path) -> None:
    stage = SearchStage(home, slots=1, curve=falling, epochs=2)
    for number in (1, 2, 3):
        stage.scripts[f"search-{number}"] = FAILS
    stage.search(a_search(stop=StopRule(max_trials_started=9, max_failures=1)), Counting)
    found = stage.finish()
    assert (ExperimentState.FAILED, "2 trials failed; 1 is tolerated.") == (found.state, found.detail)

    experiment_verbs.extend(stage.store, stage.id, 1, now=stage.clock.now())
    found = stage.finish()

    assert (ExperimentState.SUCCEEDED, 10) == (found.state, len(stage.trials))


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [({}, "All 4 trials that have ended have failed."), ({"max_failures": 4}, "All 4 trials failed.")],
)
def test_one_whose_trials_have_all_failed_bears_as_much_again_once_it_is_extended(
    home: Path, limits: dict[str, int], sentence: str
) -> None:
    """What had made them fail is mended, but for one trial: that one alone must not end it."""
    stage = SearchStage(home, slots=1, curve=falling, epochs=2)
    for number in range(5):
        stage.scripts[f"search-{number}"] = FAILS
    stage.search(a_search(workers=4, stop=StopRule(max_trials_started=4, **limits)), Counting)
    found = stage.finish()
    assert (ExperimentState.FAILED, sentence) == (found.state, found.detail)

    experiment_verbs.extend(stage.store, stage.id, 4, now=stage.clock.now())
    found = stage.finish()

    assert ["failed"] * 5 + ["completed"] * 3 == outcomes(stage)
    assert ExperimentState.SUCCEEDED is found.state


def test_a_space_in_which_nothing_makes_sense_is_an_end(home: Path) -> None:
    """Invalid trials count nowhere, so nothing else would end it."""
    stage = SearchStage(home, slots=1, curve=falling, epochs=1)
    for number in range(50):
        stage.scripts[f"search-{number}"] = Script(runs=0.5, ends=End(EndReason.INVALID, "Failed: no.", exit_code=1))
    stage.search(a_search(stop=StopRule(max_trials_started=3)), Counting)

    found = stage.finish(limit=200)

    assert ExperimentState.FAILED is found.state
    assert "The configurations of all 10 trials that have ended make no sense." == found.detail
    assert ["invalid"] * 10 == outcomes(stage)


def test_more_trials_while_it_runs(home: Path) -> None:
    stage = SearchStage(home, slots=1, curve=falling, epochs=2)
    stage.search(a_search(stop=StopRule(max_trials_started=2)), Counting)
    for _ in range(3):
        stage.step()
    experiment_verbs.extend(stage.store, stage.id, 3, now=stage.clock.now())

    stage.finish()

    assert 5 == len(stage.trials)


def test_canceled_it_ends_with_its_trials(home: Path) -> None:
    stage = SearchStage(home, slots=2, curve=falling, epochs=50)
    stage.search(a_search(workers=2), Counting)
    for _ in range(4):
        stage.step()

    experiment_verbs.cancel(stage.store, stage.id, now=stage.clock.now())
    found = stage.finish()

    assert (ExperimentState.CANCELED, "Stopped by you.") == (found.state, found.detail)
    assert ["stopped", "stopped"] == outcomes(stage)
    assert 2 == len(stage.trials)


def test_paused_it_begins_nothing_and_activated_it_goes_on(home: Path) -> None:
    stage = SearchStage(home, slots=1, curve=falling, epochs=3)
    stage.search(a_search(stop=StopRule(max_trials_started=3)), Counting)
    for _ in range(4):
        stage.step()
    experiment_verbs.pause(stage.store, stage.id, now=stage.clock.now())
    for _ in range(12):
        stage.step()
    assert ["completed"] == outcomes(stage), "what had no checkpoint ran on, and nothing was begun"
    assert stage.experiment.paused_since is not None

    experiment_verbs.activate(stage.store, stage.id, now=stage.clock.now())
    found = stage.finish()

    assert (ExperimentState.SUCCEEDED, 3) == (found.state, len(stage.trials))


def test_a_deleted_trial_is_one_less(home: Path) -> None:
    stage = SearchStage(home, slots=2, curve=falling, epochs=3)
    stage.search(a_search(workers=2, stop=StopRule(max_trials_started=3)), Counting)
    stage.step()
    stage.step()
    for number in (0, 1):
        verbs.wish(stage.store, [stage.trials[number].job], Verb.CANCEL, now=stage.clock.now())
    while stage.trial_job(0).state is not JobState.CANCELED:
        stage.tick(1.0)
    verbs.wish(stage.store, [stage.trials[0].job], Verb.DELETE, now=stage.clock.now())

    found = stage.finish()

    assert ["canceled", "canceled", "completed"] == outcomes(stage)
    assert "Its job was deleted." == stage.trials[0].detail
    assert ExperimentState.SUCCEEDED is found.state


def test_only_values_that_are_no_numbers_are_no_result_and_no_crash(home: Path) -> None:
    stage = SearchStage(home, slots=1, curve=lambda config, k: float("nan"), epochs=2)
    stage.search(a_search(stop=StopRule(max_trials_started=2)), lambda: Counting(bar=0.5))

    found = stage.finish()

    assert ["completed", "completed"] == outcomes(stage)
    assert [None, None] == [trial.best for trial in stage.trials]
    assert ExperimentState.SUCCEEDED is found.state


def test_what_is_reported_between_a_stop_and_its_effect_is_a_result_and_no_question(home: Path) -> None:
    searcher = Counting(bar=-1.0)
    stage = SearchStage(home, slots=1, curve=falling, epochs=9)
    stage.search(a_search(stop=StopRule(max_trials_started=1)), lambda: searcher)
    stage.step()
    for _ in range(5):
        stage.tick(1.0)
        stage.report()
    stage.finish()

    told = [(event.body["count"], event.verdict) for event in stage.events if event.kind is EventKind.TELL]
    assert [(1, "continue"), (2, "stop")] == told[:2]
    assert {"continue"} == {verdict for _, verdict in told[2:]}
    assert ("stopped", len(told)) == (stage.trials[0].outcome, stage.trials[0].resource)
    assert 2 == len(searcher.heard)


@pytest.mark.parametrize("resource", ["step", "epoch"])
def test_how_far_a_trial_is_may_be_said_by_the_step_or_by_a_series(home: Path, resource: str) -> None:
    heard: list[int] = []

    class Listening(Counting):
        def tell(self, trial: int, resource: int, values: Mapping[str, float]) -> Verdict:
            heard.append(resource)
            return "continue"

    stage = SearchStage(home, slots=1, curve=falling, epochs=3, also={"epoch": lambda k: 100.0 * k})
    stage.every = 10
    stage.search(a_search(resource=resource, stop=StopRule(max_trials_started=1)), Listening)

    stage.finish()

    assert ([10, 20, 30] if resource == "step" else [100, 200, 300]) == heard


def test_each_hold_clears_its_own(home: Path) -> None:
    """The searcher's, a person's and the search's: it goes on once nobody holds it."""
    stage = SearchStage(home, slots=1, curve=falling, epochs=9, saves=True)
    stage.search(a_search(stop=StopRule(max_trials_started=2)), Pausing)
    while not stage.trials or not stage.trials[0].is_held:
        stage.step()
    while stage.trial_job(0).state is not JobState.PAUSED:
        stage.tick(1.0)
    job, now = stage.trials[0].job, stage.clock.now()

    experiment_verbs.pause(stage.store, stage.id, now=now)
    verbs.wish(stage.store, [job], Verb.PAUSE, now=now, hold=Hold.PREEMPTION)
    assert {Hold.SEARCHER, Hold.EXPERIMENT, Hold.PREEMPTION} == set(stage.trial_job(0).holds)
    experiment_verbs.activate(stage.store, stage.id, now=now)
    assert {Hold.SEARCHER, Hold.PREEMPTION} == set(stage.trial_job(0).holds)
    verbs.wish(stage.store, [job], Verb.ACTIVATE, now=now, hold=Hold.PREEMPTION)
    assert (JobState.PAUSED, {Hold.SEARCHER}) == (stage.trial_job(0).state, set(stage.trial_job(0).holds))

    stage.finish()

    assert [0] == [event.trial for event in stage.events if event.kind is EventKind.RESUME]
    assert ["completed", "completed"] == outcomes(stage)


class Pausing(Counting):
    """Pauses the first trial at its second report, and lets it go on once the second one has ended."""

    def tell(self, trial: int, resource: int, values: Mapping[str, float]) -> Verdict:
        return "pause" if (trial, resource) == (0, 2) else "continue"

    def go_on(self) -> Any:
        from jupyter_training.seams.searcher import Resume, Wait

        return Resume(0) if [1] == [trial for trial, _ in self.ended] else Wait()


def test_one_that_can_not_pause_is_judged_at_once_and_it_is_said_once(home: Path) -> None:
    class Stubborn(Counting):
        def tell(self, trial: int, resource: int, values: Mapping[str, float]) -> Verdict:
            return "pause" if resource == 2 else "continue"

        def cannot_pause(self, trial: int) -> Verdict:
            return "continue" if trial == 0 else "stop"

    stage = SearchStage(home, slots=1, curve=falling, epochs=6)
    stage.search(a_search(stop=StopRule(max_trials_started=3)), Stubborn)
    most = 0
    while not stage.experiment.state.is_final:
        stage.step()
        most = max(most, len(stage.running() - {"search"}))

    assert ["completed", "stopped", "stopped"] == outcomes(stage)
    assert 1 == sum("Trials write no checkpoint" in note for note in stage.experiment.notes)
    assert 1 == most, "one that runs on as it can't pause keeps its place"
    unpaused = [(event.trial, event.verdict) for event in stage.events if event.kind is EventKind.UNPAUSED]
    assert [(0, "continue"), (1, "stop"), (2, "stop")] == unpaused
    told = [event.body["count"] for event in stage.events if event.kind is EventKind.TELL and event.trial == 0]
    assert 6 == max(told)


def test_a_trial_that_made_room_is_in_progress_and_tells_nothing_twice(home: Path) -> None:
    stage = SearchStage(home, slots=1, curve=falling, epochs=6, saves=True)
    pools.write(stage.store, Pool("local", "scripted", 1, preemption=True), now=stage.clock.now())
    stage.search(a_search(stop=StopRule(max_trials_started=1)), Counting)
    for _ in range(4):
        stage.step()
    urgent = stage.submit("urgent", priority=1)
    stage.scripts["urgent"] = Script(runs=3.0)
    while stage.job(urgent).state is not JobState.SUCCEEDED:
        stage.step()
        assert 1 == len(stage.trials), "its place is not free"

    stage.finish()

    assert stage.trial_job(0).attempt > 1
    told = [event.body["count"] for event in stage.events if event.kind is EventKind.TELL]
    assert [1, 2, 3, 4, 5, 6] == told
    assert ["completed"] == outcomes(stage)
