"""One line of the ordered change log. What changed, not how: readers fetch the new state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jupyter_training.core.ids import JobId

__all__ = ["Change", "ChangeKind"]


class ChangeKind(StrEnum):
    SUBMITTED = "submitted"
    WISH = "wish"  # desired, priority, position
    ATTEMPT = "attempt"  # launched, running, stopping, ended, seen
    STATE = "state"  # the job's own state
    POINTS = "points"  # one per job and ingest batch
    RUN = "run"  # its record in MLflow is known or complete
    POOL = "pool"
    CHECKPOINT = "checkpoint"  # one was committed, removed, or found damaged
    EXPERIMENT = "experiment"  # the job drives one, and that one's own state or a trial's outcome changed
    GONE = "gone"  # the job was deleted: no reader sees it any more


@dataclass(frozen=True)
class Change:
    """``n`` grows without end; a reader that has seen n asks for what came after."""

    n: int
    kind: ChangeKind
    job: JobId | None
    at: float
