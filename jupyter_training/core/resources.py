"""What a job needs, what a pool has, and what an attempt was given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AT_MOST",
    "LOCAL",
    "MEMORY_MOST",
    "Allocation",
    "Capacity",
    "Need",
    "PolicyName",
    "Pool",
    "Resources",
    "VictimRule",
]

LOCAL = "local"  # this machine's backend, and its own pool, which is always there

PolicyName = Literal["priority", "fair_share"]
VictimRule = Literal["last", "cheapest"]

AT_MOST = "at_most"  # among a pool's options: slots that a person lets it have, where its service would give more
MEMORY_MOST = 1 << 62  # bytes, of a job and of a pool: what a plan adds up, and a column holds


class Need(NamedTuple):
    """What is taken from a pool, as one value to compare and to group by. ``memory`` in bytes, 0 = not told."""

    slots: int = 0
    gpus: int = 0
    cpus: float = 0.0
    memory: int = 0


class Resources(BaseModel):
    """A job's need. Without slots and GPUs it runs beside everything else (a driver, a download)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slots: int = Field(1, ge=0, le=100_000)
    gpus: int = Field(0, ge=0, le=100_000)
    cpus: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] | None = None
    memory: Annotated[int, Field(gt=0, le=MEMORY_MOST)] | None = None  # bytes
    max_slots: Annotated[int, Field(ge=1, le=100_000)] | None = None  # of all jobs of its experiment together

    @property
    def need(self) -> Need:
        return Need(self.slots, self.gpus, self.cpus or 0.0, self.memory or 0)


@dataclass(frozen=True)
class Pool:
    """Capacity of one backend instance, and the policy by which it is given out.

    ``devices`` are ids as the backend's jobs know them: CUDA's numbers or UUIDs
    for this machine. Pools of one backend may share devices; each is given to
    one attempt at a time. ``cpus`` and ``memory`` (bytes) are counted where they
    are told. ``aging``: seconds of waiting that count as one priority better.
    """

    name: str
    backend: str
    slots: int
    policy: PolicyName = "priority"
    devices: tuple[str, ...] = ()
    cpus: float | None = None
    memory: int | None = None
    preemption: bool = False
    victim: VictimRule = "last"
    aging: float | None = None
    is_default: bool = False  # where jobs go that name no pool
    is_found: bool = False  # its capacity is what the backend says that there is: a machine's CPUs, an account's quota
    options: dict[str, Any] = field(default_factory=dict)  # of its backend: an instance type, a region
    remark: str | None = None  # why it has no more slots now, by its backend, as a sentence

    def limited(self, slots: int) -> int:
        """So many slots, but no more than a person lets it have."""
        most = self.options.get(AT_MOST)
        return slots if not isinstance(most, int) else min(slots, most)

    @property
    def is_served(self) -> bool:
        """Whether a service says what it has, which may change at any time; a machine has what it has."""
        return self.is_found and self.backend != LOCAL


@dataclass(frozen=True)
class Capacity:
    """What a backend itself says that there is. ``memory`` in bytes, None = not known.

    ``devices`` None: there is nobody to ask, or somebody who did not answer;
    then ``fault`` says why, without a full stop. ``uuids`` has each device's.
    """

    cpus: float
    memory: int | None = None
    devices: tuple[str, ...] | None = None
    fault: str | None = None
    uuids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Allocation:
    """The slots and devices given to one attempt, until it has ended."""

    pool: str
    slots: int
    devices: tuple[str, ...] = ()
