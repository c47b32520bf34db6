"""adaptive_asha, async_halving and asha_promote as searchers: shares, places, replacement, pauses, and the refusals."""

from __future__ import annotations

from collections import Counter
from math import nan
from typing import Any

import pytest
from pydantic import ValidationError

from jupyter_training.core.experiment import Objective, Outcome
from jupyter_training.errors import InvalidSpec
from jupyter_training.seams.searcher import Exhausted, Resume, Searcher, Start, Wait
from jupyter_training.searchers.adaptive_asha import AdaptiveAsha, AsyncHalving
from jupyter_training.searchers.asha_promote import AshaPromote
from tests.tuning.own.deciding import a_setup, made, played

ALL = [AdaptiveAsha, AsyncHalving, AshaPromote]
HALVING = [AdaptiveAsha, AsyncHalving]


def begun(searcher: Any, trials: int) -> None:
    for number in range(trials):
        assert isinstance(searcher.ask(number), Start)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("seed", range(3))
def test_a_search_begins_so_many_trials_and_brings_the_best_to_the_end(kind: Any, seed: int) -> None:
    run = played(made(kind, a_setup(seed=seed)), seed=seed)
    assert (16, 4) == (len(run.configs), run.most_at_once)
    best = min(run.configs, key=lambda trial: run.configs[trial]["x"])
    assert 256 == max(run.resource.values())
    assert run.resource[best] >= 16
    assert sum(run.resource.values()) < 0.6 * 16 * 256


def test_the_worked_example_by_how_far_trials_come() -> None:
    """16 trials of 256: 12 in the bracket that stops first at 16, and 4 in the one that does so at 64."""
    searcher = made(AdaptiveAsha, a_setup(workers=1))
    at = Counter(came_to(searcher, number, float(number)) for number in range(16))  # each later one is worse
    assert {16: 11, 64: 3, 256: 2} == at  # the first of each bracket goes on whatever it brings


def test_invalid_trials_leave_shares_and_rungs_as_they_were() -> None:
    searcher = made(AdaptiveAsha, a_setup(workers=1))
    for number in range(5):
        came_to(searcher, number, -1.0, outcome="invalid")
    assert {16: 11, 64: 3, 256: 2} == Counter(came_to(searcher, number, float(number)) for number in range(5, 21))


def test_the_one_after_an_invalid_trial_takes_its_place_in_the_bracket() -> None:
    searcher = made(AdaptiveAsha, a_setup(workers=1))
    came_to(searcher, 0, 1.0, outcome="invalid")
    begun_with = {1: 5.0, 2: 9.0, 3: 7.0}
    said = []
    for number, loss in begun_with.items():
        assert isinstance(searcher.ask(number), Start)
        said.append(searcher.tell(number, 16, {"loss": loss}))
        searcher.end(number, "completed")
    assert ["continue", "continue", "stop"] == said  # 1 and 3 are in the first bracket, 2 in the second


def came_to(searcher: Searcher, number: int, loss: float, *, outcome: Outcome = "stopped") -> int:
    """Begin a trial and let it report the same until it is stopped; its last report."""
    assert isinstance(searcher.ask(number), Start)
    resource = next(at for at in range(1, 257) if searcher.tell(number, at, {"loss": loss}) == "stop")
    searcher.end(number, outcome)
    return resource


@pytest.mark.parametrize("kind", HALVING)
def test_failed_trials_count_as_the_worst_of_their_rung(kind: Any) -> None:
    """With two that failed, two of four may go on."""
    searcher = made(kind, a_setup(workers=4), divisor=2, **({"mode": "aggressive"} if kind is AdaptiveAsha else {}))
    begun(searcher, 4)
    searcher.end(0, "failed")
    searcher.end(1, "failed")
    assert ["continue", "continue"] == [searcher.tell(number, 16, {"loss": float(number)}) for number in (2, 3)]


def test_an_invalid_trial_frees_its_place_among_the_best() -> None:
    searcher = made(AshaPromote, a_setup(max_trials=5), num_rungs=2)
    begun(searcher, 5)
    assert ["pause"] * 3 == [searcher.tell(number, 64, {"loss": float(number)}) for number in range(3)]
    searcher.end(0, "invalid")
    assert ["pause", "pause"] == [searcher.tell(number, 64, {"loss": 9.0}) for number in (3, 4)]
    assert Resume(1) == searcher.go_on()


def test_places_are_shared_by_the_brackets() -> None:
    """With 4 at once each has two: the first two that come to 16 reports tell which bracket a trial is in."""
    searcher = made(AdaptiveAsha, a_setup(workers=4))
    begun(searcher, 4)
    stopped = [searcher.tell(number, 16, {"loss": float(number)}) for number in range(4)]
    assert ["continue", "continue", "stop", "continue"] == stopped
    assert "stop" == searcher.tell(3, 64, {"loss": 3.0}) or "continue" == searcher.tell(3, 65, {"loss": 3.0})


def test_a_bracket_that_is_full_leaves_its_places_to_the_others() -> None:
    """8 places each; 4 trials of the second bracket, so that 12 of the first run."""
    searcher = made(AdaptiveAsha, a_setup(workers=16))
    begun(searcher, 16)
    said = [searcher.tell(number, 16, {"loss": float(number)}) for number in range(16)]
    assert 11 == said.count("stop")


def test_more_than_the_brackets_were_made_for_are_begun_in_the_same_shares() -> None:
    """A search that is extended goes on."""
    searcher = made(AdaptiveAsha, a_setup(workers=1))
    stopped = 0
    for number in range(32):
        begun_one = searcher.ask(number)
        assert isinstance(begun_one, Start)
        stopped += searcher.tell(number, 16, {"loss": float(number)}) == "stop"
        searcher.end(number, "failed")
    assert 23 <= stopped + 1 <= 24  # of 32 in the proportion 16/3 : 4/2


@pytest.mark.parametrize("kind", ALL)
def test_an_invalid_trial_is_replaced_without_using_up_the_number(kind: Any) -> None:
    run = played(made(kind, a_setup()), fails=lambda trial: "invalid" if trial in (0, 5, 17) else None)
    assert 19 == len(run.configs)
    assert 3 == sum(outcome == "invalid" for outcome in run.ended.values())


@pytest.mark.parametrize("kind", ALL)
def test_a_failed_trial_is_not_replaced(kind: Any) -> None:
    run = played(made(kind, a_setup()), fails=lambda trial: "failed" if trial in (0, 5) else None)
    assert 16 == len(run.configs)


@pytest.mark.parametrize("kind", ALL)
def test_a_maximum_is_sought_as_well(kind: Any) -> None:
    objective = Objective(metrics=("loss",), modes=("max",))
    run = played(made(kind, a_setup(objective=objective)), loss=lambda config, at: config["x"])
    farthest = max(run.resource, key=lambda trial: (run.resource[trial], run.configs[trial]["x"]))
    assert run.configs[farthest]["x"] > 0.8


@pytest.mark.parametrize("kind", ALL)
def test_what_is_no_number_is_the_worst(kind: Any) -> None:
    """Half of the trials diverge; none of those comes far, but for the first to come to a rung."""
    run = played(made(kind, a_setup()), loss=lambda config, at: nan if config["x"] < 0.5 else config["x"])
    diverged = [run.resource[trial] for trial, config in run.configs.items() if config["x"] < 0.5]
    assert len(diverged) > 2
    assert sum(diverged) / len(diverged) < sum(run.resource.values()) / 16


@pytest.mark.parametrize("kind", ALL)
def test_without_a_number_of_trials_it_goes_on(kind: Any) -> None:
    run = played(made(kind, a_setup(max_trials=None, max_resource=16)), most=100, reports=16)
    assert 100 == len(run.configs)


@pytest.mark.parametrize("kind", ALL)
def test_a_small_space_ends_it(kind: Any) -> None:
    run = played(made(kind, a_setup({"x": "choice(1, 2, 3)"})))
    assert 3 == len(run.configs)
    assert "All 3 configurations of the space have been tried." == run.reason


@pytest.mark.parametrize("kind", ALL)
def test_the_same_story_gives_the_same_search(kind: Any) -> None:
    assert played(made(kind, a_setup())).log == played(made(kind, a_setup())).log
    assert played(made(kind, a_setup())).log != played(made(kind, a_setup(seed=4))).log


@pytest.mark.parametrize("kind", ALL)
def test_one_that_was_led_through_history_goes_on_as_the_first(kind: Any) -> None:
    """Adopted instead of asked; then it judges as the other does."""
    first, led = made(kind, a_setup(workers=1)), made(kind, a_setup(workers=1))
    for number in range(6):
        answer = first.ask(number)
        assert isinstance(answer, Start)
        led.adopt(number, answer.config)
        for at in (1, 4, 16):
            said = first.tell(number, at, {"loss": float(-number)})
            assert said == led.tell(number, at, {"loss": float(-number)})
            if said != "continue":
                break
        if said != "pause":
            first.end(number, "failed")
            led.end(number, "failed")
    assert first.ask(6) == led.ask(6)


@pytest.mark.parametrize("kind", ALL)
def test_it_must_know_what_a_whole_trial_reports(kind: Any) -> None:
    with pytest.raises(InvalidSpec, match="how many reports a whole one makes") as caught:
        made(kind, a_setup(max_resource=None))
    assert "max_resource" == caught.value.errors[0].key


@pytest.mark.parametrize("kind", ALL)
def test_two_metrics_are_refused(kind: Any) -> None:
    both = Objective(metrics=("loss", "accuracy"), modes=("min", "max"))
    with pytest.raises(InvalidSpec, match="judges by one metric, and 2 were given"):
        made(kind, a_setup(objective=both))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (AdaptiveAsha, {"mode": "brave"}),
        (AdaptiveAsha, {"divisor": 1}),
        (AsyncHalving, {"num_rungs": 0}),
        (AshaPromote, {"rungs": 3}),
    ],
)
def test_options_are_checked(kind: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kind.Options(**options)


def test_rungs_may_be_told() -> None:
    searcher = made(AsyncHalving, a_setup(), num_rungs=2)
    begun(searcher, 2)
    assert ["continue", "continue"] == [searcher.tell(0, 63, {"loss": 1.0}), searcher.tell(0, 64, {"loss": 1.0})]
    assert "stop" == searcher.tell(1, 64, {"loss": 2.0})


def test_promotion_pauses_and_lets_go_on() -> None:
    run = played(made(AshaPromote, a_setup()))
    assert run.resumed
    told = [entry for entry in run.log if len(entry) == 3]
    assert {"continue", "pause", "stop"} == {verdict for _, _, verdict in told}
    paused_at = {at for _, at, verdict in told if verdict == "pause"}
    assert paused_at <= {16, 64}


def test_promotion_of_a_search_too_small_for_its_rungs_still_trains_one_in_full() -> None:
    run = played(made(AshaPromote, a_setup(max_trials=3), num_rungs=3), most=3)
    best = min(run.configs, key=lambda trial: run.configs[trial]["x"])
    assert [16, 16, 256] == sorted(run.resource.values())
    assert 256 == run.resource[best]


def test_a_trial_without_a_checkpoint_is_judged_at_once() -> None:
    """All of them here: it is then halving by stopping, and no trial is ever paused."""
    searcher = made(AshaPromote, a_setup(max_trials=4), num_rungs=2)
    begun(searcher, 4)
    said = []
    for number in range(4):
        assert "pause" == searcher.tell(number, 64, {"loss": float(number)})
        said.append(searcher.cannot_pause(number))
        if said[-1] == "stop":
            searcher.end(number, "stopped")
    assert ["continue", "stop", "stop", "stop"] == said
    assert Wait() == searcher.go_on()
    assert ["continue", "stop"] == [searcher.tell(0, at, {"loss": 0.0}) for at in (65, 256)]


def test_a_paused_trial_that_a_person_ends_is_not_resumed() -> None:
    searcher = made(AshaPromote, a_setup(max_trials=5), num_rungs=2)
    begun(searcher, 4)
    for number in range(3):
        assert "pause" == searcher.tell(number, 64, {"loss": float(number)})
    searcher.end(0, "canceled")
    assert "pause" == searcher.tell(3, 64, {"loss": 9.0})
    assert isinstance(searcher.ask(4), Start)  # the one who had earned it is gone; nobody takes its place
    searcher.end(4, "failed")
    assert isinstance(searcher.ask(5), Start)
    begun_now = [searcher.tell(5, 64, {"loss": 9.0}), *(searcher.ask(number) for number in (6, 7))]
    assert "pause" == begun_now[0]
    assert [searcher.tell(number, 64, {"loss": 9.0}) for number in (6, 7)] == ["pause", "pause"]
    assert Resume(1) == searcher.ask(8)  # of eight results two may go on


def test_while_trials_run_that_may_yet_earn_it_no_other_goes_on_to_the_end() -> None:
    searcher = made(AshaPromote, a_setup(max_trials=3), num_rungs=2)
    begun(searcher, 3)
    assert ["pause", "pause"] == [searcher.tell(number, 64, {"loss": float(number)}) for number in (0, 1)]
    assert Wait() == searcher.go_on() == searcher.go_on()
    assert "pause" == searcher.tell(2, 64, {"loss": 2.0})
    assert Resume(0) == searcher.go_on()
    assert Wait() == searcher.go_on()


def test_one_that_is_adopted_again_goes_on_from_its_pause() -> None:
    searcher = made(AshaPromote, a_setup(max_trials=3), num_rungs=2)
    begun(searcher, 1)
    assert "pause" == searcher.tell(0, 64, {"loss": 0.0})
    searcher.adopt(0, {"x": 0.5})
    assert Wait() == searcher.go_on()  # it runs
    assert ["continue", "stop"] == [searcher.tell(0, at, {"loss": 0.0}) for at in (65, 256)]


def test_a_small_space_of_promoted_trials_ends_once_none_runs() -> None:
    searcher = made(AshaPromote, a_setup({"x": "choice(1, 2)"}), num_rungs=2)
    begun(searcher, 2)
    assert "pause" == searcher.tell(0, 64, {"loss": 0.0})
    assert Wait() == searcher.ask(2)
    assert "pause" == searcher.tell(1, 64, {"loss": 1.0})
    assert Resume(0) == searcher.ask(2)
    assert "stop" == searcher.tell(0, 256, {"loss": 0.0})
    searcher.end(0, "completed")
    assert Exhausted("All 2 configurations of the space have been tried.") == searcher.ask(2)
