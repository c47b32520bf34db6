"""Stories of searches: which search, and what shall happen to its driver, its dispatcher and its trials."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.torture import faults, steps
from tests.torture.faults import Fault

__all__ = ["KINDS", "Search", "SearchStory", "enumerated", "random_story", "short", "suspended"]


@dataclass(frozen=True)
class Search:
    """What a search is: keys of the submit, and whether its record follows from the results alone.

    ``workers`` 1: trials come one after the other, so that whoever dies, the record is the undisturbed one's.
    """

    wish: dict[str, Any]
    traits: frozenset[str] = frozenset()

    @property
    def is_repeatable(self) -> bool:
        return self.wish.get("workers", 1) == 1


_PROMOTES: dict[str, Any] = {
    "searcher": "asha_promote",
    "max_resource": 4,
    "max_trials": 4,
    "seed": 18,
    "searcher_options": {"divisor": 2},
}
_CLONES = {"searcher": "cloning", "max_trials": 5, "params": {"x": "uniform(0, 100)"}}
_HALVES = {
    "searcher": "async_halving",
    "max_resource": 4,
    "max_trials": 5,
    "seed": 3,
    "searcher_options": {"divisor": 2},
}

KINDS = {
    "grid": Search({"searcher": "grid", "params": {"x": "choice(0, 1, 2, 3)"}}),
    "promoting": Search(_PROMOTES, frozenset({"wishing"})),
    "halving": Search(_HALVES, frozenset({"wishing"})),
    "cloning": Search(_CLONES, frozenset({"wishing", "cloning"})),
    "halving side by side": Search({**_HALVES, "workers": 2, "max_trials": 6}, frozenset({"wishing"})),
}


@dataclass(frozen=True)
class SearchStory:
    """``faults`` are of the driver and the dispatcher; ``trials``: after so many reports in all, one is killed."""

    name: str
    kind: str
    faults: tuple[Fault, ...]
    trials: tuple[int, ...] = ()
    all_happen: bool = True
    supervisors: frozenset[int] = field(default=frozenset())  # those of ``trials`` whose supervisor is killed instead

    @property
    def search(self) -> Search:
        return KINDS[self.kind]


def enumerated() -> Iterator[SearchStory]:
    """The driver dies at each of its steps once; the next one, which is led through the record, at the next."""
    labels = list(steps.DRIVER)
    cloning = [one for one in labels if "cloning" in steps.DRIVER[one].needs]
    others = [one for one in labels if one not in cloning]
    yield SearchStory("search, each step of the driver", "promoting", _each(others))
    yield SearchStory("search, each step of a clone", "cloning", _each(cloning))


def short() -> Iterator[SearchStory]:
    """What ``make test`` has time for."""
    chosen = ("inside an ask's transaction, its job written", "an ask stored", "a report on record, not heard")
    chosen += ("a report heard, not carried out", "a wish written", "an end seen, not on record", "the end written")
    yield SearchStory("search, some steps of the driver", "promoting", _each(list(chosen)))
    clone = ("inside a clone's transaction", "a clone stored", "the end found, not written")
    yield SearchStory("search, some steps of a clone", "cloning", _each(list(clone)))
    yield list(suspended())[3]


def suspended() -> Iterator[SearchStory]:
    """The driver is suspended there, another one takes over, and it wakes up when all is over."""
    for label, nth in (
        ("inside an ask's transaction, its job written", 1),
        ("an ask stored", 2),
        ("a report read, not on record", 2),
        ("a report on record, not heard", 2),
        ("a report heard, not carried out", 3),
        ("an end seen, not on record", 1),
        ("the end found, not written", 1),
    ):
        fault = Fault("driver", label, nth=nth, act=faults.STOP)
        yield SearchStory(f"search, suspended at {label}", "halving", (fault,))


_DISPATCHER = (
    "before the attempt's row",
    "the attempt's row",
    "the order",
    "the launch",
    "the fact that it runs",
    "the wish to stop noted",
    "before the end's fact",
    "inside the end's fact",
    "the end's fact",
    "the end said",
    "a round",
)


def random_story(seed: int) -> SearchStory:
    """Four kills of the driver, three of the dispatcher, two of trials."""
    rng = random.Random(f"search {seed}")
    kind = rng.choice(sorted(KINDS))
    fitting = [one for one, step in steps.DRIVER.items() if set(step.needs) - {"concluding"} <= KINDS[kind].traits]
    chosen = {Fault("driver", rng.choice(fitting), nth=rng.choice([1, 1, 2, 3])) for _ in range(4)}
    chosen |= {Fault("dispatcher", rng.choice(_DISPATCHER), nth=rng.randint(1, 4)) for _ in range(3)}
    trials = tuple(sorted(rng.sample(range(1, 12), 2)))
    supervisors = frozenset(one for one in trials if rng.random() < 0.3)
    return SearchStory(
        f"search {seed}", kind, tuple(sorted(chosen, key=str)), trials, all_happen=False, supervisors=supervisors
    )


def _each(labels: list[str]) -> tuple[Fault, ...]:
    return tuple(Fault("driver", label) for label in labels)
