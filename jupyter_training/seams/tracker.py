"""Where the record for people is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Job
from jupyter_training.core.metric import Point

__all__ = ["RunLost", "RunRef", "RunRemoved", "Tracker", "TrackerUnavailable"]


class TrackerUnavailable(Exception):
    """It can't be reached, or does not answer as it should. Try again later; nothing is lost."""


class RunLost(Exception):
    """It answers, and does not know the run: another server, or one that was emptied. Begin again."""


class RunRemoved(Exception):
    """A person deleted the run. It is left so."""


@dataclass(frozen=True)
class RunRef:
    """A job's record, as its tracker names it."""

    experiment_id: str
    run_id: str
    artifact_uri: str | None = None


class Tracker(Protocol):
    """Keeps one run per job. Every call may be repeated after a crash without doubling anything.

    Every call may raise TrackerUnavailable; all but ``begin`` also RunLost and
    RunRemoved. What a tracker refuses for its content (a name it can't hold)
    it leaves out and logs: one odd value must not stop a record.
    """

    def begin(self, job: Job) -> RunRef:
        """The job's run, found by the job's id or created. Quick: a job may be waiting for it."""

    def describe(self, run: RunRef, job: Job) -> None:
        """Keep what the job is: its parameters, its spec, its code."""

    def go_on(self, run: RunRef, job: Job, attempts: Sequence[Attempt]) -> None:
        """Say which attempts went on from which step, and which parameters a resume changed.

        The run of a job that has not ended is open again, whatever stood there.
        """

    def write(self, run: RunRef, points: Sequence[Point]) -> None:
        """Add points, in their order. Repeating a batch adds nothing."""

    def end(self, run: RunRef, job: Job, *, log: Path | None, outputs: Path | None) -> None:
        """Keep the log and the outputs, then set the terminal status from the job's state.

        The status comes last, and overrides what anybody else has set.
        """

    def find(self, job: JobId) -> RunRef | None:
        """The run that was begun for a job, which may be no more itself. None: there is none, or it was deleted."""

    def remove(self, run: RunRef) -> None:
        """Delete the run, as a person would, and its files where they are ours.

        One that is unknown or deleted already is no fault.
        """
