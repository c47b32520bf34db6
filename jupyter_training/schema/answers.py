"""All other answers: curves, logs, checkpoints, pools, changes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from jupyter_training.core.job import Keep
from jupyter_training.core.resources import PolicyName, VictimRule
from jupyter_training.schema.base import View
from jupyter_training.schema.experiments import ExperimentView
from jupyter_training.schema.jobs import JobView

__all__ = [
    "ChangeMessage",
    "ChangeView",
    "CheckpointList",
    "CheckpointView",
    "DispatcherView",
    "IgnoreRule",
    "IgnoreRules",
    "InfoView",
    "LogChunk",
    "MetricsView",
    "PoolList",
    "PoolView",
    "RehearsalStepView",
    "RehearsalView",
    "RetentionView",
    "SeriesView",
]


class CheckpointView(View):
    """A restorable state. ``metric``: the value of the policy's metric at its step; ``attempt`` 0: another job's."""

    name: str
    step: int
    attempt: int
    created: str
    size: int
    files: int
    kind: str
    metric: float | None
    state: Literal["kept", "deleted", "corrupt"]
    place: str | None  # None: in the home
    seconds: float | None  # that saving took


class CheckpointList(View):
    """Newest first. ``keep``, ``metric`` and ``mode``: the policy at the end of the job."""

    checkpoints: tuple[CheckpointView, ...]
    keep: Keep
    metric: str | None
    mode: Literal["min", "max"]


class RetentionView(View):
    stay: tuple[CheckpointView, ...]
    go: tuple[CheckpointView, ...]
    bytes: int  # that are freed
    applied: bool


class IgnoreRule(View):
    """The last rule whose ``regex`` (Python's, searched from the start of the path) fits decides."""

    include: bool  # the path is kept
    regex: str


class IgnoreRules(View):
    rules: tuple[IgnoreRule, ...]


class RehearsalStepView(View):
    """``ok`` None: it was not reached, or there is nothing to try."""

    name: Literal["import", "train", "report", "checkpoint", "restore"]
    ok: bool | None
    sentence: str
    seconds: float | None = None


class RehearsalView(View):
    """What became of a job's code when it was tried for one step. Nothing of it is kept."""

    ok: bool
    sentence: str
    steps: tuple[RehearsalStepView, ...]
    error: str | None  # the traceback, where it failed
    log: str  # the end of what it printed


class SeriesView(View):
    """Points as [step, seconds since the epoch, value or null]; minimum and maximum survive sampling."""

    name: str
    source: str
    count: int
    sampled: bool
    points: tuple[tuple[int, float, float | None], ...]
    superseded: bool = False  # what earlier attempts reported after the step that a later one began at


class MetricsView(View):
    job: str
    series: tuple[SeriesView, ...]


class LogChunk(View):
    """A piece of an attempt's log. ``offset`` and ``next`` are byte offsets; ``end``: no more will come."""

    attempt: int
    text: str
    offset: int
    next: int
    size: int
    end: bool


class PoolView(View):
    """A pool with what it has and what of it is in use. ``memory`` in bytes, ``aging`` in seconds; None: not told, off.

    ``is_found``: its capacity is what the backend says that there is: a machine's CPUs, an account's quota.
    """

    name: str
    backend: str
    slots: int
    used: int
    queued: int  # jobs that wait
    policy: PolicyName
    running: int = 0  # jobs with an attempt that has not ended
    devices: tuple[str, ...] = ()
    free_devices: tuple[str, ...] = ()
    cpus: float | None = None
    memory: int | None = None
    preemption: bool = False
    victim: VictimRule = "last"
    aging: float | None = None
    is_default: bool = False
    is_found: bool = False
    options: dict[str, JsonValue] = Field({})  # of its backend: an instance type, a region
    remark: str | None = None  # why it has no more slots now, by its backend, as a sentence
    note: str | None = None  # what is out of the ordinary, as a sentence


class PoolList(View):
    pools: tuple[PoolView, ...]


class DispatcherView(View):
    alive: bool
    sentence: str


class InfoView(View):
    """Which store answers, and whether its dispatcher is alive."""

    store: str
    version: str
    user: str  # who asks, as jobs name their user
    head: int  # number of the newest change
    dispatcher: DispatcherView
    tracking: str


class ChangeView(View):
    n: int
    kind: str
    job: str | None


class ChangeMessage(View):
    """One message of the ``changes`` socket.

    ``snapshot`` comes first, with the jobs that are unfinished and the newest
    finished ones; then ``changes`` with the jobs they touch; ``resync`` when
    the cursor is older than the log's tail (reconnect without ``after``).
    """

    type: Literal["snapshot", "changes", "resync"]
    store: str
    n: int
    changes: tuple[ChangeView, ...] = ()
    jobs: tuple[JobView, ...] = ()
    experiments: tuple[ExperimentView, ...] = ()
    counts: dict[str, int] = Field({})  # jobs by state, all there are
