"""The nouns: what a person wishes (JobSpec), and what became of it (Job, Attempt).

A JobSpec crosses process boundaries and is therefore a frozen pydantic model;
Job and Attempt are rows of the store, read into frozen dataclasses.
Times are seconds since the epoch, UTC. Sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NewType

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from jupyter_training.core.ids import NAME_PATTERN, JobId, content_hash
from jupyter_training.core.lifecycle import AttemptState, Desired, EndReason, Hold, JobState, RetryOn, Seen, StopHow
from jupyter_training.core.resources import LOCAL, Allocation, Pool, Resources

__all__ = [
    "PRIORITY_DEFAULT",
    "Attempt",
    "BundleFile",
    "CheckpointPolicy",
    "ContextRef",
    "DataFile",
    "Entry",
    "EnvironmentWish",
    "HangWatch",
    "Instant",
    "Job",
    "JobSpec",
    "Keep",
    "Name",
    "Origin",
    "Preemptible",
    "Retries",
    "StartFrom",
    "Submission",
]

Instant = NewType("Instant", float)

PRIORITY_DEFAULT = 42  # Determined's default; 1..99, smaller goes first

Name = Annotated[str, StringConstraints(pattern=rf"^{NAME_PATTERN}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BundleFile(_Frozen):
    """One file of a job's code: its place in the bundle and its content's hash."""

    path: str  # relative, "/" between parts, never leaving the bundle
    sha256: Sha256
    size: int = Field(ge=0)


class DataFile(_Frozen):
    """A value that goes along with the code: the name that the job reads it under, its content's hash, what it is."""

    name: Annotated[str, StringConstraints(pattern=r"^[^\W\d]\w{0,199}$")]
    kind: Literal["parquet", "npy", "safetensors", "json"]
    sha256: Sha256
    size: int = Field(ge=0)
    words: Annotated[str, StringConstraints(max_length=200)] = ""  # "frame 1797 x 65"


class Entry(_Frozen):
    """What is run: a script with arguments, a notebook cell's body, or one function.

    A script gets its parameters as ``--name value`` arguments, a cell as values
    of the names it assigns at its top, a function as keyword arguments.
    """

    kind: Literal["script", "cell", "function"]
    path: str  # of a bundle file
    function: str | None = None  # for kind "function"
    args: tuple[str, ...] = ()  # for kind "script": put before the parameters
    shown_as: str | None = None  # what a traceback calls the file: "cell [3] of a.ipynb"
    cells: tuple[str, ...] = ()  # the same for the cells whose definitions came along, by their number in the code


class EnvironmentWish(_Frozen):
    """Which interpreter, which folder, which variables; secrets only by name."""

    kind: str = "current"
    python: str | None = None  # absolute path; None = the dispatcher's own interpreter
    folder: str | None = None  # working folder; None = the attempt's own
    variables: dict[str, str] = {}
    pass_env: tuple[str, ...] = ()  # names whose values travel beside the spec, in a 0600 file


class ContextRef(_Frozen):
    """A folder that was packed and sent before, as one archive by its content's hash. ``size``: of its files."""

    sha256: Sha256
    size: int = Field(ge=0)
    files: int = Field(ge=0)


class Retries(_Frozen):
    """How often, and after which ends, a job is started again by itself, from its last good checkpoint.

    ``preempted`` is a backend's interruption, as of a spot machine. A job that makes room for another one of ours
    always goes on and costs no retry, whatever is named here.
    """

    max: int = Field(0, ge=0, le=1000)
    on: tuple[RetryOn, ...] = ("error", "lost", "preempted")


class Keep(_Frozen):
    """Which checkpoints stay: the best of its experiment, its own best, its newest; those in none of the three go.

    They go while the job runs, too; its two newest stay whatever this says for as long as it may go on. The
    defaults are Determined's. ``experiment_best`` counts all trials of a search together, and a job of its own alone.
    """

    experiment_best: int = Field(0, ge=0)
    trial_best: int = Field(1, ge=0)
    trial_latest: int = Field(1, ge=0)


class CheckpointPolicy(_Frozen):
    """Where checkpoints are kept, and for how long. ``metric`` and ``mode`` say which one is better."""

    to: Annotated[str, StringConstraints(max_length=1000)] | None = None  # an fsspec URL; None = in the home
    keep: Keep = Keep()
    metric: Annotated[str, StringConstraints(max_length=250)] | None = None
    mode: Literal["min", "max"] = "min"
    sklearn: Literal["skops", "joblib"] = "skops"


# Whether it may be stopped to make room for another job: once it has a checkpoint, also without one, or never.
Preemptible = Literal["auto", "restart", "never"]


class HangWatch(_Frozen):
    """After how long without a report and a line of log a job is warned of, or stopped too."""

    after: Seconds | None = None  # None: the setting of the home
    stop: bool = False


class StartFrom(_Frozen):
    """The checkpoint of another job that a new job begins with. ``sha256``: of its manifest."""

    job: JobId
    name: str
    step: int
    sha256: Sha256


class JobSpec(_Frozen):
    """The immutable wish. Equal content has an equal ``hash``, wherever it was written."""

    name: Name
    entry: Entry
    files: tuple[BundleFile, ...]
    params: dict[str, JsonValue] = {}
    resources: Resources = Resources()
    environment: EnvironmentWish = EnvironmentWish()
    launcher: str = "plain"
    timeout: Seconds | None = None  # of one attempt
    grace: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 10.0  # between SIGTERM and SIGKILL
    metrics: Literal["auto", "off"] | dict[str, str] = "auto"  # or regexes by name
    tags: dict[str, str] = {}
    data: tuple[DataFile, ...] = ()
    context: ContextRef | None = None
    retries: Retries = Retries()
    checkpoints: CheckpointPolicy = CheckpointPolicy()
    pause_within: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 600.0  # between the ask and SIGTERM
    hang: HangWatch = HangWatch()
    start: StartFrom | None = None
    preemptible: Preemptible = "auto"
    options: dict[str, JsonValue] = {}  # of its pool's backend, as the backend's own Options model has checked them
    cost_within: Seconds | None = None  # of all its attempts together: after so long it has cost as much as it may

    @property
    def hash(self) -> str:
        return content_hash(self._content())

    @property
    def work(self) -> str:
        """The hash of what is run: equal also where its code is called otherwise, as a cell that moved."""
        content = self._content()
        content["entry"].pop("shown_as")
        content["entry"].pop("cells", None)
        return content_hash(content)

    def _content(self) -> dict[str, Any]:
        content = self.model_dump(mode="json")
        # What came later and is not used leaves no trace: a spec has the hash that it had before there was any.
        for name in _LATER:
            if getattr(self, name) == type(self).model_fields[name].default:
                del content[name]
        if not self.entry.cells:
            del content["entry"]["cells"]
        if self.resources.max_slots is None:
            del content["resources"]["max_slots"]
        return content


_LATER = (
    "data",
    "context",
    "retries",
    "checkpoints",
    "pause_within",
    "hang",
    "start",
    "preemptible",
    "options",
    "cost_within",
)


@dataclass(frozen=True)
class Origin:
    """Who asked, and from where. Not part of a spec's content."""

    user: str
    notebook: str | None = None
    cell: str | None = None
    client: str | None = None  # "magic", "cli", "python", "rest"


@dataclass(frozen=True)
class Submission:
    """A wish as it arrives at the store: idempotent by ``key``.

    ``if_exists`` says what becomes of it where an equal job (same user, notebook
    and work) is active. ``once``: one that succeeded will do, too.
    """

    key: str
    spec: JobSpec
    origin: Origin
    pool: str = LOCAL
    priority: int = PRIORITY_DEFAULT
    weight: float = 1.0
    after: tuple[JobId, ...] = ()  # it starts once these have succeeded
    if_exists: Literal["new", "reuse", "error"] = "new"
    once: bool = False
    parent: JobId | None = None
    relation: Literal["fork", "continue"] | None = None
    experiment: JobId | None = None
    trial: int | None = None  # its number in the experiment
    drives: bool = False  # the job is an experiment's driver, and gives it its id
    makes: Pool | None = None  # the pool that it needs, made with it where there is none of that name yet


@dataclass(frozen=True)
class Job:
    """A stored wish with its state. ``version`` is the number of its last Change."""

    id: JobId
    seq: int  # the order of submission
    key: str
    spec: JobSpec
    spec_hash: str
    origin: Origin
    pool: str
    priority: int
    position: str  # within a priority; see ``core.queue_position``
    desired: Desired
    generation: int  # raised by each new wish to run again
    holds: frozenset[Hold]
    state: JobState
    reason: EndReason | None
    detail: str | None  # the reason's particulars, as a sentence
    submitted: Instant
    started: Instant | None
    ended: Instant | None
    attempt: int  # number of the latest attempt; 0 = none yet
    version: int
    experiment: JobId | None = None  # whose trial it is, or that it drives: then its own id
    trial: int | None = None
    run_id: str | None = None
    retries_used: int = 0
    archived: bool = False
    parent: JobId | None = None  # the job that this one was made from
    relation: Literal["fork", "continue"] | None = None
    base_step: int = 0  # where ``checkpoint.steps(n)`` counts from
    overrides: dict[str, JsonValue] = field(default_factory=dict)  # parameters that a resume changed
    discard: bool = False  # a pause need not wait for a checkpoint
    checkpoint_step: int | None = None  # of its newest good checkpoint
    retention: CheckpointPolicy | None = None  # what a person wished of its checkpoints since; None: as its spec says
    weight: float = 1.0  # its share where the pool's policy is fair share
    waiting_since: Instant | None = None  # None: it never waited, or nobody noted it
    unmet: int = 0  # how many of the jobs that it starts after have not succeeded
    checkpoint_time: Instant | None = None  # of its newest good checkpoint
    checkpoint_seconds: float | None = None  # that it took to write
    restore_seconds: float | None = None  # that it took to read one, at the last start from one

    @property
    def checkpoints(self) -> CheckpointPolicy:
        """What is kept of its checkpoints, and where."""
        return self.retention or self.spec.checkpoints

    @property
    def params(self) -> dict[str, JsonValue]:
        """The parameters that its next attempt gets."""
        return {**self.spec.params, **self.overrides}

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def is_driver(self) -> bool:
        return self.experiment is not None and self.trial is None


@dataclass(frozen=True)
class Attempt:
    """One execution of a job. ``handle`` is the backend's own text, opaque to the rest."""

    job: JobId
    number: int  # from 1
    state: AttemptState
    seen: Seen
    reason: EndReason | None
    detail: str | None
    exit_code: int | None
    signal: int | None
    allocation: Allocation
    handle: str | None
    token: str  # proves that a process or folder belongs to this attempt
    created: Instant
    started: Instant | None
    stopping: Instant | None
    ended: Instant | None
    stop_asked: StopHow | None = None  # what a stop was asked for
    generation: int = 0
    peak_memory: int | None = None
    figures: dict[str, float] = field(default_factory=dict)  # the last machine sample
    start_step: int | None = None  # of the checkpoint that it went on from; None: from the beginning, or not known yet
    stage: str | None = None  # what a service says that it does with it now, e.g. "Downloading the training image"
    start_checkpoint: str | None = None  # without a start_step: the newest of those that it could not use, all damaged
