"""Fork and continue: what goes along, what does not, and what both show of their lineage."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from sqlalchemy import update

from jupyter_training.core.job import Keep
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.errors import InvalidSpec, NoCheckpoint, StoreFull, Unavailable, UnknownPool
from jupyter_training.schema import ContinueRequest, RetentionRequest, SubmitResult, VerbRequest
from jupyter_training.services import checkpoints, descend, jobs, retention
from jupyter_training.services.tidy import tidy
from jupyter_training.spool import checkpoints as folders
from jupyter_training.store.tables import checkpoints as table
from tests.services.stage import USER, Stage, edited


def forked(stage: Stage, job: str, **changes: Any) -> SubmitResult:
    return descend.fork(stage.site, USER, job, edited(**changes))


def continued(stage: Stage, job: str, **changes: Any) -> SubmitResult:
    wish = ContinueRequest.model_validate({"key": uuid.uuid4().hex, **changes})
    return descend.continued(stage.site, USER, job, wish)


def test_a_fork_has_the_code_and_the_edited_config_and_no_weights(stage: Stage) -> None:
    old = stage.ended(5, params={"lr": 0.1, "batch": 64}, timeout="2h", retries=3, tags={"team": "a"})
    new = forked(stage, old, params={"lr": 0.2}, name="other").job
    assert new.spec is not None
    before = stage.job(old).spec
    assert ("other", {"lr": 0.2, "batch": 64}, None) == (new.name, new.params, new.checkpoint)
    assert [file.model_dump() for file in before.files] == new.spec["files"]
    assert (7200.0, 3, {"team": "a"}, None) == (
        new.spec["timeout"],
        new.spec["retries"]["max"],  # type: ignore[index, call-overload]
        new.tags,
        new.spec["start"],
    )
    assert [] == list(checkpoints.listed(stage.site, new.id).checkpoints)


def test_both_show_where_they_come_from_and_what_came_of_them(stage: Stage) -> None:
    old = stage.ended(5, 10)
    fork, more = forked(stage, old).job, continued(stage, old).job
    assert fork.parent is not None
    assert more.parent is not None
    assert (old, "digits", "fork", None) == (
        fork.parent.job,
        fork.parent.name,
        fork.parent.relation,
        fork.parent.step,
    )
    assert (old, "continue", 10) == (more.parent.job, more.parent.relation, more.parent.step)
    children = jobs.show(stage.site, old).children
    assert children is not None
    assert [(fork.id, "fork", None), (more.id, "continue", 10)] == [
        (child.job, child.relation, child.step) for child in children
    ]


def test_a_config_text_edits_and_what_the_request_says_wins(stage: Stage) -> None:
    old = stage.ended(params={"lr": 0.1}, tags={"team": "a"}, retries={"max": 2, "on": "lost"})
    text = "params: {lr: 0.5, batch: 8}\ntags: {run: two}\nretries: {max: 7}\ntimeout: 5m\n"
    spec = forked(stage, old, config={"text": text, "name": "cfg"}, params={"lr": 0.9}).job.spec
    assert spec is not None
    assert {"lr": 0.9, "batch": 8} == spec["params"]
    assert {"team": "a", "run": "two"} == spec["tags"]
    assert {"max": 7, "on": ["lost"]} == spec["retries"]
    assert 300.0 == spec["timeout"]


def test_a_mistake_in_the_config_text_has_its_position(stage: Stage) -> None:
    old = stage.ended()
    with pytest.raises(InvalidSpec) as caught:
        forked(stage, old, config={"text": "timeout: 5m\nretries: {mx: 3}\n", "name": "cfg"})
    (problem,) = caught.value.errors
    assert ("retries.mx", 2, "Did you mean 'max'?") == (problem.key, problem.line, problem.hint)


def test_a_fork_into_a_pool_that_is_not_there_is_refused(stage: Stage) -> None:
    with pytest.raises(UnknownPool):
        forked(stage, stage.ended(), pool="lokal")


def test_a_fork_needs_the_values_of_pass_env_anew_and_keeps_them_beside_the_store(stage: Stage) -> None:
    old = stage.ended(environment={"pass_env": ["HF_TOKEN"]}, secrets={"HF_TOKEN": "x"})
    with pytest.raises(InvalidSpec, match="HF_TOKEN"):
        forked(stage, old)
    new = forked(stage, old, secrets={"HF_TOKEN": "hf_of_now"}).job
    kept = stage.site.settings.secrets_file(stage.job(new.id).key)
    assert '{"HF_TOKEN": "hf_of_now"}' == kept.read_text()
    assert "hf_of_now" not in str(new.spec)


def test_what_continues_begins_with_the_newest_checkpoint_which_is_a_hard_link_of_its_own(stage: Stage) -> None:
    old = stage.submit().job.id
    stage.begin(old)
    stage.save(old, 5)
    newest = stage.save(old, 10)
    stage.end(old, EndReason.COMPLETED)
    result = continued(stage, old)
    job = stage.job(result.job.id)
    (own,) = checkpoints.of_job(stage.site, job)
    assert (10, 10, 0, "step-000000010.0") == (job.base_step, own.step, own.attempt, own.name)
    assert job.checkpoint_step == 10
    assert os.path.samefile(stage.folder(newest) / "state.bin", stage.folder(own) / "state.bin")
    assert folders.fault(stage.folder(own), own.sha256) is None
    assert ("It begins with the checkpoint of step 10 of digits " + old[:6] + ".",) == result.notes
    shutil.rmtree(stage.folder(newest))
    assert folders.fault(stage.folder(own), own.sha256) is None, "it outlives the original"
    assert [] == [one.name for one in stage.site.settings.checkpoints.iterdir() if one.name.startswith(".tmp-")]


@pytest.mark.parametrize("wish", [5, "5", "step-000000005.1"])
def test_a_checkpoint_is_named_by_its_step_or_its_name(stage: Stage, wish: str | int) -> None:
    assert 5 == stage.job(continued(stage, stage.ended(5, 10), checkpoint=wish).job.id).base_step


def test_a_repeated_key_gives_the_same_job_also_when_a_newer_checkpoint_came(stage: Stage) -> None:
    old = stage.submit().job.id
    stage.begin(old)
    stage.save(old, 5)
    first = continued(stage, old, key="key-12345678")
    stage.save(old, 10)
    again = continued(stage, old, key="key-12345678")
    assert (True, False, first.job.id) == (first.created, again.created, again.job.id)


def test_without_any_checkpoint_it_is_refused_and_fork_is_offered(stage: Stage) -> None:
    with pytest.raises(NoCheckpoint, match="has left no checkpoint") as caught:
        continued(stage, stage.ended())
    assert "fork" in str(caught.value.hint)


def test_one_that_never_was_is_refused_with_those_that_are(stage: Stage) -> None:
    with pytest.raises(NoCheckpoint, match="no checkpoint of step 7") as caught:
        continued(stage, stage.ended(5, 10), checkpoint=7)
    assert "There is the one of step 10, 5." == caught.value.hint


def test_one_that_was_removed_is_refused_and_nothing_is_stored(stage: Stage) -> None:
    old = stage.ended(5, 10)
    retention.retention(stage.site, old, RetentionRequest(keep=Keep(trial_best=0, trial_latest=1), apply=True))
    with pytest.raises(NoCheckpoint, match=r"step-000000005\.1 \(step 5\).* has been removed"):
        continued(stage, old, checkpoint=5)
    assert 1 == len(jobs.page(stage.site, jobs.JobsQuery()).jobs)


def test_a_damaged_one_is_refused_by_name_and_told_of_from_then_on(stage: Stage) -> None:
    old = stage.submit().job.id
    stage.begin(old)
    stage.save(old, 5)
    damaged = stage.save(old, 10)
    (stage.folder(damaged) / "state.bin").write_bytes(b"wEights")
    with pytest.raises(NoCheckpoint, match=r"is damaged: state\.bin has changed") as caught:
        continued(stage, old, checkpoint=10)
    assert "There is the one of step 5." == caught.value.hint
    assert "corrupt" == checkpoints.listed(stage.site, old).checkpoints[0].state
    assert 5 == stage.job(old).checkpoint_step


def test_where_the_newest_is_damaged_the_one_before_it_is_taken_with_a_note(stage: Stage) -> None:
    old = stage.submit().job.id
    stage.begin(old)
    stage.save(old, 5)
    shutil.rmtree(stage.folder(stage.save(old, 10)))
    result = continued(stage, old)
    assert 5 == stage.job(result.job.id).base_step
    assert result.notes[0] == "The checkpoint of step 10 is damaged: its files are gone. The one before it is taken."


def test_a_disk_that_is_not_there_yet_damages_nothing(stage: Stage) -> None:
    old = stage.ended(5, 10)
    folder = stage.site.settings.checkpoints / old
    away = folder.rename(stage.site.settings.home / "away")
    with pytest.raises(Unavailable, match=r"step-000000010\.1 of .* can't be reached: the folder .* is not there"):
        continued(stage, old)
    assert {"kept"} == {one.state for one in checkpoints.listed(stage.site, old).checkpoints}
    away.rename(folder)
    assert 10 == stage.job(continued(stage, old).job.id).base_step


def far_away(stage: Stage, *steps: int) -> tuple[str, dict[int, Path]]:
    """A job whose checkpoints of these steps are under URLs, and where."""
    old = stage.submit().job.id
    stage.begin(old)
    places = {}
    for step in steps:
        saved = stage.save(old, step)
        places[step] = stage.site.settings.home / "far" / saved.name
        places[step].parent.mkdir(exist_ok=True)
        stage.folder(saved).rename(places[step])
        with stage.site.store.write() as connection:
            own = update(table).where(table.c.job == old, table.c.name == saved.name)
            connection.execute(own.values(place=places[step].as_uri()))
    return old, places


def test_one_under_a_url_is_looked_at_before_a_job_begins_with_it(stage: Stage) -> None:
    old, places = far_away(stage, 5, 10, 15)
    assert 15 == stage.job(continued(stage, old).job.id).base_step
    (places[15] / folders.MANIFEST).unlink()
    with pytest.raises(NoCheckpoint) as caught:
        continued(stage, old, checkpoint=15)
    assert f"step-000000015.1 (step 15) of the job {old}" in str(caught.value)
    assert f"is missing from {places[15].as_uri()}" in str(caught.value)
    (places[10] / folders.MANIFEST).write_text("{}")
    result = continued(stage, old)
    assert 5 == stage.job(result.job.id).base_step
    said = f"its manifest.json in {places[10].as_uri()} has changed since it was written"
    assert f"The checkpoint of step 10 is damaged: {said}. The one before it is taken." == result.notes[0]


def test_one_under_a_url_that_can_not_be_read_now_is_no_damaged_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, places = far_away(stage, 5)

    def unreachable(*_: object) -> bytes:
        raise PermissionError("no rights")

    monkeypatch.setattr(LocalFileSystem, "cat_file", unreachable)
    with pytest.raises(
        Unavailable, match=r"step-000000005\.1 .* can't be read from file:///.*: PermissionError: no rights"
    ):
        continued(stage, old)
    assert ["kept"] == [one.state for one in checkpoints.listed(stage.site, old).checkpoints]
    assert places[5].exists()


def fail(*_: object) -> None:
    raise StoreFull("The disk is full.")


def test_a_job_that_could_not_be_stored_leaves_no_weights(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    old = stage.ended(5)
    with monkeypatch.context() as broken:
        broken.setattr(checkpoints.checkpoints, "copied", fail)  # after the folder was given
        with pytest.raises(StoreFull):
            continued(stage, old)
    assert [old] == [one.name for one in stage.site.settings.checkpoints.iterdir()]
    new = continued(stage, old).job.id
    assert ["step-000000005.0"] == [one.name for one in (stage.site.settings.checkpoints / new).iterdir()]


def test_tidying_takes_the_weights_of_a_job_that_never_came_and_no_stranger_s(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = stage.ended(5)
    with monkeypatch.context() as killed:
        killed.setattr(checkpoints.checkpoints, "copied", fail)
        killed.setattr(checkpoints.Chosen, "settled", lambda *_: None)
        with pytest.raises(StoreFull):
            continued(stage, old)
    root = stage.site.settings.checkpoints
    (left,) = [one for one in root.iterdir() if one.name != old]
    others = [root / "aaaaaaaaaa", root / "bbbbbbbbbb"]
    for other in others:
        shutil.copytree(left, other)
    (others[0] / checkpoints.UNSETTLED).unlink()
    (others[1] / checkpoints.UNSETTLED).write_text("another store")
    tidy(stage.site)
    assert left.exists(), "it is young: its job may be stored in a moment"
    now = stage.site.now()
    monkeypatch.setattr(stage.site, "clock", lambda: now + 2 * 86_400)
    tidy(stage.site)
    assert {old, *(one.name for one in others)} == {one.name for one in root.iterdir()}


def test_a_deleted_parent_leaves_its_id_and_the_child_its_weights(stage: Stage) -> None:
    old = stage.ended(5)
    new = continued(stage, old).job.id
    jobs.act(stage.site, VerbRequest.model_validate({"verb": "delete", "jobs": [old]}))
    shutil.rmtree(stage.site.settings.checkpoints / old)
    view = jobs.show(stage.site, new)
    assert view.parent is not None
    assert (old, None, 5) == (view.parent.job, view.parent.name, view.parent.step)
    (own,) = checkpoints.of_job(stage.site, stage.job(new))
    assert folders.fault(stage.folder(own), own.sha256) is None
