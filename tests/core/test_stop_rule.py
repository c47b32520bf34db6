"""When a search ends: N means N, the first rule that is reached wins, and each says so in a sentence."""

from __future__ import annotations

import random
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.core.experiment import Objective, Plateau, StopRule, Target
from jupyter_training.core.stop_rule import Ruling, Tally, extended, most_failures, refusals, rule, with_default

LOSS = Objective(metrics=("loss",), modes=("min",))
ACCURACY = Objective(metrics=("accuracy",), modes=("max",))
BOTH = Objective(metrics=("loss", "accuracy"), modes=("min", "max"))


def a_tally(ended: str = "", running: int = 0, objective: Objective = LOSS, least: float = 0.0) -> Tally:
    """Trials that ended so (c s f x i: completed stopped failed canceled invalid), then those that run."""
    tally = Tally(objective, least=least)
    words = {"c": "completed", "s": "stopped", "f": "failed", "x": "canceled", "i": "invalid"}
    for number, letter in enumerate(ended):
        tally.begin(number)
        tally.end(number, words[letter])  # type: ignore[arg-type]
    for number in range(len(ended), len(ended) + running):
        tally.begin(number)
    return tally


def judge(stop: StopRule, tally: Tally, *, workers: int = 4, seconds: float = 0.0, **more: Any) -> Ruling:
    return rule(stop, tally, workers=workers, seconds=seconds, **more)


class Told(Tally):
    """Trials of one report each, that end after it."""

    def result(self, trial: int, value: float) -> None:
        self.begin(trial)
        self.tell(trial, {self.objective.metric: value})
        self.end(trial, "completed")


def test_started_n_begins_n_and_lets_them_go_on() -> None:
    stop = StopRule(max_trials_started=5)
    assert Ruling(may_start=2) == judge(stop, a_tally("cs", running=1))
    full = judge(stop, a_tally("ccs", running=2))
    assert (0, None) == (full.may_start, full.now)
    assert full.when_idle is not None
    assert "The 5 trials that were asked for have ended." == full.when_idle.sentence
    assert not full.when_idle.is_failure


def test_finished_n_begins_none_that_could_be_one_too_many() -> None:
    """Three have ended and one runs: of five, one more may begin, though two more may still end."""
    assert 1 == judge(StopRule(max_trials_finished=5), a_tally("csx", running=1)).may_start
    full = judge(StopRule(max_trials_finished=5), a_tally("csx", running=2))
    assert (0, None) == (full.may_start, full.now)
    assert full.when_idle is not None
    assert "The 5 trials that were asked for have ended." == full.when_idle.sentence


def test_completed_n_stops_the_rest_at_the_nth_natural_end() -> None:
    """The tuning library ends at the one after it, and counts those that it kills itself."""
    stop = StopRule(max_trials_completed=2)
    assert Ruling(may_start=None) == judge(stop, a_tally("csss", running=3))
    reached = judge(stop, a_tally("cscs", running=3))
    assert reached.now is not None
    assert ("max_trials_completed", False) == (reached.now.rule, reached.now.is_failure)
    assert "2 trials ran to the end; 2 were asked for." == reached.now.sentence
    assert 0 == reached.may_start


def test_an_invalid_trial_counts_nowhere() -> None:
    """Another one takes its place."""
    assert 3 == judge(StopRule(max_trials_started=5), a_tally("iic", running=1)).may_start
    assert 3 == judge(StopRule(max_trials_finished=5), a_tally("iic", running=1)).may_start
    assert 1 == a_tally("iic").finished


def test_a_held_trial_is_begun_and_not_ended() -> None:
    tally = a_tally("c", running=2)
    tally.hold(2)
    assert (3, 1, 1, 1) == (tally.started, tally.running, tally.held, tally.finished)
    assert 0 == judge(StopRule(max_trials_finished=3), tally).may_start
    tally.begin(2)
    assert (3, 2, 0) == (tally.started, tally.running, tally.held)


def test_time_stops_the_rest_and_says_how_long_it_still_has() -> None:
    stop = StopRule(max_time=5400)
    assert Ruling(may_start=None, within=0.5) == judge(stop, a_tally(running=2), seconds=5399.5)
    over = judge(stop, a_tally(running=2), seconds=5400)
    assert over.now is not None
    assert "Its time is over: 1 h 30 min." == over.now.sentence


@pytest.mark.parametrize(
    ("seconds", "said"), [(90, "90 s"), (2.5, "2.5 s"), (120, "2 min"), (3600, "1 h"), (7260, "2 h 1 min")]
)
def test_a_span_is_said_as_a_person_says_it(seconds: float, said: str) -> None:
    over = judge(StopRule(max_time=seconds), a_tally(), seconds=seconds).now
    assert over is not None
    assert f"Its time is over: {said}." == over.sentence


def test_cost_is_slots_times_hours_times_price() -> None:
    stop = StopRule(max_cost=3)
    assert judge(stop, a_tally(running=1), slot_seconds=7199, price=1.5).now is None
    over = judge(stop, a_tally(running=1), slot_seconds=7200, price=1.5).now
    assert over is not None
    assert "Its trials have cost 3.00; 3 was the limit." == over.sentence


def test_cost_without_a_price_is_refused_before_anything_starts() -> None:
    (problem,) = refusals(StopRule(max_cost=3), LOSS, price=None)
    assert "stop.max_cost" == problem.key
    assert "max_cost 3 can't be kept: nobody has said what a slot of this pool costs." == problem.detail
    assert [] == refusals(StopRule(max_cost=3), LOSS, price=0.5)


def test_a_target_of_another_metric_is_refused_with_the_near_miss() -> None:
    (problem,) = refusals(StopRule(target=Target(metric="acuracy", value=0.9)), BOTH, price=None)
    assert ("stop.target.metric", "Did you mean 'accuracy'?") == (problem.key, problem.hint)
    assert [] == refusals(StopRule(target=Target(metric="accuracy", value=0.9)), BOTH, price=None)


@pytest.mark.parametrize(("objective", "good", "bad"), [(LOSS, 0.1, 0.11), (ACCURACY, 0.1, 0.09)], ids=["min", "max"])
def test_a_target_is_reached_in_its_direction(objective: Objective, good: float, bad: float) -> None:
    stop = StopRule(target=Target(metric=objective.metric, value=0.1))
    tally = Tally(objective)
    tally.begin(0)
    assert judge(stop, tally).now is None
    tally.tell(0, {objective.metric: bad})
    assert judge(stop, tally).now is None
    tally.tell(0, {objective.metric: good})
    reached = judge(stop, tally).now
    assert reached is not None
    assert f"The target is reached: {objective.metric} is 0.1, 0.1 was asked for." == reached.sentence


def test_the_target_of_the_second_metric() -> None:
    tally = Tally(BOTH)
    tally.begin(0)
    tally.tell(0, {"loss": 3.0, "accuracy": 0.95})
    reached = judge(StopRule(target=Target(metric="accuracy", value=0.9)), tally).now
    assert reached is not None
    assert "target" == reached.rule


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_is_no_number_reaches_no_target_and_betters_nothing(value: float) -> None:
    tally = Told(LOSS)
    tally.result(0, 1.0)
    tally.result(1, value)
    assert judge(StopRule(target=Target(metric="loss", value=0.5)), tally).now is None
    assert {"loss": 1.0} == tally.best
    assert 0 == tally.since_better  # one without a result says nothing


def test_a_plateau_is_so_many_ends_without_a_better_one() -> None:
    stop = StopRule(plateau=Plateau(trials=3))
    tally = Told(LOSS)
    for number, value in enumerate([1.0, 0.5, 0.6, 0.5]):
        tally.result(number, value)
    assert judge(stop, tally).now is None
    tally.result(4, 0.7)
    reached = judge(stop, tally).now
    assert reached is not None
    assert "3 trials ended without bettering loss." == reached.sentence


def test_a_better_report_of_a_trial_that_runs_ends_the_wait() -> None:
    tally = Told(LOSS)
    tally.result(0, 1.0)
    tally.begin(9)
    tally.result(1, 2.0)
    tally.result(2, 2.0)
    tally.tell(9, {"loss": 0.9})
    assert 0 == tally.since_better
    tally.end(9, "completed")
    assert 0 == tally.since_better  # its own end is no failed try


def test_a_plateau_may_ask_for_more_than_a_hair() -> None:
    tally = Told(ACCURACY, least=0.01)
    for number, value in enumerate([0.5, 0.505, 0.509]):
        tally.result(number, value)
    assert 2 == tally.since_better
    reached = judge(StopRule(plateau=Plateau(trials=2, least=0.01)), tally).now
    assert reached is not None
    assert "2 trials ended without bettering accuracy by more than 0.01." == reached.sentence
    tally.result(3, 0.52)
    assert 0 == tally.since_better


def test_failed_trials_say_nothing_of_a_plateau() -> None:
    tally = Told(LOSS)
    tally.result(0, 1.0)
    for number in (1, 2, 3):
        tally.begin(number)
        tally.tell(number, {"loss": 2.0})
        tally.end(number, "failed")
    assert 0 == tally.since_better


def test_with_two_objectives_a_new_member_of_the_best_set_is_better() -> None:
    tally = Tally(BOTH)
    for number, (loss, accuracy) in enumerate([(1.0, 0.5), (2.0, 0.4), (0.5, 0.1), (1.0, 0.5)]):
        tally.begin(number)
        tally.tell(number, {"loss": loss, "accuracy": accuracy})
        tally.end(number, "completed")
    assert 1 == tally.since_better
    reached = judge(StopRule(plateau=Plateau(trials=1)), tally).now
    assert reached is not None
    assert "1 trial ended without bettering the set of best results." == reached.sentence


def test_as_many_failures_are_borne_as_trials_run_at_once() -> None:
    assert (4, 1, 0) == (
        most_failures(StopRule(), 4),
        most_failures(StopRule(), 1),
        most_failures(StopRule(max_failures=0), 4),
    )
    assert judge(StopRule(), a_tally("cffff")).now is None
    over = judge(StopRule(), a_tally("cfffff")).now
    assert over is not None
    assert ("max_failures", True) == (over.rule, over.is_failure)
    assert "5 trials failed; 4 are tolerated." == over.sentence


def test_no_failure_is_borne_if_so_asked() -> None:
    over = judge(StopRule(max_failures=0), a_tally("ccf")).now
    assert over is not None
    assert "1 trial failed; none is tolerated." == over.sentence


@pytest.mark.parametrize(("workers", "enough"), [(3, 3), (4, 4)])
def test_a_search_whose_first_trials_all_fail_ends(workers: int, enough: int) -> None:
    """Unless a person has said how many may."""
    stop = StopRule()
    assert judge(StopRule(max_failures=1000), a_tally("f" * enough), workers=workers).now is None
    assert judge(stop, a_tally("f" * (enough - 1)), workers=workers).now is None
    over = judge(stop, a_tally("f" * enough + "x"), workers=workers).now
    assert over is not None
    assert ("all_failed", True) == (over.rule, over.is_failure)
    assert f"All {enough} trials that have ended have failed." == over.sentence
    assert judge(stop, a_tally("f" * (enough - 1) + "c"), workers=workers).now is None
    tally = a_tally("f" * enough, running=1)
    tally.tell(enough, {"loss": 1.0})  # one that goes on has a result
    assert judge(stop, tally, workers=workers).now is None


def test_what_is_stopped_for_it_before_a_result_takes_nothing_back() -> None:
    tally = a_tally("fff", running=1)
    tally.end(3, "stopped")
    over = judge(StopRule(), tally, workers=3).now
    assert over is not None
    assert "all_failed" == over.rule


def test_failures_before_a_search_was_begun_again_are_forgiven() -> None:
    """It is extended after the cause was mended: the old failures alone don't end it, as many new ones do."""
    assert judge(StopRule(), a_tally("fff", running=1), workers=3, forgiven=3).now is None
    over = judge(StopRule(), a_tally("fff"), workers=3).now
    assert over is not None
    assert "All 3 trials that have ended have failed." == over.sentence


def test_a_small_search_none_of_whose_trials_went_well_has_failed() -> None:
    stop = StopRule(max_trials_started=2)
    over = judge(stop, a_tally("ff")).when_idle
    assert over is not None
    assert ("all_failed", "All 2 trials failed.") == (over.rule, over.sentence)
    still = judge(stop, a_tally("f", running=1)).when_idle
    assert still is not None
    assert not still.is_failure
    one = judge(StopRule(max_trials_started=1), a_tally("f")).when_idle
    assert one is not None
    assert "Its only trial failed." == one.sentence


def test_a_retried_trial_has_not_failed() -> None:
    tally = a_tally("cff")
    tally.begin(1)
    assert (1, 1, 3) == (tally.count("failed"), tally.running, tally.started)
    tally.end(1, "completed")
    assert (1, 2, 0) == (tally.count("failed"), tally.count("completed"), tally.running)


def test_of_two_rules_the_nearest_counts() -> None:
    stop = StopRule(max_trials_started=10, max_trials_finished=4, max_time=60, max_trials_completed=3)
    assert 2 == judge(stop, a_tally("c", running=1)).may_start
    over = judge(stop, a_tally("ccc", running=1), seconds=61).now
    assert over is not None
    assert "max_trials_completed" == over.rule


def test_twenty_more() -> None:
    stop = StopRule(max_trials_started=50, max_time=60, max_trials_completed=10)
    assert StopRule(max_trials_started=70, max_time=60, max_trials_completed=30) == extended(stop, 20)
    assert StopRule(max_trials_started=70, max_trials_completed=30) == extended(stop, 20, ended_by="max_time")
    assert extended(stop, 20) == extended(stop, 20, ended_by="max_trials_started")
    assert extended(stop, 20) == extended(stop, 20, ended_by="all_failed")


def test_a_search_that_nothing_would_end_gets_an_end_and_says_so() -> None:
    stop, note = with_default(StopRule(max_failures=2), size=None)
    assert StopRule(max_failures=2, max_trials_started=50) == stop
    assert note is not None
    assert note.startswith("Nothing says when this search ends. It begins 50 trials")
    small, note = with_default(StopRule(), size=27)
    assert 27 == small.max_trials_started
    assert note is not None
    assert "the space has no more than 27 configurations" in note


def test_a_search_that_ends_by_itself_or_by_a_rule_gets_none() -> None:
    assert (StopRule(), None) == with_default(StopRule(), size=1000, exhausts=True)
    assert (StopRule(max_time=5), None) == with_default(StopRule(max_time=5), size=27)


@given(
    limit=st.integers(1, 12),
    workers=st.integers(1, 5),
    name=st.sampled_from(["max_trials_started", "max_trials_finished", "max_trials_completed"]),
    seed=st.integers(0, 10_000),
)
def test_n_means_n_however_trials_end(limit: int, workers: int, name: str, seed: int) -> None:
    """A search whose trials end in any order, some stopped, failed, canceled or invalid."""
    rng = random.Random(seed)
    stop = StopRule(max_failures=1_000_000, **{name: limit})
    tally, running, number = Tally(LOSS), [], 0
    while True:
        ruling = rule(stop, tally, workers=workers, seconds=0)
        if ruling.now or (ruling.when_idle and not running):
            break
        if len(running) < workers and ruling.may_start != 0:
            tally.begin(number)
            running.append(number)
            number += 1
        else:
            tally.end(
                running.pop(rng.randrange(len(running))),
                rng.choice(["completed", "completed", "stopped", "failed", "canceled", "invalid"]),  # type: ignore[arg-type]
            )
    if ruling.now is not None and ruling.now.rule == "all_failed":
        return
    counted = {
        "max_trials_started": tally.started,
        "max_trials_finished": tally.finished,
        "max_trials_completed": tally.count("completed"),
    }
    assert limit == counted[name]
