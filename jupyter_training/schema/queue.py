"""The queue of a pool, what moves a job in it, and pools as they are set."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, JsonValue, WithJsonSchema

from jupyter_training.core.lifecycle import Phase, Verb
from jupyter_training.core.resources import PolicyName, VictimRule
from jupyter_training.schema.amounts import AnyPosition, AnyPriority, AnyWeight
from jupyter_training.schema.answers import PoolView
from jupyter_training.schema.base import Request, View
from jupyter_training.schema.jobs import JobView, ProblemDocument, StartView

__all__ = [
    "AfterRequest",
    "BatchRequest",
    "BatchResult",
    "BatchView",
    "MoveRequest",
    "PoolRequest",
    "QueuePage",
    "QueueRow",
]

_Ref = Annotated[str, Field(min_length=1, max_length=200)]  # an id, a unique prefix of one, a name, or `last`


class QueueRow(View):
    """One job of a pool's queue, waiting or running, at its place in the order.

    ``ahead``: how many stand before it; None where the policy has no order.
    ``acquired``: the slots that it holds now, of the ``slots`` that it needs.
    ``backfilled``: it runs although one before it waits. ``aged``: the priority
    that its waiting has brought it to, where that is another.
    """

    ahead: int | None
    job: str
    type: Literal["job", "trial", "driver"]
    name: str
    experiment: str | None
    priority: int
    aged: int | None
    weight: float
    submitted: str
    waiting_since: str | None
    slots: int
    acquired: int
    gpus: int
    devices: tuple[str, ...]
    state: Literal["queued", "scheduled", "backfilled"]
    phase: Phase
    user: str
    sentence: str
    start: StartView | None
    start_note: str | None
    verbs: tuple[Verb, ...]
    version: int


class QueuePage(View):
    """A part of a pool's queue, first that of the front. ``total``: of all jobs in it; ``next``: a cursor."""

    pool: PoolView
    rows: tuple[QueueRow, ...]
    total: int
    next: str | None


class MoveRequest(Request):
    """Change one thing of jobs: exactly one of all but ``jobs`` and ``notebook``.

    Several jobs keep the order in which they are named. ``position`` counts from
    1 in the whole order of the pool; ``top`` and ``bottom`` are of the job's own
    priority. ``notebook``: whose newest job `last` means.
    """

    jobs: Annotated[tuple[_Ref, ...], Field(min_length=1, max_length=10_000)]
    priority: AnyPriority = Field(None, description="1..99, smaller first; where the pool's policy is priority")
    weight: AnyWeight = Field(None, description="above 0; where the pool's policy is fair_share")
    resource_pool: str | None = None
    ahead_of: _Ref | None = None
    behind_of: _Ref | None = None
    top: bool = False
    bottom: bool = False
    position: AnyPosition = None
    notebook: str | None = None


class BatchRequest(Request):
    """Moves as texts, carried out one after the other: ``job1.priority=1``, ``job3.ahead-of=job1``, ``job2.top``.

    The last dot before an operation divides the job from it; a value may stand
    in quotes. ``atomic``: all of them or none.
    """

    items: Annotated[tuple[Annotated[str, Field(max_length=1000)], ...], Field(min_length=1, max_length=10_000)]
    atomic: bool = False
    notebook: str | None = None


class BatchView(View):
    """What became of one item. ``job``: as it is afterwards; None where nothing was done; ``problem`` says why."""

    item: str
    ok: bool
    job: JobView | None = None
    problem: ProblemDocument | None = None


class BatchResult(View):
    results: tuple[BatchView, ...]


class AfterRequest(Request):
    """The jobs that a waiting job starts after, once all have succeeded; none of them: it waits for nobody."""

    after: Annotated[tuple[_Ref, ...], Field(max_length=1000)] = ()
    notebook: str | None = None


def _words(names: object) -> dict[str, object]:
    """Said in the document of the API; judged where there are words for the near miss."""
    return {"type": "string", "enum": [*get_args(names)]}


class PoolRequest(Request):
    """A pool to be made or changed; what is None stays as it was, or is the default of a new pool.

    Taking slots or devices away stops nothing that runs; it only starts less.
    Of a pool that a service gives, ``slots`` is the most that it may have.
    ``gpus``: as many devices, the machine's first ones. For ``cpus``, ``memory``
    and ``aging`` 0 means that it is not told, or off. ``is_found``: its capacity
    is what the machine has. ``is_new``: it must not be there with other values;
    false: it must be there.
    """

    name: str
    backend: str | None = None
    slots: int | None = Field(None, ge=0, le=100_000)
    policy: Annotated[str, WithJsonSchema(_words(PolicyName))] | None = None
    gpus: int | None = Field(None, ge=0, le=1000)
    devices: Annotated[tuple[str, ...], Field(max_length=1000)] | None = None
    cpus: float | None = Field(None, ge=0, allow_inf_nan=False)
    memory: int | str | None = Field(None, description="bytes, or a text like 64G")
    options: dict[str, JsonValue] | None = Field(None, description="of its backend: an instance type, a region")
    preemption: bool | None = None
    victim: Annotated[str, WithJsonSchema(_words(VictimRule))] | None = None
    aging: float | str | None = Field(None, description="seconds of waiting that count as one priority, or 30m, or off")
    is_default: bool | None = None
    is_found: bool | None = None
    is_new: bool | None = None
