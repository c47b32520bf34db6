"""What an opened store remembers between calls. Each part knows the change it is as of, so nothing goes stale."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from jupyter_training.core.lifecycle import JobState

if TYPE_CHECKING:
    from jupyter_training.store.queue import Unfinished

__all__ = ["Memory"]


@dataclass(eq=False)
class Memory:
    """The unfinished jobs (see ``queue``), and the number of jobs in each state: of their own, and of searches."""

    turn: Lock = field(default_factory=Lock)
    unfinished: Unfinished | None = None
    counts: tuple[int, tuple[dict[JobState, int], dict[JobState, int]]] | None = None  # as of which change
