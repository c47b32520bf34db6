"""What proposes configurations and judges their results.

A searcher is driven by one thread and keeps its state in memory; after a
restart it is made anew and led through the record of what it was asked and told
(``replay = "exact"``: it answers the same again) or through its trials and their
reports (``"from_history"``). It reads no clock, and its randomness comes from
``Setup.seed`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, JsonValue

from jupyter_training.core.experiment import Objective, Outcome, Verdict
from jupyter_training.core.space import SearchSpace

__all__ = [
    "Answer",
    "Checked",
    "Exhausted",
    "Outcome",
    "Pausing",
    "Resume",
    "Searcher",
    "SearcherFactory",
    "Setup",
    "Start",
    "Verdict",
    "Wait",
]


@dataclass(frozen=True)
class Start:
    """Begin a trial with this configuration; ``clone_of``: from the newest checkpoint of that trial."""

    config: Mapping[str, JsonValue]
    clone_of: int | None = None


@dataclass(frozen=True)
class Resume:
    """Let a trial that was paused go on."""

    trial: int


@dataclass(frozen=True)
class Wait:
    """Nothing to begin before more is told. Asking has changed nothing."""


@dataclass(frozen=True)
class Exhausted:
    """Nothing will ever be proposed again. ``reason`` is a sentence. Asking has changed nothing."""

    reason: str


Answer = Start | Resume | Wait | Exhausted


@dataclass(frozen=True)
class Setup:
    """What a searcher is made for. ``max_resource``: what a whole trial reports, where it is known."""

    space: SearchSpace
    objective: Objective
    seed: int = 0
    workers: int = 1
    max_resource: int | None = None
    max_trials: int | None = None
    earlier: tuple[Mapping[str, JsonValue], ...] = field(
        default=()
    )  # good configurations of earlier searches, best first


class Searcher(Protocol):
    """Ask and tell. Numbers of trials are given by who asks, and never given twice."""

    replay: Literal["exact", "from_history"]

    def ask(self, number: int) -> Answer:
        """What to do with a free place; a trial that is begun gets ``number``."""

    def tell(self, trial: int, resource: int, values: Mapping[str, float]) -> Verdict:
        """Judge a report. ``values`` has every metric of the objective; NaN stands for one that is no number.

        ``resource`` grows within a trial. "pause" may be answered by ``cannot_pause``.
        """

    def end(self, trial: int, outcome: Outcome) -> None:
        """The trial reports no more. Called once for each, also for those that the searcher stopped."""

    def adopt(self, number: int, config: Mapping[str, JsonValue], clone_of: int | None = None) -> None:
        """Take a trial as begun that this object did not propose; its reports and its end follow."""

    def cannot_pause(self, trial: int) -> Verdict:
        """The trial has no checkpoint to go on from: is it to continue, or to stop?"""


@runtime_checkable
class Pausing(Protocol):
    """What a searcher has besides that ever says "pause". One that is adopted a second time goes on from its pause."""

    def go_on(self) -> Resume | Wait:
        """Which paused trial goes on, now that none may be begun any more. Waiting changes nothing."""


class SearcherFactory(Protocol):
    """A class of searchers. ``Options`` are its own, as a model without any further keys.

    Raises:
        InvalidSpec: the space, the objective or an option is nothing for it; with the key.
    """

    Options: ClassVar[type[BaseModel]]

    def __call__(self, setup: Setup, options: BaseModel) -> Searcher: ...


@runtime_checkable
class Checked(Protocol):
    """What a factory has besides that loads a library: it refuses the same without, so that a submit can say it."""

    def check(self, setup: Setup, options: BaseModel) -> None:
        """Raises InvalidSpec."""
