"""What an opened store remembers between calls. Each part knows the change it is as of, so nothing goes stale."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Job
from jupyter_training.core.lifecycle import JobState

__all__ = ["Memory"]


@dataclass(eq=False)
class Memory:
    """The unfinished jobs (see ``queue``) and the number of jobs in each state."""

    turn: Lock = field(default_factory=Lock)
    queue: dict[JobId, tuple[Job, Attempt | None]] = field(default_factory=dict)
    queue_at: int | None = None  # the change that ``queue`` is as of; None: never read
    counts: tuple[int, dict[JobState, int]] | None = None  # as of which change
