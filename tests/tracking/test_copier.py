"""The mirror with another tracker in MLflow's place: what it asks of one, and in which order."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import EndReason, JobState, Verb
from jupyter_training.seams.tracker import RunRef, TrackerUnavailable
from jupyter_training.store import checkpoints, record, removals, verbs
from jupyter_training.store.supersede import TOLD, Restart
from jupyter_training.testing.recording_tracker import RecordingTracker
from jupyter_training.tracking.copier import Copier
from jupyter_training.tracking.mirror import Mirror
from jupyter_training.tracking.patience import Patience
from tests.tracking.stage import Stage, curve


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path / "home", idle_exit=0.0)
    yield stage
    stage.close()


@pytest.fixture
def tracker() -> RecordingTracker:
    return RecordingTracker()


def mirror(stage: Stage, tracker: RecordingTracker) -> Mirror:
    return Mirror(stage.settings, stage.store, Copier(stage.settings, stage.store, tracker, lambda attempt, run: True))


def test_a_job_is_begun_described_written_and_ended_in_this_order(stage: Stage, tracker: RecordingTracker) -> None:
    job = stage.trained(2500)
    assert mirror(stage, tracker).run()
    assert ["begin", "describe", "write", "write", "write", "end"] == [call for call, _ in tracker.calls]
    (kept,) = tracker.runs.values()
    assert (job, JobState.SUCCEEDED, 2500) == (kept.job, kept.state, len(kept.points))
    assert ("experiment", "run-1") == (record.load(stage.store, job).experiment_id, stage.run_id(job))


def test_what_is_complete_is_not_looked_at_again(stage: Stage, tracker: RecordingTracker) -> None:
    stage.trained(10)
    mirror(stage, tracker).run()
    before = len(tracker.calls)
    assert mirror(stage, tracker).run()
    assert before == len(tracker.calls)


def test_a_job_that_never_began_has_no_record(stage: Stage, tracker: RecordingTracker) -> None:
    stage.submit()
    assert mirror(stage, tracker).run()
    assert {} == tracker.runs


def test_many_points_of_one_job_do_not_keep_the_next_one_waiting(stage: Stage, tracker: RecordingTracker) -> None:
    long, short = stage.trained(12_000), stage.trained(10)
    mirror(stage, tracker).run()
    assert tracker.calls.index(("end", short)) < tracker.calls.index(("end", long))
    assert [12_000, 10] == [len(run.points) for run in tracker.runs.values()]


def test_an_attempt_without_its_folder_yet_is_told_later(stage: Stage, tracker: RecordingTracker) -> None:
    job = stage.submit()
    stage.start(job)
    answers, told = iter([False, True]), []

    def announce(attempt: object, run: RunRef) -> bool:
        told.append(run.run_id)
        return next(answers)

    copier = Copier(stage.settings, stage.store, tracker, announce)
    copier.copy(stage.job(job))
    assert not stage.is_recorded(job)
    copier.copy(stage.job(job))
    assert stage.is_recorded(job)
    assert ["run-1", "run-1"] == told


def test_a_run_that_vanished_is_made_anew_with_everything(stage: Stage, tracker: RecordingTracker) -> None:
    job = stage.submit()
    stage.start(job)
    stage.report(job, curve(0, 40))
    copier = Copier(stage.settings, stage.store, tracker, lambda attempt, run: True)
    copier.copy(stage.job(job))
    tracker.runs.clear()
    stage.report(job, curve(40, 60))
    stage.end(job, EndReason.COMPLETED)
    assert mirror(stage, tracker).run()
    (kept,) = tracker.runs.values()
    assert (60, {"spec.json", "code/train.py"}) == (len(kept.points), kept.files)


class OneJobBreaks(RecordingTracker):
    """Whatever is wrong with it, the others must not notice."""

    def __init__(self, broken: JobId) -> None:
        super().__init__()
        self.broken = broken

    def _called(self, call: str, job: JobId) -> None:
        super()._called(call, job)
        if job == self.broken and call == "describe":
            raise ZeroDivisionError("a fault of ours")


def test_one_job_that_can_not_be_copied_does_not_stop_the_others(stage: Stage) -> None:
    broken, sound = stage.trained(10), stage.trained(10)
    tracker = OneJobBreaks(broken)
    one = mirror(stage, tracker)
    clock = itertools.count(step=100.0)
    assert not one.run(clock=lambda: next(clock), look=0.0), (
        "it is stuck with the broken one alone, and is started anew"
    )
    assert stage.is_recorded(sound)
    assert not stage.is_recorded(broken)


def test_a_tracker_that_stays_down_loses_nothing(stage: Stage, tracker: RecordingTracker) -> None:
    jobs = [stage.trained(10) for _ in range(4)]
    tracker.is_down = True
    clock = itertools.count(step=100.0)
    assert not mirror(stage, tracker).run(clock=lambda: next(clock), look=0.0)
    assert not stage.is_recorded(*jobs)
    tracker.is_down = False
    assert mirror(stage, tracker).run()
    assert stage.is_recorded(*jobs)
    assert [10] * 4 == [len(run.points) for run in tracker.runs.values()]


# -- patience -------------------------------------------------------------------------------------------------------

A, B, C = JobId("aaaaaaaaaa"), JobId("bbbbbbbbbb"), JobId("cccccccccc")


def test_waits_double_up_to_a_minute() -> None:
    patience, now, waits = Patience(), 0.0, []
    for _ in range(8):
        waits.append(patience.failed(A, now))
        now += waits[-1]
    assert [1, 2, 4, 8, 16, 32, 60, 60] == waits


def test_a_failing_job_waits_and_the_others_do_not() -> None:
    patience = Patience()
    patience.failed(A, 10.0)
    assert not patience.is_due(A, 10.9)
    assert patience.is_due(A, 11.0)
    assert patience.is_due(B, 10.0)


def test_three_in_a_row_give_everybody_a_rest() -> None:
    patience = Patience()
    for job in (A, B, C):
        patience.failed(job, 10.0)
    assert not patience.is_due(JobId("dddddddddd"), 10.5)
    assert patience.is_due(JobId("dddddddddd"), 11.0)


def test_a_success_ends_all_long_waits() -> None:
    patience, now = Patience(), 0.0
    for _ in range(6):
        for job in (A, B):
            patience.failed(job, now)
        now += 60
    assert 300.0 == patience.succeeded(A, now - 60)
    assert patience.is_due(B, now - 59)
    assert 0 == patience.failures


def test_a_job_that_is_tried_again_goes_on_in_its_run(stage: Stage, tracker: RecordingTracker) -> None:
    job = stage.trained(5, EndReason.ERROR)
    assert mirror(stage, tracker).run()
    verbs.wish(stage.store, [job], Verb.RETRY, now=stage.now())
    stage.start(job)
    checkpoints.started_from(stage.store, stage.epoch, job, 2, 3, "step-000000003.1", stage.now())
    again = [replace(point, time=point.time + 60) for point in curve(4, 8)]
    stage.report(job, again, Restart(TOLD, 3))
    copier = Copier(stage.settings, stage.store, tracker, lambda attempt, run: True)
    copier.copy(stage.job(job))
    (run,) = tracker.runs.values()
    assert (None, [(2, 3)]) == (run.state, run.resumed)
    stage.end(job, EndReason.COMPLETED)
    assert mirror(stage, tracker).run()
    assert JobState.SUCCEEDED is run.state
    both = [point.time for point in [*curve(0, 5), *again]]
    assert both == [time for _, _, time, _ in run.points], "in the record both stay, the later ones at later times"
    assert {"begin": 1, "describe": 1, "go_on": 2} == {
        call: [one for one, _ in tracker.calls].count(call) for call in ("begin", "describe", "go_on")
    }


def test_a_resume_tells_what_it_changed(stage: Stage, tracker: RecordingTracker) -> None:
    job = stage.trained(5, params={"lr": 0.1})
    assert mirror(stage, tracker).run()
    stage.store_checkpoint(job, 4)
    verbs.resume(stage.store, job, {"lr": 0.01}, now=stage.now())
    stage.start(job)
    stage.end(job, EndReason.COMPLETED)
    assert mirror(stage, tracker).run()
    (run,) = tracker.runs.values()
    assert ({"lr": "0.1"}, {"lr": ("0.1", "0.01")}) == (run.params, run.overrides)


def test_the_run_of_a_deleted_job_goes_and_its_folders_stay_noted(stage: Stage, tracker: RecordingTracker) -> None:
    """The mirror may be first, also where no folder is there to be seen: its points are, and folders may come back."""
    job, other = stage.trained(5), stage.trained(5)
    assert mirror(stage, tracker).run()
    run_id = stage.run_id(job)
    shutil.rmtree(stage.settings.spool_root / job)
    verbs.wish(stage.store, [job], Verb.DELETE, now=stage.now())
    copier = Copier(stage.settings, stage.store, tracker, lambda attempt, run: True)
    (removal,) = removals.pending(stage.store)
    tracker.is_down = True
    with pytest.raises(TrackerUnavailable):
        copier.remove(removal)
    assert [removal] == removals.pending(stage.store)
    tracker.is_down = False
    assert mirror(stage, tracker).run(), "it does not wait for who sweeps"
    assert ([replace(removal, run_id=None)], {run_id}) == (removals.pending(stage.store), tracker.removed)
    removals.places_gone(stage.store, job)
    assert [] == removals.pending(stage.store)
    assert stage.is_recorded(other)


@pytest.mark.parametrize("killed", [False, True], ids=["goes on", "killed"])
def test_a_job_that_is_deleted_while_its_run_is_made_leaves_none(stage: Stage, killed: bool) -> None:
    job = stage.trained(5)

    class Killed(BaseException):
        """As if the mirror had been."""

    class Deleting(RecordingTracker):
        def begin(self, job: Job) -> RunRef:
            run = super().begin(job)
            verbs.wish(stage.store, [job.id], Verb.DELETE, now=stage.now())
            if killed:
                raise Killed
            return run

    tracker = Deleting()
    with contextlib.suppress(Killed):
        assert not Copier(stage.settings, stage.store, tracker, lambda attempt, run: True).copy(stage.job(job))
    assert mirror(stage, tracker).run()
    assert set(tracker.runs) == tracker.removed != set()
    removals.places_gone(stage.store, job)
    assert [] == removals.pending(stage.store)


def test_no_run_is_made_of_a_job_that_was_deleted_before(stage: Stage, tracker: RecordingTracker) -> None:
    job = stage.trained(5)
    before = stage.job(job)
    verbs.wish(stage.store, [job], Verb.DELETE, now=stage.now())
    assert [None] == [one.run_id for one in removals.pending(stage.store)], "the mirror never began one"
    assert not Copier(stage.settings, stage.store, tracker, lambda attempt, run: True).copy(before)
    assert {} == tracker.runs
