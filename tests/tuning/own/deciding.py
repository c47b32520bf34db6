"""What the tests of our own searchers share: a set-up, and a search played to its end."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_training.core.experiment import Objective
from jupyter_training.core.space import SearchSpace
from jupyter_training.seams.searcher import Exhausted, Pausing, Resume, Searcher, Setup, Start, Wait

__all__ = ["Played", "a_setup", "made", "played"]

WIDE = {"x": "uniform(0, 1)"}


def a_setup(space: Mapping[str, Any] = WIDE, **more: Any) -> Setup:
    values: dict[str, Any] = {
        "objective": Objective(metrics=("loss",), modes=("min",)),
        "seed": 3,
        "workers": 4,
        "max_resource": 256,
        "max_trials": 16,
        **more,
    }
    return Setup(space=SearchSpace.read(space), **values)


def made(kind: Any, setup: Setup, **options: Any) -> Searcher:
    searcher: Searcher = kind(setup, kind.Options(**options))
    return searcher


@dataclass
class Played:
    """What was begun with which configuration, how far each came, and what the searcher said at last."""

    configs: dict[int, dict[str, Any]] = field(default_factory=dict)
    resource: dict[int, int] = field(default_factory=dict)
    ended: dict[int, str] = field(default_factory=dict)
    resumed: list[int] = field(default_factory=list)
    most_at_once: int = 0
    reason: str = ""
    log: list[tuple[Any, ...]] = field(default_factory=list)


def played(
    searcher: Searcher,
    *,
    workers: int = 4,
    seed: int = 0,
    reports: int = 256,
    loss: Callable[[Mapping[str, Any], int], float] = lambda config, at: float(config["x"]) + 1 / at,
    fails: Callable[[int], str | None] = lambda trial: None,
    most: int = 16,
) -> Played:
    """Play until ``most`` trials have begun that make sense, or the searcher is exhausted, and nothing runs any more.

    Who reports next is drawn at random.
    """
    rng = random.Random(seed)
    found, running = Played(), []
    while True:
        if len(running) < workers and not found.reason:
            valid = len(found.configs) - list(found.ended.values()).count("invalid")
            answer = searcher.ask(len(found.configs)) if valid < most else _go_on(searcher)
            found.log.append((answer,))
            if isinstance(answer, Start):
                number = len(found.configs)
                found.configs[number], found.resource[number] = dict(answer.config), 0
                running.append(number)
                found.most_at_once = max(found.most_at_once, len(running))
                continue
            if isinstance(answer, Resume):
                assert answer.trial not in running
                found.resumed.append(answer.trial)
                running.append(answer.trial)
                continue
            if isinstance(answer, Exhausted):
                found.reason = answer.reason
            assert running or isinstance(answer, Exhausted) or valid == most, "it waits for nothing"
        if not running:
            return found
        trial = rng.choice(running)
        outcome = fails(trial)
        if outcome is None:
            found.resource[trial] += 1
            at = found.resource[trial]
            verdict = searcher.tell(trial, at, {"loss": loss(found.configs[trial], at)})
            found.log.append((trial, at, verdict))
            if verdict == "pause":
                running.remove(trial)
            if verdict == "stop":
                outcome = "stopped"
            elif at == reports and verdict == "continue":
                outcome = "completed"
        if outcome is not None:
            running.remove(trial)
            found.ended[trial] = outcome
            searcher.end(trial, outcome)  # type: ignore[arg-type]
            found.log.append((trial, outcome))


def _go_on(searcher: Searcher) -> Resume | Wait:
    return searcher.go_on() if isinstance(searcher, Pausing) else Wait()
