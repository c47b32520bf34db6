"""A job as everybody sees it, and what a submit or a verb answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from jupyter_training.core.job import Preemptible
from jupyter_training.core.lifecycle import AttemptState, Desired, EndReason, JobState, Phase, Seen, Verb
from jupyter_training.schema.base import View
from jupyter_training.schema.experiments import ExperimentView, SearchPlanView

__all__ = [
    "AfterView",
    "ArtifactList",
    "ArtifactView",
    "AttemptView",
    "ConfigView",
    "DataView",
    "EntryView",
    "EtaView",
    "ItemResult",
    "JobPage",
    "JobView",
    "LastCheckpointView",
    "LineageView",
    "MetricView",
    "PlanView",
    "PlannedCall",
    "PlannedFile",
    "PlannedUpload",
    "ProblemDocument",
    "ProblemEntry",
    "ProgressView",
    "RetriesView",
    "ServiceView",
    "StartView",
    "SubmitResult",
    "VerbResult",
]


class MetricView(View):
    last: float | None
    last_step: int
    low: float | None
    low_step: int | None
    high: float | None
    high_step: int | None
    last_time: float  # seconds since the epoch
    count: int
    source: str


class ProgressView(View):
    done: float
    total: float | None
    unit: str
    text: str


class AttemptView(View):
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
    start_step: int | None = None  # of the checkpoint that it went on from
    devices: tuple[str, ...] = ()  # the GPUs that it was given
    stage: str | None = None  # what a service says that it does with it now


class LastCheckpointView(View):
    step: int
    created: str
    count: int  # good ones that are kept


class RetriesView(View):
    used: int
    max: int


class LineageView(View):
    """Another job that this one was made from, or that was made from this one. ``name`` None: it was deleted."""

    job: str
    name: str | None
    relation: Literal["fork", "continue"]
    checkpoint: str | None = None
    step: int | None = None


class ArtifactView(View):
    id: str
    name: str  # the path below the job's output folder
    size: int
    type: str  # MIME type
    modified: str


class EtaView(View):
    """Seconds that are left, as a range: how fast it went lately, and how fast on the whole."""

    low: float
    high: float


class StartView(View):
    """When a waiting job may start, in seconds from now, as a range. ``high`` None: its end can't be told."""

    low: float
    high: float | None


class AfterView(View):
    """A job that this one starts after. ``met``: it has succeeded once. ``name`` None: it was deleted."""

    job: str
    name: str | None
    state: JobState | None
    met: bool


class DataView(View):
    """One value that came along by ``--take``. ``words`` says what it is: "frame 1797 x 65"."""

    name: str
    kind: str
    words: str
    size: int


class EntryView(View):
    kind: Literal["script", "cell", "function"]
    shown_as: str | None


class ArtifactList(View):
    artifacts: tuple[ArtifactView, ...]


class ServiceView(View):
    """A job where a service runs it: its newest attempt, and what all of them came to. Times in seconds.

    ``log_lag``: how old the newest line of its log was when it came; ``saving``: the part of its running that nobody
    pays for, as on spot machines; ``cost`` with its currency: "0.42 USD", None where no price is known.
    """

    backend: str
    machines: str  # "2 × ml.g5.xlarge, spot"
    name: str | None  # of its training job there
    stage: str | None  # what is done with it now, in a few words
    model: str | None  # the URL of what it left, once it has ended
    log_lag: float | None
    billable: float | None
    training: float | None
    cost: str | None
    saving: float | None


class JobView(View):
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
    archived: bool = False
    verbs: tuple[Verb, ...] = ()  # that are legal now
    parent: LineageView | None = None
    children: tuple[LineageView, ...] | None = None  # None in lists
    checkpoint: LastCheckpointView | None = None
    retries: RetriesView = RetriesView(used=0, max=0)
    overrides: dict[str, JsonValue] = Field({})  # parameters that a resume changed; ``params`` has them already
    quiet_after: float | None = None  # seconds without a word after which it is warned of
    warning: str | None = None  # all that is worth a warning; "No report and no log line for 42 min."
    notice: str | None = None  # the part of the warning that does not change by the minute
    position: str = ""  # its place among those of its priority, smaller first; compares as a text
    weight: float = 1.0  # its share, where the pool's policy is fair share
    max_slots: int | None = None  # of all jobs of its experiment together
    preemptible: Preemptible = "auto"
    waiting_since: str | None = None  # of its present wait, or of the one before its latest start
    after: tuple[AfterView, ...] = ()
    start: StartView | None = None  # only while it waits, and only where durations are known
    start_note: str | None = None  # why there is no ``start``: "no history yet"
    service: ServiceView | None = None  # None: it runs on this machine


class SubmitResult(View):
    """The wish's job or, where it has axes to search, its experiment: one of the two.

    ``reused``: an equal one stands for it; ``notes``: what else is worth knowing, in sentences.
    """

    job: JobView | None = None
    experiment: ExperimentView | None = None
    created: bool
    reused: bool = False
    notes: tuple[str, ...] = ()


class JobPage(View):
    jobs: tuple[JobView, ...]
    next: str | None  # cursor of the next page
    counts: dict[str, int]  # jobs by state, all pages


class ProblemEntry(View):
    detail: str
    key: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None


class ProblemDocument(View):
    """RFC 9457, served as application/problem+json."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    hint: str | None = None
    errors: tuple[ProblemEntry, ...] = ()


class ItemResult(View):
    id: str
    ok: bool
    job: JobView | None = None
    problem: ProblemDocument | None = None


class VerbResult(View):
    results: tuple[ItemResult, ...]


class PlannedFile(View):
    path: str
    size: int


class PlannedUpload(View):
    """What goes to a service before the job starts. ``once``: only where its content is not there yet."""

    what: str
    url: str
    size: int
    files: int
    once: bool


class PlannedCall(View):
    """What a submit would send to a service, and what that costs, as a sentence. Nothing was sent."""

    backend: str
    machines: str
    request: dict[str, JsonValue]
    uploads: tuple[PlannedUpload, ...]
    cost: str


class PlanView(View):
    """What a submit would store; nothing was. ``sizes``: bytes of ``code`` and ``data``.

    ``search``: where parameters vary; ``spec`` is then what each of its trials is like. ``service``: what goes where
    a service runs it.
    """

    spec: dict[str, JsonValue]
    pool: str
    priority: int
    files: tuple[PlannedFile, ...]
    data: tuple[DataView, ...]
    sizes: dict[str, int]
    notes: tuple[str, ...]
    search: SearchPlanView | None = None
    service: PlannedCall | None = None


class ConfigView(View):
    """A config text as it was understood. ``places``: line and column of each key path, from 1."""

    values: dict[str, JsonValue]
    places: dict[str, tuple[int, int]] = Field({})
