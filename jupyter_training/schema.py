"""The wire: what requests and answers look like, for REST, clients and the front end.

pydantic models -> OpenAPI 3.1 -> ``labextension/src/api/types.gen.ts``, in this
one direction (``make types``; drift fails the build). Times are ISO 8601 texts
in UTC with a ``Z``; sizes are bytes, spans seconds.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from jupyter_training.core.job import PRIORITY_DEFAULT, DataFile, Entry, EnvironmentWish
from jupyter_training.core.lifecycle import AttemptState, Desired, EndReason, JobState, Phase, Seen, Verb
from jupyter_training.core.resources import Resources

__all__ = [
    "ArtifactList",
    "ArtifactView",
    "AttemptView",
    "ChangeMessage",
    "ChangeView",
    "ConfigText",
    "ConfigView",
    "DataView",
    "DispatcherView",
    "EntryView",
    "EtaView",
    "InfoView",
    "ItemResult",
    "JobPage",
    "JobView",
    "LogChunk",
    "MetricView",
    "MetricsView",
    "OriginView",
    "PlanView",
    "PlannedFile",
    "PoolList",
    "PoolView",
    "ProblemDocument",
    "ProblemEntry",
    "ProgressView",
    "SeriesView",
    "SourceFile",
    "SubmitRequest",
    "SubmitResult",
    "VerbRequest",
    "VerbResult",
]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class SourceFile(_Request):
    """One file of the code, as text or, for anything else, as base64."""

    path: Annotated[str, Field(min_length=1, max_length=1024)]
    text: str | None = None
    base64: str | None = None


class ConfigText(_Request):
    """YAML with any of a job's keys. ``name`` is what errors call it; explicit keys of the request win."""

    text: Annotated[str, Field(max_length=1_000_000)]
    name: str = "config"


class OriginView(_Request):
    notebook: str | None = None
    cell: str | None = None
    client: str | None = None


class SubmitRequest(_Request):
    """A wish. ``key`` is made by the client; repeating it gives the first job again."""

    key: Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
    entry: Entry
    files: Annotated[tuple[SourceFile, ...], Field(min_length=1, max_length=10_000)]
    name: str | None = None  # None = from the entry's file name
    params: dict[str, JsonValue] | None = None
    resources: Resources | None = None
    environment: EnvironmentWish | None = None
    secrets: dict[str, str] = Field({}, repr=False)  # values of environment.pass_env; never stored with the job
    launcher: str | None = None
    pool: str | None = None
    backend: str | None = Field(None, description="instead of a pool: the pool of this backend")
    priority: int | None = Field(None, description=f"1..99, smaller first; {PRIORITY_DEFAULT} when not given")
    timeout: float | str | None = Field(None, description="seconds, or a text like 90m, 2h, 1h30m")
    grace: float | str | None = None
    metrics: Literal["auto", "off"] | dict[str, str] | None = None
    tags: dict[str, str] | None = None
    data: Annotated[tuple[DataFile, ...], Field(max_length=100)] = Field((), description="sent before by `PUT data`")
    if_exists: Literal["new", "reuse", "error"] = Field(
        "new", description="what becomes of a wish that is equal to an active job of the same notebook, user and name"
    )
    once: bool = Field(False, description="a succeeded job that is equal is as good as a new one")
    config: ConfigText | None = None
    origin: OriginView = OriginView()


class MetricView(_View):
    last: float | None
    last_step: int
    low: float | None
    low_step: int | None
    high: float | None
    high_step: int | None
    last_time: float  # seconds since the epoch
    count: int
    source: str


class ProgressView(_View):
    done: float
    total: float | None
    unit: str
    text: str


class AttemptView(_View):
    number: int
    state: AttemptState
    seen: Seen
    reason: EndReason | None
    sentence: str | None
    exit_code: int | None
    signal: int | None
    started: str | None
    ended: str | None
    peak_memory: int | None


class ArtifactView(_View):
    id: str
    name: str  # the path below the job's output folder
    size: int
    type: str  # MIME type
    modified: str


class EtaView(_View):
    """Seconds that are left, as a range: how fast it went lately, and how fast on the whole."""

    low: float
    high: float


class DataView(_View):
    """One value that came along by ``--take``. ``words`` says what it is: "frame 1797 x 65"."""

    name: str
    kind: str
    words: str
    size: int


class EntryView(_View):
    kind: Literal["script", "cell", "function"]
    shown_as: str | None


class ArtifactList(_View):
    artifacts: tuple[ArtifactView, ...]


class JobView(_View):
    """A job as everybody sees it. ``sentence`` says its state, its wait or its end in words."""

    id: str
    store: str
    name: str
    state: JobState
    phase: Phase
    desired: Desired
    reason: EndReason | None
    sentence: str
    experiment: str | None
    trial: int | None
    queue: str
    pool: str
    priority: int
    user: str
    notebook: str | None
    submitted: str
    started: str | None
    ended: str | None
    params: dict[str, JsonValue]
    tags: dict[str, str]
    metrics: dict[str, MetricView]
    source: Literal["report", "log", "mlflow"] | None  # of its metrics; None: it has none
    progress: ProgressView | None
    eta: EtaView | None  # only while it runs, and only where progress has an end and a measured pace
    machine: dict[str, float]  # the newest sample: cpu in cores, memory in bytes, gpu0_...
    seen: str | None  # the last instant of any word from it: a point, printed output, progress
    figure: ArtifactView | None  # the latest picture that it showed
    data: tuple[DataView, ...]
    entry: EntryView
    attempts: tuple[AttemptView, ...]
    run_id: str | None
    artifacts: tuple[ArtifactView, ...] | None  # None in lists
    spec: dict[str, JsonValue] | None  # None in lists
    spec_hash: str
    version: int


class SubmitResult(_View):
    """The wish's job. ``reused``: an equal job stands for it; ``notes``: what else is worth knowing, in sentences."""

    job: JobView
    created: bool
    reused: bool = False
    notes: tuple[str, ...] = ()


class JobPage(_View):
    jobs: tuple[JobView, ...]
    next: str | None  # cursor of the next page
    counts: dict[str, int]  # jobs by state, all pages


class VerbRequest(_Request):
    verb: Verb
    jobs: Annotated[tuple[str, ...], Field(min_length=1, max_length=10_000)]  # ids


class ProblemEntry(_View):
    detail: str
    key: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None


class ProblemDocument(_View):
    """RFC 9457, served as application/problem+json."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    hint: str | None = None
    errors: tuple[ProblemEntry, ...] = ()


class ItemResult(_View):
    id: str
    ok: bool
    job: JobView | None = None
    problem: ProblemDocument | None = None


class VerbResult(_View):
    results: tuple[ItemResult, ...]


class SeriesView(_View):
    """Points as [step, seconds since the epoch, value or null]; minimum and maximum survive sampling."""

    name: str
    source: str
    count: int
    sampled: bool
    points: tuple[tuple[int, float, float | None], ...]


class MetricsView(_View):
    job: str
    series: tuple[SeriesView, ...]


class LogChunk(_View):
    """A piece of an attempt's log. ``offset`` and ``next`` are byte offsets; ``end``: no more will come."""

    attempt: int
    text: str
    offset: int
    next: int
    size: int
    end: bool


class PoolView(_View):
    name: str
    backend: str
    slots: int
    used: int
    queued: int
    policy: str


class PoolList(_View):
    pools: tuple[PoolView, ...]


class DispatcherView(_View):
    alive: bool
    sentence: str


class InfoView(_View):
    """Which store answers, and whether its dispatcher is alive."""

    store: str
    version: str
    user: str  # who asks, as jobs name their user
    head: int  # number of the newest change
    dispatcher: DispatcherView
    tracking: str


class ChangeView(_View):
    n: int
    kind: str
    job: str | None


class ChangeMessage(_View):
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
    counts: dict[str, int] = {}  # jobs by state, all there are


class PlannedFile(_View):
    path: str
    size: int


class PlanView(_View):
    """What a submit would store; nothing was. ``sizes``: bytes of ``code`` and ``data``."""

    spec: dict[str, JsonValue]
    pool: str
    priority: int
    files: tuple[PlannedFile, ...]
    data: tuple[DataView, ...]
    sizes: dict[str, int]
    notes: tuple[str, ...]


class ConfigView(_View):
    """A config text as it was understood. ``places``: line and column of each key path, from 1."""

    values: dict[str, JsonValue]
    places: dict[str, tuple[int, int]] = {}
