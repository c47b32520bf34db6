"""Where the record for people is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jupyter_training.core.job import Job
from jupyter_training.core.metric import Point

__all__ = ["RunRef", "Tracker"]


@dataclass(frozen=True)
class RunRef:
    """A job's record, as its tracker names it."""

    experiment_id: str
    run_id: str
    artifact_uri: str | None = None


class Tracker(Protocol):
    """Keeps one run per job. Every call may be repeated after a crash without doubling anything."""

    def begin(self, job: Job) -> RunRef:
        """The job's run, found by the job's id or created."""

    def write(self, run: RunRef, points: Sequence[Point]) -> None:
        """Add points, in their order. Repeating a batch adds nothing."""

    def end(self, run: RunRef, job: Job, *, log: Path | None, outputs: Path | None) -> None:
        """Keep the log and the outputs and set the terminal status from the job's state."""
