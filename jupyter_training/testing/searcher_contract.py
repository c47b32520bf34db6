"""What every searcher must keep to: one test for each sentence of the seam.

    class TestMine(SearcherContract):
        def make(self, setup: Setup) -> Searcher:
            return Mine(setup, Mine.Options())

Needs pytest. A search is played on a made-up training whose metric falls with
each report, the faster the better the configuration.
"""

from __future__ import annotations

import json
import logging
import math
import os
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pydantic import JsonValue

from jupyter_training.core.experiment import Objective
from jupyter_training.core.space import Int, SearchSpace
from jupyter_training.seams.searcher import Answer, Exhausted, Outcome, Resume, Searcher, Setup, Start, Wait

__all__ = ["MIXED", "Play", "SearcherContract", "quality"]

# One axis of each kind: a text for a choice, several types in one, an order, steps, scales, an open end, a condition.
MIXED: Mapping[str, str] = {
    "optimizer": "choice(adam, sgd, rmsprop)",
    "odd": "choice(1, true, null, 'a')",
    "lr": "loguniform(1e-4, 1e-1)",
    "momentum": "uniform(0.1, 0.9)",
    "decay": "reverseloguniform(0.5, 0.999)",
    "layers": "randint(1, 5)",
    "units": "lograndint(8, 512)",
    "batch": "finrange(32, 128, 4, true)",
    "width": "ordinal(1, 2, 4, 8)",
    "nesterov": "choice(true, false) when optimizer == sgd",
    "seed": "const(7)",
}

Score = Callable[[Mapping[str, JsonValue], int], Mapping[str, float]]


def quality(config: Mapping[str, JsonValue]) -> float:
    """How good a configuration is, from 0 (best) up; for any of numbers and texts, always the same."""
    far = 0.0
    for name in sorted(config):
        value = config[name]
        if isinstance(value, int | float) and not isinstance(value, bool):
            far += abs(math.log1p(abs(float(value))) - 0.3)
        else:
            far += len(json.dumps(value)) / 10
    return far


@dataclass
class Play:
    """A search by hand: ``workers`` places, of which each trial in turn reports once.

    ``trace`` is all that was asked and told, as (verb, ...) in order; the same
    trace can be ``led`` through another searcher.
    """

    searcher: Searcher
    score: Score
    workers: int = 3
    reports: int = 9
    configs: dict[int, dict[str, JsonValue]] = field(default_factory=dict)
    clones: dict[int, int] = field(default_factory=dict)
    running: dict[int, int] = field(default_factory=dict)  # trial -> its reports so far
    held: dict[int, int] = field(default_factory=dict)
    trace: list[tuple[Any, ...]] = field(default_factory=list)
    over: str | None = None

    def until(self, trials: int) -> Play:
        """Goes on until so many have been begun and none runs, or the searcher has nothing more."""
        while True:
            self.fill(trials)
            if not self.running:
                return self
            for trial in list(self.running):
                self.report(trial)

    def fill(self, trials: int) -> None:
        while self.over is None and len(self.running) < self.workers and len(self.configs) < trials:
            answer = self.ask()
            if isinstance(answer, Wait):
                assert self.running, "it waits although nothing runs that could tell it more"
                return

    def ask(self) -> Answer:
        number = len(self.configs)
        answer = self.searcher.ask(number)
        if isinstance(answer, Start):
            self.begin(number, answer)
        elif isinstance(answer, Resume):
            self.running[answer.trial] = self.held.pop(answer.trial)
            self.trace.append(("resume", answer.trial))
        elif isinstance(answer, Exhausted):
            self.over = answer.reason
        return answer

    def begin(self, number: int, answer: Start) -> None:
        self.configs[number] = dict(answer.config)
        if answer.clone_of is not None:
            self.clones[number] = answer.clone_of
        self.running[number] = 0
        self.trace.append(("ask", number, dict(answer.config), answer.clone_of))

    def report(self, trial: int) -> None:
        self.running[trial] += 1
        resource = self.running[trial]
        values = dict(self.score(self.configs[trial], resource))
        verdict = self.searcher.tell(trial, resource, values)
        self.trace.append(("tell", trial, resource, values, verdict))
        if verdict == "stop":
            self.end(trial, "stopped")
        elif resource >= self.reports:
            self.end(trial, "completed")
        elif verdict == "pause":
            self.held[trial] = self.running.pop(trial)

    def end(self, trial: int, outcome: Outcome) -> None:
        self.running.pop(trial, None)
        self.held.pop(trial, None)
        self.searcher.end(trial, outcome)
        self.trace.append(("end", trial, outcome))

    def led(self, searcher: Searcher) -> list[tuple[Any, ...]]:
        """What another searcher says to the same questions and reports."""
        said: list[tuple[Any, ...]] = []
        for verb, trial, *rest in self.trace:
            if verb in ("ask", "resume"):
                answer = searcher.ask(trial if verb == "ask" else len([one for one in said if one[0] == "ask"]))
                if isinstance(answer, Start):
                    said.append(("ask", trial, dict(answer.config), answer.clone_of))
                elif isinstance(answer, Resume):
                    said.append(("resume", answer.trial))
                else:
                    said.append((verb, trial, answer))
            elif verb == "tell":
                said.append((verb, trial, rest[0], rest[1], searcher.tell(trial, rest[0], rest[1])))
            else:
                searcher.end(trial, rest[0])
                said.append((verb, trial, rest[0]))
        return said


class SearcherContract:
    """Subclass it with ``make``; the rest is for searchers that take another space or objective."""

    objective = Objective(metrics=("loss",), modes=("min",))
    trials = 24  # of one play; enough for a model to be used
    is_random = True  # False: the seed changes nothing

    def make(self, setup: Setup) -> Searcher:
        raise NotImplementedError

    def space(self) -> SearchSpace:
        return SearchSpace.read(dict(MIXED))

    def setup(self, seed: int = 1) -> Setup:
        return Setup(
            space=self.space(), objective=self.objective, seed=seed, workers=3, max_resource=9, max_trials=self.trials
        )

    def score(self, config: Mapping[str, JsonValue], resource: int) -> dict[str, float]:
        """Reports of the metrics, in their directions."""
        found: dict[str, float] = {}
        for place, (metric, mode) in enumerate(zip(self.objective.metrics, self.objective.modes, strict=True)):
            value = quality(config) * (1 + place) + (2 + place) / resource
            found[metric] = -value if mode == "max" else value
        return found

    def play(self, searcher: Searcher | None = None, *, score: Score | None = None, seed: int = 1) -> Play:
        return Play(searcher or self.make(self.setup(seed)), score or self.score)

    def test_the_same_seed_gives_the_same_search(self) -> None:
        assert self.play().until(self.trials).trace == self.play().until(self.trials).trace

    def test_another_seed_gives_another_search(self) -> None:
        same = self.play(seed=1).until(self.trials).configs == self.play(seed=2).until(self.trials).configs
        assert same is not self.is_random

    def test_a_record_leads_to_the_same_answers_if_it_says_so(self) -> None:
        searcher = self.make(self.setup())
        played = self.play(searcher).until(self.trials)
        if searcher.replay == "exact":
            assert played.trace == played.led(self.make(self.setup()))
        else:
            self._adopted(played)

    def test_a_history_is_adopted_and_gone_on_from(self) -> None:
        """As after a change of the searcher's version: the record wins, and what it proposes next is its own."""
        self._adopted(self.play().until(self.trials // 2))

    def _adopted(self, played: Play) -> None:
        searcher = self.make(self.setup())
        for verb, trial, *rest in played.trace:
            if verb == "ask":
                searcher.adopt(trial, rest[0], rest[1])
            elif verb == "resume":
                searcher.adopt(trial, played.configs[trial])
            elif verb == "tell":
                assert searcher.tell(trial, rest[0], rest[1]) in ("continue", "pause", "stop")
            elif verb == "end":
                searcher.end(trial, rest[0])
        after = Play(searcher, self.score, configs=dict(played.configs), held=dict(played.held))
        after.until(len(played.configs) + 6)
        self._check_all(after)
        assert len(after.configs) > len(played.configs) or after.over is not None

    def test_what_it_proposes_is_in_the_space(self) -> None:
        played = self.play().until(self.trials)
        assert len(played.configs) > 3
        self._check_all(played)

    def _check_all(self, played: Play) -> None:
        space = self.space()
        for config in played.configs.values():
            assert space.contains(config), config
            assert config == json.loads(json.dumps(config, allow_nan=False))
            for name, domain in space.axes.items():
                if isinstance(domain, Int) and name in config:
                    assert type(config[name]) is int, (name, config[name])

    def test_a_proposal_is_the_askers_own(self) -> None:
        one, other = self.play(), self.play()
        for _ in range(6):
            answer = one.ask()
            other.ask()
            if isinstance(answer, Start) and isinstance(answer.config, dict):
                answer.config.clear()
        assert one.configs == other.configs

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
    def test_values_that_are_no_numbers_are_survived(self, value: float) -> None:
        def score(config: Mapping[str, JsonValue], resource: int) -> Mapping[str, float]:
            told = self.score(config, resource)
            return dict.fromkeys(told, value) if int(quality(config) * 1000) % 3 == 0 else told

        played = self.play(score=score).until(self.trials)
        self._check_all(played)

    def test_nothing_but_values_that_are_no_numbers_are_survived(self) -> None:
        played = self.play(score=lambda config, resource: dict.fromkeys(self.objective.metrics, math.nan))
        self._check_all(played.until(self.trials))

    def test_equal_values_are_survived(self) -> None:
        played = self.play(score=lambda config, resource: dict.fromkeys(self.objective.metrics, 1.0))
        self._check_all(played.until(self.trials))

    def test_every_way_to_end_is_survived(self) -> None:
        played = self.play()
        ways: list[Outcome] = ["failed", "canceled", "invalid", "stopped", "completed"]
        while len(played.configs) < self.trials and played.over is None:
            played.fill(self.trials)
            for trial in list(played.running):
                way = ways[trial % len(ways)]
                if played.running[trial] >= trial % 3:  # some before their first report
                    played.end(trial, way)
                else:
                    played.report(trial)
        self._check_all(played)

    def test_lost_trials_are_survived(self) -> None:
        """They never report again and never end, and their places are given to others."""
        played = self.play()
        while len(played.configs) < self.trials and played.over is None:
            played.fill(self.trials)
            for trial in list(played.running):
                if trial % 2 and played.running[trial] == 1:
                    del played.running[trial]
                else:
                    played.report(trial)
            if not played.running and not any(number % 2 == 0 for number in played.configs):
                break
        self._check_all(played)

    def test_trials_report_in_any_order(self) -> None:
        played, order = self.play(), random.Random(3)
        while len(played.configs) < self.trials and played.over is None:
            played.fill(self.trials)
            played.report(order.choice(sorted(played.running)))
        self._check_all(played)

    def test_what_a_trial_writes_after_its_end_changes_nothing(self) -> None:
        one, other = self.play(), self.play()
        for played in (one, other):
            played.fill(self.trials)
            played.report(0)
            if 0 in played.running:
                played.end(0, "failed")
        values = self.score(one.configs[0], 2)
        assert one.searcher.tell(0, 2, values) == "stop"
        assert one.until(self.trials).configs == other.until(self.trials).configs

    def test_asking_in_vain_changes_nothing(self) -> None:
        """Wait and Exhausted are answers that one may ask for again."""
        one, other = self.play(), self.play()
        for _ in range(self.trials * 12):
            for played, times in ((one, 3), (other, 1)):
                if len(played.running) < played.workers and len(played.configs) < self.trials:
                    for _ in range(times):
                        if not isinstance(played.ask(), Wait | Exhausted):
                            break
                for trial in sorted(played.running)[:1]:
                    played.report(trial)
        assert one.trace == other.trace

    def test_directions_are_honoured(self) -> None:
        """The same search with each metric's sign and direction turned."""
        turned = Objective(
            metrics=self.objective.metrics,
            modes=tuple("max" if mode == "min" else "min" for mode in self.objective.modes),
        )
        searcher = self.make(replace(self.setup(), objective=turned))
        against = Play(searcher, lambda config, n: {name: -value for name, value in self.score(config, n).items()})
        assert self.play().until(self.trials).configs == against.until(self.trials).configs

    def test_the_process_is_left_as_it_was(
        self, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Neither its randomness nor its environment nor its output: a driver has other things to do."""
        before = random.getstate(), dict(os.environ), list(logging.getLogger().handlers), logging.getLogger().level
        numbers = _numpy_state()
        with caplog.at_level(logging.INFO):
            self.play().until(self.trials)
        after = random.getstate(), dict(os.environ), list(logging.getLogger().handlers), logging.getLogger().level
        assert before[:2] == after[:2]
        assert before[3] == after[3]
        assert numbers is None or numbers == _numpy_state()
        assert capfd.readouterr() == ("", "")
        assert [] == [record.getMessage() for record in caplog.records]

    def test_the_randomness_of_the_process_is_nothing_to_it(self) -> None:
        configs = []
        for seed in (1, 2):
            random.seed(seed)
            numpy = sys.modules.get("numpy")
            if numpy is not None:
                numpy.random.seed(seed)
            configs.append(self.play().until(self.trials).configs)
        assert configs[0] == configs[1]


def _numpy_state() -> str | None:
    numpy = sys.modules.get("numpy")
    return None if numpy is None else repr(numpy.random.get_state(legacy=False))
