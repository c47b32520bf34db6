"""Where attempts execute.

Three things hold for every engine behind this seam: the attempt's own name
(job, number and token) identifies it, never a pid or an engine's number alone;
the attempt writes its own terminal record; a stop request is remembered where
the attempt can find it. "No answer" is ``Seen.UNKNOWN``, never gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, JobSpec
from jupyter_training.core.lifecycle import AttemptState, EndReason, Seen, StopHow
from jupyter_training.core.resources import Allocation, Capacity, Pool
from jupyter_training.core.retention import Checkpoint

__all__ = ["AttemptRef", "Backend", "End", "LaunchOrder", "Observation", "Standing", "StopHow"]


@dataclass(frozen=True)
class AttemptRef:
    """What names an attempt to a backend. ``handle`` is None until a launch was recorded."""

    job: JobId
    number: int
    token: str
    handle: str | None


@dataclass(frozen=True)
class LaunchOrder:
    """All that a backend needs to start an attempt."""

    ref: AttemptRef
    spec: JobSpec  # as it was submitted, but for the policy of its checkpoints, which is the one that holds now
    allocation: Allocation
    store_id: str
    key: str  # of the submission; the values of its ``pass_env`` are kept under it
    params: Mapping[str, JsonValue] = field(default_factory=dict)  # the spec's, with what a resume changed
    checkpoints: tuple[Checkpoint, ...] = ()  # good ones, the one to go on from in front
    known_checkpoints: tuple[str, ...] = ()  # names of all that were told of, also the damaged and removed ones
    base_step: int = 0  # where ``checkpoint.steps(n)`` counts from
    pool_options: Mapping[str, JsonValue] = field(default_factory=dict)  # of the pool that the allocation is of
    hides_devices: bool = False  # the backend's devices are given out, and none that was not given may be seen
    spent: float = 0.0  # seconds that earlier attempts ran, of a job that may run so long in all (``cost_within``)


@dataclass(frozen=True)
class End:
    """How an attempt ended, as far as anybody knows. ``detail`` is a sentence that replaces the reason's own.

    ``final``: whatever the job's retries say, it is not begun again by itself.
    """

    reason: EndReason
    detail: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    peak_memory: int | None = None
    final: bool = False


@dataclass(frozen=True)
class Observation:
    """One attempt as its backend sees it now. ``end`` is set once, when nothing of it is left."""

    ref: AttemptRef
    seen: Seen
    state: AttemptState
    started: Instant | None = None
    end: End | None = None
    figures: dict[str, float] = field(default_factory=dict)
    stage: str | None = None  # what a service does with it now, in a few words; None: there is nothing to say
    age: float | None = None  # seconds that it has run, by a clock that never jumps; None where nobody knows
    is_heard: bool = True  # what it says would be here; False: its silence says nothing of it


@dataclass(frozen=True)
class Standing:
    """How many slots a pool has now, and why not more, as a sentence."""

    slots: int
    remark: str | None = None


class Backend(Protocol):
    """Launches, observes and stops attempts. Every call may be repeated.

    None of them waits for a network: the dispatcher asks many times a second,
    and other backends' jobs wait for its answer. A backend that speaks to a
    service does so in a thread of its own, and answers from what that has found.
    """

    name: str

    def capacity(self) -> Capacity | None:
        """What there is here for jobs, looked up now; None where only people can tell."""

    def standings(self, pools: Sequence[Pool]) -> Mapping[str, Standing]:
        """What those of its pools have now whose capacity is found; a pool that is left out stays as it is."""

    def launch(self, order: LaunchOrder) -> str:
        """Start the attempt and return its handle.

        A second launch of the same attempt starts nothing twice and returns an
        equal handle.

        Raises:
            LaunchFailed: it can never start as it is (no interpreter, no folder).
        """

    def observe(self, refs: Sequence[AttemptRef]) -> list[Observation]:
        """Look at attempts; one observation each, in the same order. Never raises for a single attempt."""

    def stop(self, ref: AttemptRef, how: StopHow, grace: float) -> None:
        """Ask the attempt to end. Remembered by the attempt; a stronger request replaces a weaker one."""

    def void(self, ref: AttemptRef) -> bool:
        """Make sure that an attempt that has not begun never will. False: it was claimed already."""

    def close(self) -> None:
        """Leave office: whatever this backend does besides its calls ends, soon, and what runs goes on.

        Its successor may be in the same process, and both would do everything
        twice. Nothing else is called afterwards. Never raises.
        """
