"""What a job needs, what a pool has, and what an attempt was given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Allocation", "Pool", "Resources"]


class Resources(BaseModel):
    """A job's need. 0 slots = runs beside everything else (a driver, a download)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slots: int = Field(1, ge=0, le=100_000)
    gpus: int = Field(0, ge=0, le=100_000)
    cpus: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    memory: Annotated[int, Field(gt=0)] | None = None  # bytes


@dataclass(frozen=True)
class Pool:
    """Capacity of one backend instance."""

    name: str
    backend: str
    slots: int
    policy: str = "priority"


@dataclass(frozen=True)
class Allocation:
    """The slots and devices given to one attempt, until it has ended."""

    pool: str
    slots: int
    devices: tuple[int, ...] = ()
