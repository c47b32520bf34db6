"""Where the record for people is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.metric import Point

__all__ = ["Findings", "Kinship", "RunLost", "RunRef", "RunRemoved", "Tracker", "TrackerUnavailable"]


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


@dataclass(frozen=True)
class Kinship:
    """That a job belongs to a search.

    ``tag`` is the same for all jobs of one search, and for no other. ``parent``: the run of the job that drives it;
    None for that job itself, whose ``params`` say what the search is like.
    """

    tag: int
    parent: RunRef | None = None
    params: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Findings:
    """What a search came to. ``trial`` is the best one's number; ``files`` are texts by name."""

    at: Instant
    trials: int
    trial: int | None = None
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


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

    def relate(self, run: RunRef, kinship: Kinship) -> None:
        """Say to which search the run belongs; those of one search are found together."""

    def conclude(self, run: RunRef, findings: Findings) -> None:
        """Keep what a search found, on the run of the job that drives it; later findings stand beside earlier ones."""

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
