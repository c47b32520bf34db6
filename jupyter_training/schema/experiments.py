"""Searches, their trials, spaces and searchers, and what people wish of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from jupyter_training.core.experiment import Mode, StopRule
from jupyter_training.core.lifecycle import Desired, Phase
from jupyter_training.schema.base import Request, View

__all__ = [
    "AxisView",
    "BestView",
    "CurveView",
    "CurvesView",
    "ExperimentItemResult",
    "ExperimentPage",
    "ExperimentVerb",
    "ExperimentVerbRequest",
    "ExperimentVerbResult",
    "ExperimentView",
    "ParetoView",
    "ResultsView",
    "SearchPlanView",
    "SearcherList",
    "SearcherView",
    "SpaceRequest",
    "SpaceView",
    "TrialPage",
    "TrialView",
]

ExperimentVerb = Literal[
    "pause", "activate", "cancel", "kill", "extend", "retry_failed", "archive", "unarchive", "delete"
]
TrialState = Literal["queued", "running", "paused", "held", "completed", "stopped", "failed", "canceled", "invalid"]


class AxisView(View):
    """One axis of a space. ``words``: what it can be, with its ends: "9 values, 0.9 to 1.7"."""

    name: str
    kind: str  # choice, ordinal, int, float, const
    expression: str  # as it is written on a line
    words: str
    size: int | None  # None: endless
    when: str | None = None


class SpaceView(View):
    """A space as it was understood. ``grid``: how many a grid has, None where it has none; ``samples``: some of it."""

    axes: tuple[AxisView, ...]
    constants: dict[str, JsonValue]
    size: int | None
    grid: int | None
    grid_note: str | None  # why there is no grid
    samples: tuple[dict[str, JsonValue], ...]
    space: dict[str, JsonValue]  # the JSON form
    yaml: str
    python: str


class SpaceRequest(Request):
    """Values as they are written anywhere: constants, expressions, typed mappings. ``samples``: how many to draw."""

    space: dict[str, Any]
    samples: Annotated[int, Field(ge=0, le=1000)] = 5
    seed: Annotated[int, Field(ge=0)] = 0


class BestView(View):
    """The best trial so far, by the first metric."""

    trial: int
    job: str
    value: float
    resource: int | None
    config: dict[str, JsonValue]
    clone_of: int | None = None  # it began from a checkpoint of that trial


class ParetoView(View):
    """The trials that no other one beats in every metric, by the first metric."""

    trial: int
    job: str
    values: dict[str, float]
    config: dict[str, JsonValue]


class ExperimentView(View):
    """A search as everybody sees it. ``sentence`` says how it stands; ``total``: after how many trials it ends."""

    id: str
    store: str
    name: str
    state: Literal["running", "paused", "succeeded", "failed", "canceled"]
    phase: Phase
    desired: Desired
    sentence: str
    notes: tuple[str, ...]
    searcher: str
    searcher_note: str | None  # what a name of another system became
    metrics: tuple[str, ...]
    modes: tuple[Mode, ...]
    space: tuple[AxisView, ...]
    constants: dict[str, JsonValue]
    workers: int
    seed: int
    stop: StopRule
    resource: str
    max_resource: int | None
    counts: dict[str, int]  # trials by state; see ``TrialView.state``
    trials: int
    total: int | None
    best: BestView | None
    pareto: tuple[ParetoView, ...]  # only where there are several metrics
    curve: tuple[tuple[int, float], ...]  # the best so far: (reports judged before, value): each improvement, and now
    pool: str
    priority: int
    weight: float
    user: str
    notebook: str | None
    submitted: str
    started: str | None
    ended: str | None
    paused_since: str | None = None
    paused_seconds: float = 0.0  # of the pauses before, and between an end and going on
    tag: int
    run_id: str | None
    archived: bool
    verbs: tuple[ExperimentVerb, ...]
    version: int
    error: str | None = None  # where every trial failed: the first one's traceback and output
    updater: str | None = None
    spec: dict[str, JsonValue] | None = None  # None in lists


class SearchPlanView(View):
    """The search that a submit would begin. ``size``: how many configurations there are, None: endless."""

    axes: tuple[AxisView, ...]
    constants: dict[str, JsonValue]
    size: int | None
    searcher: str
    searcher_note: str | None
    metrics: tuple[str, ...]
    modes: tuple[Mode, ...]
    workers: int
    seed: int
    stop: StopRule
    ends: str  # the stop rule as a sentence
    resource: str
    max_resource: int | None


class ExperimentPage(View):
    experiments: tuple[ExperimentView, ...]
    next: str | None
    counts: dict[str, int]  # experiments by state


class TrialView(View):
    """One trial. ``values``: of its last report that was judged; ``best`` of the first metric, at ``best_at``."""

    number: int
    job: str
    config: dict[str, JsonValue]
    state: TrialState
    sentence: str
    clone_of: int | None
    resource: int
    values: dict[str, float | None]
    best: float | None
    best_at: int | None
    started: str | None
    ended: str | None
    run_id: str | None


class TrialPage(View):
    trials: tuple[TrialView, ...]
    next: str | None
    total: int


class CurveView(View):
    """A trial's curve of a metric: (step, value)."""

    trial: int
    job: str
    points: tuple[tuple[int, float | None], ...]


class CurvesView(View):
    metric: str
    curves: tuple[CurveView, ...]
    total: int  # trials that have this metric


class ResultsView(View):
    """One row for each report that was judged, as Syne Tune's ``results.csv`` has them.

    ``yaml``: the best configuration, or the Pareto set, as Hydra's ``optimization_results.yaml`` has it.
    """

    name: str
    csv: str
    yaml: str = ""


class ExperimentVerbRequest(Request):
    """``trials``: by how many more to extend. ``discard``: trials without a checkpoint are stopped by a pause, too."""

    verb: ExperimentVerb
    experiments: Annotated[tuple[str, ...], Field(min_length=1, max_length=1000)]
    trials: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    discard: bool = False
    secrets: dict[str, str] = Field({}, repr=False)


class ExperimentItemResult(View):
    id: str
    ok: bool
    experiment: ExperimentView | None = None
    problem: dict[str, JsonValue] | None = None
    notes: tuple[str, ...] = ()


class ExperimentVerbResult(View):
    results: tuple[ExperimentItemResult, ...]


class SearcherView(View):
    """A searcher by its name. ``sentence``: what is needed, why it is refused, or what the name stands for."""

    name: str
    summary: str
    origin: Literal["ours", "syne-tune", "optuna", "plug-in"]
    kind: tuple[str, ...]  # single-objective, multi-objective, multi-fidelity, population
    replay: Literal["exact", "from_history"]
    status: Literal["installed", "needs", "refused", "alias"]
    sentence: str | None
    options: dict[str, JsonValue]  # JSON schema


class SearcherList(View):
    searchers: tuple[SearcherView, ...]
