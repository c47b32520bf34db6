"""What every tracker must keep to: one test for each sentence of the seam.

    class TestMine(TrackerContract):
        def tracker(self) -> Tracker: ...          # a new one each time, on the same record
        def kept(self, run_id) -> RecordedRun: ... # what the record has, read independently
        def remove(self, run_id) -> None: ...      # what a person does who deletes a run
        ...

Needs pytest. Points are given with whole milliseconds, the least that any
record resolves.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, BundleFile, Entry, Instant, Job, JobSpec, Origin
from jupyter_training.core.lifecycle import AttemptState, Desired, EndReason, JobState, Seen
from jupyter_training.core.metric import Point
from jupyter_training.core.resources import Allocation
from jupyter_training.seams.tracker import Findings, Kinship, RunLost, RunRef, RunRemoved, Tracker
from jupyter_training.testing.recording_tracker import RecordedRun

__all__ = ["CODE", "TrackerContract", "a_recorded_job"]

CODE = b"print('trained')\n"
_BEGAN = 1_700_000_000.0


def a_recorded_job(job_id: str, **changes: object) -> Job:
    """A job that runs since a known moment. ``changes`` are fields of Job."""
    file = BundleFile(path="train.py", sha256=hashlib.sha256(CODE).hexdigest(), size=len(CODE))
    spec = JobSpec(
        name="digits",
        entry=Entry(kind="script", path="train.py"),
        files=(file,),
        params={"lr": 0.1, "layers": [64, 32], "note": "first"},
        tags={"team": "vision"},
    )
    job = Job(
        id=JobId(job_id),
        seq=1,
        key=f"key-{job_id}",
        spec=spec,
        spec_hash=spec.hash,
        origin=Origin(user="ada", notebook="work/first.ipynb"),
        pool="local",
        priority=42,
        position="5",
        desired=Desired.RUN,
        generation=0,
        holds=frozenset(),
        state=JobState.RUNNING,
        reason=None,
        detail=None,
        submitted=Instant(_BEGAN - 5),
        started=Instant(_BEGAN),
        ended=None,
        attempt=1,
        version=1,
    )
    return replace(job, **changes)  # type: ignore[arg-type]


def an_ended_job(job_id: str, state: JobState, reason: EndReason) -> Job:
    return a_recorded_job(job_id, state=state, reason=reason, ended=Instant(_BEGAN + 60))


class TrackerContract:
    """Subclass it, with the three methods of the module's docstring."""

    def tracker(self) -> Tracker:
        raise NotImplementedError

    def kept(self, run_id: str) -> RecordedRun:
        raise NotImplementedError

    def remove(self, run_id: str) -> None:
        raise NotImplementedError

    def test_each_job_has_a_run_of_its_own(self) -> None:
        tracker = self.tracker()
        assert tracker.begin(a_recorded_job("jobaaaaaaa")).run_id != tracker.begin(a_recorded_job("jobaaaaaab")).run_id

    def test_begin_finds_the_run_that_an_earlier_mirror_made(self) -> None:
        job = a_recorded_job("jobbbbbbbb")
        assert self.tracker().begin(job).run_id == self.tracker().begin(job).run_id

    def test_describe_keeps_parameters_tags_spec_and_code_and_may_be_repeated(self) -> None:
        tracker, job = self.tracker(), a_recorded_job("jobccccccc")
        run = tracker.begin(job)
        tracker.describe(run, job)
        tracker.describe(run, job)
        kept = self.kept(run.run_id)
        assert {"lr": "0.1", "layers": "[64, 32]", "note": "first"} == kept.params
        assert "vision" == kept.tags["team"]
        assert {"spec.json", "code/train.py"} <= kept.files

    def test_points_keep_their_order_step_time_and_value(self) -> None:
        tracker, job = self.tracker(), a_recorded_job("jobddddddd")
        run = tracker.begin(job)
        tracker.write(run, _points(2500))
        kept = self.kept(run.run_id).points
        assert [("loss", step, _BEGAN + step / 1000, 1 / (1 + step)) for step in range(2500)] == kept

    def test_a_repeated_batch_adds_nothing(self) -> None:
        tracker, job = self.tracker(), a_recorded_job("jobeeeeeee")
        run = tracker.begin(job)
        tracker.write(run, _points(1200))
        again = self.tracker()
        again.write(run, _points(1200))
        again.write(run, _points(1300)[1100:])
        assert list(range(1300)) == [step for _, step, _, _ in self.kept(run.run_id).points]

    def test_a_gap_is_kept_once(self) -> None:
        tracker, job = self.tracker(), a_recorded_job("jobfffffff")
        run = tracker.begin(job)
        gap = [Point("loss", 1, _BEGAN, 0.5), Point("loss", 2, _BEGAN + 1, None), Point("loss", 3, _BEGAN + 2, 0.0)]
        tracker.write(run, gap)
        tracker.write(run, gap)
        values = [value for _, _, _, value in self.kept(run.run_id).points]
        assert 3 == len(values)
        assert [0.5, 0.0] == [value for value in values if not math.isnan(value)]

    def test_an_odd_name_does_not_cost_the_others(self) -> None:
        tracker, job = self.tracker(), a_recorded_job("jobggggggg")
        run = tracker.begin(job)
        odd = ["../up", "a//b", "", "100%", "x" * 400, "naïve λ", "line\nbreak", "/"]
        tracker.write(run, [Point(name, 1, _BEGAN, 1.0) for name in [*odd, "loss"]])
        assert "loss" in {name for name, _, _, _ in self.kept(run.run_id).points}

    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            (JobState.SUCCEEDED, EndReason.COMPLETED),
            (JobState.FAILED, EndReason.ERROR),
            (JobState.CANCELED, EndReason.KILLED),
        ],
    )
    def test_the_end_is_the_jobs_own_whatever_stood_there(self, state: JobState, reason: EndReason) -> None:
        tracker, running = self.tracker(), a_recorded_job(f"jobh{state.value:a<6.6}")
        run = tracker.begin(running)
        other = an_ended_job(
            running.id, JobState.FAILED if state is not JobState.FAILED else JobState.SUCCEEDED, reason
        )
        tracker.end(run, other, log=None, outputs=None)
        tracker.end(run, an_ended_job(running.id, state, reason), log=None, outputs=None)
        kept = self.kept(run.run_id)
        assert (state, _BEGAN + 60) == (kept.state, kept.ended)

    def test_a_run_that_goes_on_is_open_again_and_ends_anew(self) -> None:
        tracker, running = self.tracker(), a_recorded_job("jobkkkkkkk")
        run = tracker.begin(running)
        tracker.write(run, _points(3))
        tracker.end(run, an_ended_job(running.id, JobState.FAILED, EndReason.ERROR), log=None, outputs=None)
        again = replace(running, attempt=2, overrides={"lr": 0.5, "momentum": 0.9})
        for _ in range(2):
            tracker.go_on(run, again, [_attempt(running.id, 1, None), _attempt(running.id, 2, 10)])
        kept = self.kept(run.run_id)
        assert (None, [(2, 10)]) == (kept.state, kept.resumed)
        assert {"lr": ("0.1", "0.5"), "momentum": ("not set", "0.9")} == kept.overrides
        ended = replace(again, state=JobState.SUCCEEDED, reason=EndReason.COMPLETED, ended=Instant(_BEGAN + 90))
        tracker.go_on(run, ended, [])
        tracker.end(run, ended, log=None, outputs=None)
        kept = self.kept(run.run_id)
        assert (JobState.SUCCEEDED, _BEGAN + 90, 3) == (kept.state, kept.ended, len(kept.points))

    def test_a_step_that_was_done_again_is_kept_beside_the_first(self) -> None:
        tracker, job = self.tracker(), a_recorded_job("joblllllll")
        run = tracker.begin(job)
        tracker.write(run, [Point("loss", 1, _BEGAN, 0.5), Point("loss", 1, _BEGAN + 60, 0.4)])
        assert [(1, _BEGAN, 0.5), (1, _BEGAN + 60, 0.4)] == [point[1:] for point in self.kept(run.run_id).points]

    def test_a_run_is_found_by_its_job_until_it_is_removed(self) -> None:
        tracker, job = self.tracker(), a_recorded_job("jobnnnnnnn")
        assert tracker.find(job.id) is None
        run = tracker.begin(job)
        found = self.tracker().find(job.id)
        assert found is not None
        assert run.run_id == found.run_id
        tracker.remove(found)
        assert tracker.find(job.id) is None

    def test_a_removed_run_is_gone_and_may_be_removed_again(self) -> None:
        tracker, job = self.tracker(), a_recorded_job("jobmmmmmmm")
        run = tracker.begin(job)
        tracker.remove(run)
        tracker.remove(run)
        tracker.remove(RunRef("1", "0123456789abcdef0123456789abcdef"))
        with pytest.raises(RunRemoved):
            tracker.write(run, _points(1))

    def test_the_runs_of_a_search_have_its_tag_and_their_parent(self) -> None:
        tracker = self.tracker()
        driver, trial = a_recorded_job("jobooooooo"), a_recorded_job("jobooooooa")
        parent, child = tracker.begin(driver), tracker.begin(trial)
        for _ in range(2):
            tracker.relate(parent, Kinship(1_700_000_007, params={"space.lr": "loguniform(1e-4, 0.1)"}))
            tracker.relate(child, Kinship(1_700_000_007, parent))
        above, below = self.kept(parent.run_id), self.kept(child.run_id)
        assert (1_700_000_007, None) == (above.tag, above.parent)
        assert (1_700_000_007, parent.run_id) == (below.tag, below.parent)
        assert "loguniform(1e-4, 0.1)" == above.params["space.lr"]

    def test_what_a_search_found_is_kept_and_what_it_finds_later_stands_beside(self) -> None:
        tracker, driver = self.tracker(), a_recorded_job("jobppppppp")
        run = tracker.begin(driver)
        files = {"results.csv": "trial_id\n0\n", "optimization_results.yaml": "name: digits\n"}
        first = Findings(
            Instant(_BEGAN + 60), 4, trial=2, params={"lr": 0.1, "depth": 3}, metrics={"loss": 0.25}, files=files
        )
        tracker.conclude(run, first)
        tracker.conclude(run, first)
        kept = self.kept(run.run_id)
        assert ("0.1", "3") == (kept.params["best_lr"], kept.params["best_depth"])
        assert {"best_loss": 0.25} == kept.best
        assert set(files) <= kept.files
        tracker.conclude(run, replace(first, at=Instant(_BEGAN + 90), trials=9, params={"lr": 0.2, "depth": 3}))
        kept = self.kept(run.run_id)
        assert ({"best_lr": ("0.1", "0.2")}, "3") == (kept.overrides, kept.params["best_depth"])

    def test_log_and_outputs_are_kept(self, tmp_path: Path) -> None:
        outputs = tmp_path / "outputs"
        (outputs / "deep").mkdir(parents=True)
        (outputs / "model.bin").write_bytes(b"weights")
        (outputs / "deep" / "note.txt").write_text("kept")
        log = tmp_path / "log.txt"
        log.write_text("line\n")
        tracker, job = self.tracker(), an_ended_job("jobiiiiiii", JobState.SUCCEEDED, EndReason.COMPLETED)
        run = tracker.begin(job)
        tracker.end(run, job, log=log, outputs=outputs)
        tracker.end(run, job, log=log, outputs=outputs)
        assert {"log.txt", "outputs/model.bin", "outputs/deep/note.txt"} <= self.kept(run.run_id).files

    def test_an_unknown_run_is_lost(self) -> None:
        with pytest.raises(RunLost):
            self.tracker().write(RunRef("1", "0123456789abcdef0123456789abcdef"), _points(1))

    def test_a_deleted_run_is_left_so(self) -> None:
        tracker, job = self.tracker(), an_ended_job("jobjjjjjjj", JobState.SUCCEEDED, EndReason.COMPLETED)
        run = tracker.begin(job)
        self.remove(run.run_id)
        with pytest.raises(RunRemoved):
            tracker.write(run, _points(1))
        with pytest.raises(RunRemoved):
            tracker.end(run, job, log=None, outputs=None)


def _attempt(job: JobId, number: int, start_step: int | None) -> Attempt:
    return Attempt(
        job=job,
        number=number,
        state=AttemptState.ENDED,
        seen=Seen.GONE,
        reason=EndReason.ERROR,
        detail=None,
        exit_code=1,
        signal=None,
        allocation=Allocation("local", 1),
        handle=None,
        token="proof",  # noqa: S106 (no secret: a test's)
        created=Instant(_BEGAN),
        started=Instant(_BEGAN),
        stopping=None,
        ended=Instant(_BEGAN + 60),
        start_step=start_step,
    )


def _points(count: int) -> list[Point]:
    return [Point("loss", step, _BEGAN + step / 1000, 1 / (1 + step)) for step in range(count)]
