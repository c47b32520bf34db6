"""Our searchers behind the engine: a search by promotion ends, replays exactly, and goes on when it is extended."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any

import pytest

from jupyter_training.core.experiment import Event, EventKind, ExperimentSpec, Objective, StopRule
from jupyter_training.core.space import SearchSpace
from jupyter_training.core.stop_rule import extended, rule
from jupyter_training.seams.searcher import Searcher, Setup
from jupyter_training.searchers.adaptive_asha import AdaptiveAsha, AsyncHalving
from jupyter_training.searchers.asha_promote import AshaPromote
from jupyter_training.testing.builders import a_spec
from jupyter_training.tuning.engine import Search
from jupyter_training.tuning.replay import Replayed, replayed

WORKERS, FULL = 3, 16
ALL = [AdaptiveAsha, AsyncHalving, AshaPromote]


def a_search(kind: Any, trials: int, **wish: Any) -> tuple[ExperimentSpec, Callable[[], Searcher]]:
    spec = ExperimentSpec(
        name="made-up",
        template=a_spec(),
        space={"x": "uniform(0, 1)"},
        objective=Objective(metrics=("loss",), modes=("min",)),
        searcher="ours",
        workers=WORKERS,
        stop=StopRule(max_trials_started=trials),
        max_resource=FULL,
        **wish,
    )

    def make() -> Searcher:
        space = SearchSpace.from_json(spec.space)
        made: Searcher = kind(
            Setup(space, spec.objective, workers=WORKERS, max_resource=FULL, max_trials=trials), kind.Options()
        )
        return made

    return spec, make


class Driven:
    """A driver without a store: what it does is on ``record``, as JSON would bring it back."""

    def __init__(self, spec: ExperimentSpec, make: Callable[[], Searcher], *, seed: int = 0, pausable: bool = True):
        self.spec, self.make, self.pausable = spec, make, pausable
        self.rng = random.Random(seed)
        self.search = Search(spec, make())
        self.record: list[Event] = []
        self.more = 0

    def keep(self, event: Event) -> None:
        self.record.append(replace(event, body=json.loads(json.dumps(event.body))))

    def to_the_end(self) -> None:
        while self.step():
            pass

    def step(self) -> bool:
        ruling = rule(extended(self.spec.stop, self.more), self.search.tally, workers=WORKERS, seconds=0)
        if len(self.search.open) < WORKERS:
            event = self.search.ask(resume_only=ruling.may_start == 0)
            if event is not None:
                self.keep(event)
                return True
        if not self.search.open:
            return False
        trial = self.rng.choice(self.search.open)
        at = trial.told + 1
        told = self.search.report(trial.number, at, at, [float(trial.config["x"]) + 1 / at], 0.0)  # type: ignore[arg-type]
        verdict = self.search.hear(told)
        self.keep(replace(told, verdict=verdict))
        trial.waits = None
        if verdict == "pause" and not self.pausable:
            unpaused = self.search.cannot_pause(trial.number)
            self.keep(unpaused)
            verdict = unpaused.verdict
        if verdict == "stop" or (at == FULL and verdict != "pause"):
            end = self.search.end(trial.number, "stopped" if at < FULL else "completed")
            self.search.hear(end)
            self.keep(end)
        return True

    def again(self) -> Replayed:
        return replayed(self.spec, self.make, self.record)


def state(search: Search) -> dict[int, Any]:
    return {number: astuple(trial) for number, trial in search.trials.items()}


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("trials", [1, 3, 10, 16])
def test_it_ends_with_so_many_trials_and_one_in_full(kind: Any, trials: int) -> None:
    run = Driven(*a_search(kind, trials))
    run.to_the_end()
    assert trials == len(run.search.trials)
    assert FULL == max(trial.resource for trial in run.search.trials.values())
    assert run.search.exhausted is None


@pytest.mark.parametrize("kind", ALL)
def test_the_record_leads_to_the_same_place_from_wherever_it_stops(kind: Any) -> None:
    run = Driven(*a_search(kind, 10), seed=2)
    while run.step():
        again = run.again()
        assert again.differs is None
        assert state(run.search) == state(again.search)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("pausable", [True, False])
def test_an_extended_search_goes_on_and_replays_exactly(kind: Any, pausable: bool) -> None:
    run = Driven(*a_search(kind, 6), pausable=pausable)
    run.to_the_end()
    run.more = 10
    run.to_the_end()
    assert 16 == len(run.search.trials)
    assert run.again().differs is None
    assert state(run.search) == state(run.again().search)


def test_promotion_goes_on_when_nothing_new_may_begin() -> None:
    late = 0
    for seed in range(5):
        run = Driven(*a_search(AshaPromote, 16), seed=seed)
        run.to_the_end()
        kinds = [event.kind for event in run.record]
        assert EventKind.PROPOSED not in kinds
        last_ask = len(kinds) - kinds[::-1].index(EventKind.ASK)
        late += kinds[last_ask:].count(EventKind.RESUME)
        assert all(event.body == {"goes_on": True} for event in run.record[last_ask:] if event.kind is EventKind.RESUME)
    assert late > 0


def test_the_best_that_goes_on_at_last_does_so_again_when_the_record_is_read() -> None:
    """Also where the search is extended by then, and the searcher might begin a new trial instead."""
    spec, _ = a_search(AshaPromote, 3)

    def make() -> Searcher:
        setup = Setup(SearchSpace.from_json(spec.space), spec.objective, workers=WORKERS, max_resource=FULL)
        return AshaPromote(setup, AshaPromote.Options(num_rungs=2))

    run = Driven(spec, make)
    run.to_the_end()
    assert {"goes_on": True} in [event.body for event in run.record if event.kind is EventKind.RESUME]
    assert run.again().differs is None
    run.more = 3
    run.to_the_end()
    assert run.again().differs is None


def test_without_checkpoints_no_trial_stays_paused() -> None:
    run = Driven(*a_search(AshaPromote, 16), pausable=False)
    run.to_the_end()
    assert not run.search.held
    assert all(trial.outcome for trial in run.search.trials.values())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("pausable", [True, False])
def test_one_rebuilt_from_history_says_the_same_from_there(seed: int, pausable: bool) -> None:
    """As after a change of the searcher's code, where the record can't be compared."""
    run = Driven(*a_search(AshaPromote, 12), seed=seed, pausable=pausable)
    for _ in range(40 + 7 * seed):
        run.step()

    class Other(AshaPromote):
        replay = "from_history"

    _, make = a_search(Other, 12)
    rebuilt = replayed(run.spec, make, run.record).search
    assert state(run.search) == state(rebuilt)
    for search in (run.search, rebuilt):
        search.exhausted = None
    for trial in [one.number for one in run.search.open]:
        at = run.search.trials[trial].told + 1
        said = [one.hear(one.report(trial, at, at, [0.5], 0.0)) for one in (run.search, rebuilt)]
        assert said[0] == said[1]
    assert run.search.ask() == rebuilt.ask()
