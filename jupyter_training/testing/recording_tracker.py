"""A tracker that remembers in memory, to see what a mirror tells a tracker."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Job
from jupyter_training.core.lifecycle import TERMINAL, JobState
from jupyter_training.core.metric import Point
from jupyter_training.seams.tracker import Findings, Kinship, RunLost, RunRef, RunRemoved, TrackerUnavailable

__all__ = ["RecordedRun", "RecordingTracker"]


@dataclass
class RecordedRun:
    """What one run has come to. ``points``: (name, step, time, value), each once, in their order; a gap is NaN."""

    job: JobId
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: list[tuple[str, int, float, float]] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    state: JobState | None = None  # None: not ended
    ended: float | None = None
    resumed: list[tuple[int, int]] = field(default_factory=list)  # attempts and the steps that they went on from
    overrides: dict[str, tuple[str, str]] = field(default_factory=dict)  # before and after
    tag: int | None = None  # of its search
    parent: str | None = None  # the run of what drives it
    best: dict[str, float] = field(default_factory=dict)  # of a search


class RecordingTracker:
    """Keeps runs in ``runs`` by their id. ``is_down``: everything raises TrackerUnavailable. ``calls``: in order."""

    def __init__(self) -> None:
        self.runs: dict[str, RecordedRun] = {}
        self.removed: set[str] = set()
        self.is_down = False
        self.calls: list[tuple[str, JobId]] = []

    def begin(self, job: Job) -> RunRef:
        self._called("begin", job.id)
        for run_id, run in self.runs.items():
            if run.job == job.id:
                return RunRef("experiment", run_id)
        run_id = f"run-{len(self.runs) + 1}"
        self.runs[run_id] = RecordedRun(job.id)
        return RunRef("experiment", run_id)

    def describe(self, run: RunRef, job: Job) -> None:
        kept = self._run("describe", run)
        kept.params.update({name: str(value) for name, value in job.spec.params.items()})
        kept.tags.update(job.spec.tags)
        kept.files.update({"spec.json", *(f"code/{file.path}" for file in job.spec.files)})

    def relate(self, run: RunRef, kinship: Kinship) -> None:
        kept = self._run("relate", run)
        kept.tag, kept.parent = kinship.tag, kinship.parent.run_id if kinship.parent is not None else None
        kept.params.update({name: str(value) for name, value in kinship.params.items()})

    def conclude(self, run: RunRef, findings: Findings) -> None:
        kept = self._run("conclude", run)
        for name, value in findings.params.items():
            before = kept.params.setdefault(f"best_{name}", str(value))
            if before != str(value):
                kept.overrides[f"best_{name}"] = (before, str(value))
        kept.best.update({f"best_{name}": value for name, value in findings.metrics.items()})
        kept.files.update(findings.files)

    def go_on(self, run: RunRef, job: Job, attempts: Sequence[Attempt]) -> None:
        kept = self._run("go_on", run)
        steps = [(one.number, one.start_step) for one in attempts if one.start_step is not None]
        kept.resumed = steps or kept.resumed
        before = {name: str(value) for name, value in job.spec.params.items()}
        kept.overrides = {name: (before.get(name, "not set"), str(value)) for name, value in job.overrides.items()}
        if job.state not in TERMINAL:
            kept.state = None

    def write(self, run: RunRef, points: Sequence[Point]) -> None:
        kept = self._run("write", run)
        there = {_key(point) for point in kept.points}
        for one in points:
            point = (one.name, one.step, one.time, math.nan if one.value is None else one.value)
            if _key(point) not in there:
                there.add(_key(point))
                kept.points.append(point)

    def end(self, run: RunRef, job: Job, *, log: Path | None, outputs: Path | None) -> None:
        kept = self._run("end", run)
        if log is not None:
            kept.files.add(log.name)
        if outputs is not None:
            kept.files.update(f"outputs/{path.relative_to(outputs)}" for path in outputs.rglob("*") if path.is_file())
        kept.state, kept.ended = job.state, job.ended

    def find(self, job: JobId) -> RunRef | None:
        self._called("find", job)
        found = [run_id for run_id, run in self.runs.items() if run.job == job and run_id not in self.removed]
        return RunRef("experiment", found[0]) if found else None

    def remove(self, run: RunRef) -> None:
        self._called("remove", self.runs[run.run_id].job if run.run_id in self.runs else JobId(""))
        self.removed.add(run.run_id)

    def _run(self, call: str, run: RunRef) -> RecordedRun:
        kept = self.runs.get(run.run_id)
        self._called(call, kept.job if kept is not None else JobId(""))
        if kept is None:
            raise RunLost(f"there is no run {run.run_id!r}")
        if run.run_id in self.removed:
            raise RunRemoved(f"the run {run.run_id!r} was deleted")
        return kept

    def _called(self, call: str, job: JobId) -> None:
        self.calls.append((call, job))
        if self.is_down:
            raise TrackerUnavailable("it is down")


def _key(point: tuple[str, int, float, float]) -> tuple[str, int, float, float | None]:
    name, step, time, value = point
    return name, step, time, None if math.isnan(value) else value
