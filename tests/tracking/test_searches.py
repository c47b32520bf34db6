"""The record of searches: a parent with a child for each trial, one tag, what was best, and files for others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.core.experiment import ExperimentState
from jupyter_training.core.lifecycle import JobState
from jupyter_training.store import record
from jupyter_training.testing.recording_tracker import RecordedRun, RecordingTracker
from jupyter_training.tracking.copier import Copier
from jupyter_training.tracking.mirror import Mirror
from tests.tracking.record import MLFLOWS_OWN_WARNINGS, mlflow_client
from tests.tracking.searching import Searching
from tests.tracking.stage import Stage

pytestmark = MLFLOWS_OWN_WARNINGS


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path / "home", idle_exit=0.0)
    yield stage
    stage.close()


def mirrored(stage: Stage, tracker: Any) -> None:
    copier = Copier(stage.settings, stage.store, tracker, lambda attempt, run: True)
    assert Mirror(stage.settings, stage.store, copier).run()


def run_of(tracker: RecordingTracker, job: str) -> RecordedRun:
    return next(run for run in tracker.runs.values() if run.job == job)


def test_a_trial_stands_below_its_search(stage: Stage) -> None:
    tracker, search = RecordingTracker(), Searching(stage)
    jobs = search.played([0.5, 0.2, 0.9])
    search.finish()
    mirrored(stage, tracker)
    parent = run_of(tracker, search.id)
    assert (search.tag, None, JobState.SUCCEEDED) == (parent.tag, parent.parent, parent.state)
    assert [(search.tag, stage.run_id(search.id))] * 3 == [
        (run.tag, run.parent) for run in (run_of(tracker, job) for job in jobs)
    ]
    assert {"searcher": "random", "metric": "loss", "mode": "min", "seed": "7"}.items() <= parent.params.items()
    assert "loguniform(0.0001, 0.1)" == parent.params["space.lr"]
    assert ("0.02", {"best_loss": 0.2}) == (parent.params["best_lr"], parent.best)
    assert {"results.csv", "optimization_results.yaml"} <= parent.files


def test_a_search_that_failed_is_recorded_so_though_its_driver_did_well(stage: Stage) -> None:
    tracker, search = RecordingTracker(), Searching(stage)
    search.finish(ExperimentState.FAILED, "All 3 trials that have ended have failed.")
    mirrored(stage, tracker)
    assert JobState.FAILED is run_of(tracker, search.id).state


def test_a_child_that_is_recorded_first_makes_its_parents_run(stage: Stage) -> None:
    tracker, search = RecordingTracker(), Searching(stage)
    (job,) = search.played([0.5])
    copier = Copier(stage.settings, stage.store, tracker, lambda attempt, run: True)
    copier.copy(stage.job(job))
    assert stage.run_id(search.id) == run_of(tracker, job).parent
    search.finish()
    mirrored(stage, tracker)
    assert 2 == len(tracker.runs), "the parent has one run"
    kept = record.load(stage.store, search.id)
    assert kept is not None and kept.params_sent


def test_two_searches_of_the_same_second_have_tags_of_their_own(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    now = stage.now()
    monkeypatch.setattr(stage, "now", lambda: now)
    tags = [Searching(stage, name).tag for name in ("a", "b", "c")]
    assert [int(now), int(now) + 1, int(now) + 2] == tags


def test_a_search_by_tag_finds_exactly_its_runs(stage: Stage) -> None:
    """In a real database, beside another search and a training of the same name and prefix."""
    from jupyter_training.tracking.mlflow_tracker import MlflowTracker

    one, other = Searching(stage, "sweep"), Searching(stage, "sweep-hp")
    mine = [one.id, *one.played([0.5, 0.2])]
    other.played([0.1])
    stage.trained(3, name="sweep")
    for search in (one, other):
        search.finish()
    mirrored(stage, MlflowTracker(stage.settings, stage.store.store_id))
    client = mlflow_client(stage.settings)
    places = [found.experiment_id for found in client.search_experiments()]
    assert str(one.tag).isdigit() and one.tag != other.tag
    found = client.search_runs(places, f"tags.hptuning_tag = '{one.tag}'")
    assert set(mine) == {run.data.tags["jupyter_training.job"] for run in found}
    parent = stage.run_id(one.id)
    below = client.search_runs(places, f"tags.`mlflow.parentRunId` = '{parent}'")
    assert set(mine[1:]) == {run.data.tags["jupyter_training.job"] for run in below}
    best = client.get_run(parent).data
    assert ("0.02", 0.2, "1") == (
        best.params["best_lr"],
        best.metrics["best_loss"],
        best.tags["jupyter_training.best_trial"],
    )
