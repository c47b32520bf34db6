"""Jobs that belong together as a search: what it looks for, when it stops, and what became of its trials.

An experiment has the id of the job that drives it. Its trials are jobs too,
numbered from 0. Times are seconds since the epoch, spans seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from jupyter_training.core.ids import JobId, content_hash
from jupyter_training.core.job import Instant, JobSpec, Name, Origin
from jupyter_training.core.lifecycle import Desired

__all__ = [
    "DRIVERS",
    "Event",
    "EventKind",
    "Experiment",
    "ExperimentSpec",
    "ExperimentState",
    "Mode",
    "Objective",
    "Outcome",
    "Plateau",
    "StopRule",
    "Target",
    "Trial",
    "Verdict",
    "trial_name",
]

DRIVERS = "drivers"  # the pool whose slots say how many searches are driven at once

Mode = Literal["min", "max"]
Verdict = Literal["continue", "pause", "stop"]

# How a trial ended for its search: by itself, at the searcher's or a stop rule's word, with an error, by a person,
# or by saying that its configuration makes no sense.
Outcome = Literal["completed", "stopped", "failed", "canceled", "invalid"]

_Span = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=1, le=10_000_000)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExperimentState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        return self not in (ExperimentState.RUNNING, ExperimentState.PAUSED)


class Objective(_Frozen):
    """What is judged, in the order of importance for who must show one number: the first."""

    metrics: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=250)], ...], Field(min_length=1)]
    modes: tuple[Mode, ...]

    @model_validator(mode="after")
    def _fits(self) -> Objective:
        if len(self.metrics) != len(self.modes):
            raise ValueError(f"there are {len(self.metrics)} metrics and {len(self.modes)} modes")
        return self

    @property
    def metric(self) -> str:
        return self.metrics[0]

    @property
    def mode(self) -> Mode:
        return self.modes[0]

    @property
    def is_multiple(self) -> bool:
        return len(self.metrics) > 1

    def is_better(self, value: float, than: float | None) -> bool:
        """By the first metric; anything is better than nothing."""
        return than is None or (value < than if self.mode == "min" else value > than)


class Target(_Frozen):
    """Good enough: the metric has reached the value in its mode's direction."""

    metric: str
    value: Annotated[float, Field(allow_inf_nan=False)]


class Plateau(_Frozen):
    """No better by more than ``least`` in this many ended trials, one after the other."""

    trials: _Count
    least: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class StopRule(_Frozen):
    """When a search ends; the first that is reached. N means N. None: no such limit."""

    max_time: _Span | None = None
    max_trials_started: _Count | None = None
    max_trials_completed: _Count | None = None
    max_trials_finished: _Count | None = None
    max_cost: _Span | None = None
    max_failures: Annotated[int, Field(ge=0)] | None = None  # one more ends the search
    target: Target | None = None
    plateau: Plateau | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing ends it but its space; ``max_failures`` ends only what goes wrong."""
        return all(getattr(self, name) is None for name in type(self).model_fields if name != "max_failures")


class ExperimentSpec(_Frozen):
    """The immutable wish of a search. ``template`` is the job that each trial is, but for its parameters.

    ``space``: the JSON form of ``core.space.SearchSpace``. ``resource`` says what
    a trial's reports count as: "report" (the k-th counts k), "step", or a metric's name.
    """

    name: Name
    template: JobSpec
    space: dict[str, JsonValue]
    objective: Objective
    searcher: Annotated[str, Field(min_length=1, max_length=100)]
    options: dict[str, JsonValue] = {}
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    workers: Annotated[int, Field(ge=1, le=10_000)] = 1
    stop: StopRule = StopRule()
    resource: Annotated[str, Field(min_length=1, max_length=250)] = "report"
    max_resource: _Count | None = None
    updater: str | None = None
    earlier: tuple[dict[str, JsonValue], ...] = ()  # good configurations of earlier searches, the best first
    price: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None  # of a slot for an hour, for ``max_cost``

    @property
    def hash(self) -> str:
        content = self.model_dump(mode="json")
        if self.price is None:  # a search that has none has the hash that it had before there were prices
            del content["price"]
        return content_hash(content)


@dataclass(frozen=True)
class Experiment:
    """A stored search with its state. ``version`` is the number of its last Change.

    ``more`` is by how many trials it was extended; ``driver`` the number of the attempt that drives it, which
    alone may write what the search decides.
    """

    id: JobId
    spec: ExperimentSpec
    origin: Origin
    pool: str
    priority: int
    weight: float
    state: ExperimentState
    desired: Desired
    detail: str | None
    notes: tuple[str, ...]  # what a person should know of how it goes, in sentences
    tag: int  # epoch seconds of its begin; equal on all its runs
    submitted: Instant
    started: Instant | None  # when its first trial was asked for
    ended: Instant | None
    paused_since: Instant | None
    paused_seconds: float  # of the pauses before
    more: int
    driver: int
    archived: bool
    version: int


@dataclass(frozen=True)
class Trial:
    """(experiment, number, config) -> job, and how far it has come for the search.

    ``resource``, ``values``: of the last report that the searcher was told;
    ``best``: the best value of the first metric, at resource ``best_at``.
    ``outcome`` None: it goes on, or, while ``is_held``, waits for the searcher to go on.
    """

    experiment: JobId
    number: int
    job: JobId
    config: dict[str, JsonValue]
    clone_of: int | None = None
    outcome: Outcome | None = None
    is_held: bool = False
    resource: int = 0
    values: dict[str, float | None] | None = None
    best: float | None = None
    best_at: int | None = None
    detail: str | None = None


class EventKind(StrEnum):
    ASK = "ask"  # a trial was started: {config, clone_of}
    PROPOSED = "proposed"  # what no trial could be begun with any more: the next ASK takes it
    RESUME = "resume"  # a held one goes on
    TELL = "tell"  # {count, resource, values, time}; its verdict is filled in once it is acted on
    END = "end"  # {outcome, run}: run is the job's generation, so that one that began again since is known
    UNPAUSED = "unpaused"  # it was to pause and has nothing to go on from; with the searcher's verdict
    AGAIN = "again"  # one that had ended was begun once more, by a person
    EXHAUSTED = "exhausted"  # {reason}
    CONCLUDED = "concluded"  # {rule, more, begun}: the search ended by this rule; what follows came of a person's wish


@dataclass(frozen=True)
class Event:
    """One line of a search's record, in the order in which the searcher was asked and told."""

    n: int  # from 1, dense
    kind: EventKind
    trial: int | None
    body: dict[str, Any]
    verdict: Verdict | Literal["ignored"] | None = None  # "ignored": its trial was stopped or paused just before


def trial_name(experiment: str, number: int) -> str:
    """A trial's name: the experiment's, as far as it fits, and the number."""
    ending = f"-{number}"
    return experiment[: 63 - len(ending)] + ending
