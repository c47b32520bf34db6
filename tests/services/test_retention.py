"""Another policy for a job's checkpoints: told first, then done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Keep
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.core.metric import Point
from jupyter_training.errors import Unavailable
from jupyter_training.schema import ContinueRequest, RetentionRequest, RetentionView
from jupyter_training.services import checkpoints, descend, jobs, retention
from jupyter_training.services.tidy import tidy
from jupyter_training.store import checkpoints as stored
from jupyter_training.store import points, removals
from jupyter_training.store import retention as kept
from jupyter_training.store.tables import checkpoints as table
from jupyter_training.store.tables import jobs as jobs_table
from tests.services.stage import USER, Stage


def retained(stage: Stage, job: str, *, best: int = 0, latest: int = 1, **more: Any) -> RetentionView:
    keep = Keep(trial_best=best, trial_latest=latest)
    return retention.retention(stage.site, job, RetentionRequest(keep=keep, **more))


def steps(views: Any) -> list[int]:
    return [one.step for one in views]


def on_disk(stage: Stage, job: str) -> list[str]:
    return sorted(one.name for one in (stage.site.settings.checkpoints / job).iterdir())


def test_what_would_go_is_told_and_nothing_goes(stage: Stage) -> None:
    job = stage.ended(1, 2, 3)
    told = retained(stage, job)
    assert ([3], [2, 1], 14, False) == (steps(told.stay), steps(told.go), told.bytes, told.applied)
    assert 3 == len(on_disk(stage, job))
    assert stage.job(job).retention is None


def test_applied_it_goes_and_the_policy_is_kept_beside_the_spec(stage: Stage) -> None:
    job = stage.ended(1, 2, 3)
    assert retained(stage, job, apply=True).applied
    assert ["step-000000003.1"] == on_disk(stage, job)
    listed = checkpoints.listed(stage.site, job)
    assert [(3, "kept"), (2, "deleted"), (1, "deleted")] == [(one.step, one.state) for one in listed.checkpoints]
    assert (0, 1) == (listed.keep.trial_best, listed.keep.trial_latest)
    assert (1, 1) == (stage.job(job).spec.checkpoints.keep.trial_best, stage.job(job).generation + 1)


def test_when_nothing_is_kept_there_is_nothing_to_go_on_from(stage: Stage) -> None:
    job = stage.ended(1, 2)
    retained(stage, job, latest=0, apply=True)
    assert ([], None) == (on_disk(stage, job), stage.job(job).checkpoint_step)


def test_a_job_that_may_go_on_keeps_its_two_newest(stage: Stage) -> None:
    job = stage.submit().job.id
    stage.begin(job)
    for step in (1, 2, 3):
        stage.save(job, step)
    told = retained(stage, job, latest=0, apply=True)
    assert ([3, 2], [1]) == (steps(told.stay), steps(told.go))
    assert 3 == len(on_disk(stage, job)), "the dispatcher is who removes them"
    assert 0 == stage.job(job).checkpoints.keep.trial_latest


def test_one_that_is_retried_meanwhile_keeps_all_and_the_dispatcher_sees_to_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, places = _kept_far_away(stage, 1, 2)
    retain = stored.retain

    def meanwhile(*what: Any, **more: Any) -> bool:
        stage.begin_again(job)
        return retain(*what, **more)

    monkeypatch.setattr(stored, "retain", meanwhile)
    retained(stage, job, latest=0, apply=True)
    assert all(place.exists() for place in places.values())
    assert 0 == stage.job(job).checkpoints.keep.trial_latest


def test_a_metric_that_is_taken_away_is_forgotten_and_one_that_is_not_named_stays(stage: Stage) -> None:
    job = stage.ended(1, 2, checkpoints={"metric": "loss"})
    retained(stage, job, apply=True)
    assert "loss" == stage.job(job).checkpoints.metric
    retained(stage, job, metric=None, apply=True)
    assert stage.job(job).checkpoints.metric is None


def test_another_metric_is_read_from_what_was_reported(stage: Stage) -> None:
    job = stage.submit().job.id
    stage.begin(job)
    for step, value in ((1, 0.5), (2, 0.9), (3, 0.7)):
        stage.save(job, step)
        batch = points.Batch(1, f"f{step}", 0, 1, [Point("acc", step, float(step), value)])
        points.ingest(stage.site.store, stage.job(job).id, [batch], now=stage.site.now())
    stage.end(job, EndReason.COMPLETED)
    told = retained(stage, job, best=1, latest=1, metric="acc", mode="max", apply=True)
    assert ([3, 2], [1]) == (steps(told.stay), steps(told.go))
    listed = checkpoints.listed(stage.site, job)
    assert ("acc", "max", 0.9) == (listed.metric, listed.mode, listed.checkpoints[1].metric)


def test_tidying_removes_the_files_of_those_that_were_let_go_of(stage: Stage) -> None:
    job = stage.ended(1, 2)
    folder = stage.site.settings.checkpoints / job / "step-000000001.1"
    retained(stage, job, apply=True)
    folder.mkdir()  # as if the removal had been cut short
    (folder / "state.bin").write_bytes(b"x")
    tidy(stage.site)
    assert ["step-000000002.1"] == on_disk(stage, job)


def test_a_checkpoint_under_a_url_goes_too_but_not_while_another_job_begins_with_it(stage: Stage) -> None:
    job, places = _kept_far_away(stage, 1, 2)
    stage.begin_again(job)
    stage.save(job, 3)
    stage.end(job, EndReason.COMPLETED)
    new = _continued(stage, job, 2)
    retained(stage, job, apply=True)
    assert (False, True) == (places[1].exists(), places[2].exists())
    assert [2] == steps(checkpoints.listed(stage.site, new).checkpoints)


def test_where_a_url_can_not_be_reached_nobody_goes_on_from_it_any_more(stage: Stage) -> None:
    job, _ = _kept_far_away(stage, 1, 2)
    _move(stage, job, "step-000000001.1", "nonesuch://far/away")
    with pytest.raises(Unavailable, match="nonesuch://far/away can't be removed"):
        retained(stage, job, apply=True)
    assert [(2, "kept"), (1, "deleted")] == [
        (one.step, one.state) for one in checkpoints.listed(stage.site, job).checkpoints
    ]
    assert ["step-000000001.1"] == list(kept.going(stage.site.store, JobId(job))), "the dispatcher tries again"
    assert 1 == stage.job(job).checkpoints.keep.trial_latest


def test_tidying_of_old_jobs_takes_what_they_keep_under_urls_along(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, places = _kept_far_away(stage, 1, 2)
    new = _continued(stage, job, 2)
    with stage.site.store.write() as connection:
        connection.execute(update(jobs_table).where(jobs_table.c.id == job).values(recorded=True))
    now = stage.site.now()
    monkeypatch.setattr(stage.site, "clock", lambda: now + 10 * 86_400)
    tidy(stage.site, keep_days=5)
    assert [new] == [one.id for one in jobs.page(stage.site, jobs.JobsQuery()).jobs]
    assert (False, True) == (places[1].exists(), places[2].exists())
    assert [] == removals.pending(stage.site.store)


def _kept_far_away(stage: Stage, *which: int) -> tuple[str, dict[int, Path]]:
    """An ended job whose checkpoints of these steps are under URLs, and where."""
    job = stage.submit().job.id
    stage.begin(job)
    places = {}
    for step in which:
        saved = stage.save(job, step)
        places[step] = stage.site.settings.home / "far" / job / saved.name
        places[step].parent.mkdir(parents=True, exist_ok=True)
        stage.folder(saved).rename(places[step])
        _move(stage, job, saved.name, places[step].as_uri())
    stage.end(job, EndReason.COMPLETED)
    return job, places


def _move(stage: Stage, job: str, name: str, url: str) -> None:
    with stage.site.store.write() as connection:
        connection.execute(update(table).where(table.c.job == job, table.c.name == name).values(place=url))


def _continued(stage: Stage, job: str, step: int) -> str:
    wish = ContinueRequest.model_validate({"key": "key-of-the-continue", "checkpoint": step})
    return descend.continued(stage.site, USER, job, wish).job.id
