"""What a plan looks at, and what it decides: jobs that wait, attempts that hold something, and decisions on both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, Desired, Seen, StopHow
from jupyter_training.core.resources import Allocation, Need

__all__ = ["ActiveAttempt", "Decision", "Finish", "Order", "Place", "QueuedJob", "Start", "Stop"]

Place = tuple[str, int, JobId]  # (position, seq, id): where a job stands within its priority
Order = tuple[int, str, int, JobId]  # the same behind its priority: where it stands in its pool


@dataclass(frozen=True)
class QueuedJob:
    """A job that waits for an attempt."""

    id: JobId
    name: str
    pool: str
    priority: int
    position: str
    seq: int
    slots: int
    desired: Desired
    held: bool = False
    gpus: int = 0
    cpus: float = 0.0  # 0: not told, and not counted
    memory: int = 0  # bytes, likewise
    unmet: int = 0  # how many jobs have to succeed before it may start
    preemptible: bool = False  # it could be stopped right after its start, and would go on
    waiting_since: Instant | None = None
    experiment: str | None = None
    max_slots: int | None = None  # of its experiment
    weight: float = 1.0
    user: str = ""

    @property
    def place(self) -> Place:
        return (self.position, self.seq, self.id)

    @property
    def order(self) -> Order:
        return (self.priority, self.position, self.seq, self.id)

    @property
    def need(self) -> Need:
        return Need(self.slots, self.gpus, self.cpus, self.memory)

    @property
    def needs_room(self) -> bool:
        """False: it runs beside everything else and is never counted."""
        return self.slots > 0 or self.gpus > 0

    @property
    def may_start(self) -> bool:
        return self.desired is Desired.RUN and not self.held and self.unmet == 0

    @property
    def group(self) -> str:
        """Whose share it takes part in: its experiment's, or its own."""
        return self.experiment if self.experiment is not None else self.id


@dataclass(frozen=True)
class ActiveAttempt:
    """An attempt that has not ended, with what a plan needs to know of its job.

    ``deadline``: when its time limit is reached; ``hang_at``: when it counts as hung, unless it says something
    before. The last seconds are what a preemption would cost, as far as it is known.
    """

    job: JobId
    name: str
    number: int
    state: AttemptState
    seen: Seen
    desired: Desired
    allocation: Allocation
    stop_asked: StopHow | None
    deadline: Instant | None = None
    discard: bool = False  # a pause need not wait for a checkpoint
    hang_at: Instant | None = None
    priority: int = 42
    position: str = ""
    seq: int = 0
    cpus: float = 0.0
    memory: int = 0
    preemptible: bool = False
    waited: float = 0.0  # seconds, before this attempt
    created: float = 0.0
    experiment: str | None = None
    max_slots: int | None = None
    weight: float = 1.0
    user: str = ""
    saved: Instant | None = None  # its newest checkpoint's time
    save_seconds: float = 0.0
    restore_seconds: float = 0.0

    @property
    def id(self) -> JobId:
        return self.job

    @property
    def pool(self) -> str:
        return self.allocation.pool

    @property
    def place(self) -> Place:
        return (self.position, self.seq, self.job)

    @property
    def order(self) -> Order:
        return (self.priority, self.position, self.seq, self.job)

    @property
    def needs_room(self) -> bool:
        return self.allocation.slots > 0 or bool(self.allocation.devices)

    @property
    def group(self) -> str:
        return self.experiment if self.experiment is not None else self.job

    @property
    def is_stopping(self) -> bool:
        return self.stop_asked is not None or self.state is AttemptState.STOPPING


@dataclass(frozen=True)
class Start:
    job: JobId
    allocation: Allocation


@dataclass(frozen=True)
class Stop:
    """Ask an attempt to end: gracefully, at once, since its time is up, or to make room."""

    job: JobId
    number: int
    how: StopHow


@dataclass(frozen=True)
class Finish:
    """A job that is to be stopped and has no attempt: it ends without having run."""

    job: JobId
    how: Literal["cancel", "kill"]


Decision = Start | Stop | Finish
