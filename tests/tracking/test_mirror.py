"""What the mirror makes of a job: a complete record with the true status, in the end."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.core.lifecycle import EndReason
from jupyter_training.core.metric import Point
from jupyter_training.spool import layout
from tests.tracking.nursery import Nursery
from tests.tracking.record import MLFLOWS_OWN_WARNINGS, files_of, mlflow_client, points_of, runs_of
from tests.tracking.stage import CODE, Stage, curve, wait_for

pytestmark = [pytest.mark.processes, *MLFLOWS_OWN_WARNINGS]


@pytest.fixture
def mirror(stage: Stage, nursery: Nursery) -> Iterator[int]:
    pid = nursery.mirror(stage.home)
    yield pid
    nursery.kill(pid)


@pytest.mark.parametrize(
    ("reason", "status", "sentence"),
    [
        (EndReason.COMPLETED, "FINISHED", "Succeeded."),
        (EndReason.ERROR, "FAILED", "Failed: the code ended with an error."),
        (EndReason.CANCELED, "KILLED", "Stopped by you."),
    ],
)
def test_the_record_is_complete(stage: Stage, mirror: int, reason: EndReason, status: str, sentence: str) -> None:
    job = stage.submit(params={"lr": 0.1, "layers": [64, 32]}, tags={"team": "vision"})
    folder = stage.start(job)
    stage.report(job, curve(0, 120))
    layout.log_file(folder).write_text("epoch 1\nepoch 2\n")
    outputs = stage.settings.outputs / job
    outputs.mkdir(parents=True)
    (outputs / "model.bin").write_bytes(b"weights")
    stage.end(job, reason)
    stage.wait_until_recorded(job)

    ((run_id, found),) = runs_of(stage.settings, job)
    assert (status, run_id) == (found, stage.run_id(job))
    run = mlflow_client(stage.settings).get_run(run_id)
    assert {"lr": "0.1", "layers": "[64, 32]"} == run.data.params
    assert "digits" == run.info.run_name
    stored = stage.job(job)
    assert int(stored.ended * 1000) == run.info.end_time
    expected = {
        "team": "vision",
        "jupyter_training.job": job,
        "jupyter_training.store": stage.store.store_id,
        "jupyter_training.spec_hash": stored.spec_hash,
        "jupyter_training.user": "ada",
        "jupyter_training.notebook": "work/first.ipynb",
        "jupyter_training.end": sentence,
        "mlflow.user": "ada",
        "mlflow.source.name": "train.py",
    }
    assert expected.items() <= run.data.tags.items()
    assert sorted((("loss", one.step, one.value) for one in curve(0, 120)), key=repr) == points_of(
        stage.settings, run_id
    )
    root = Path(run.info.artifact_uri)
    assert {"spec.json", "code/train.py", "log.txt", "outputs/model.bin"} == files_of(stage.settings, run_id)
    assert stored.spec.model_dump(mode="json") == json.loads((root / "spec.json").read_text())
    assert CODE == (root / "code/train.py").read_bytes()
    assert "epoch 1\nepoch 2\n" == (root / "log.txt").read_text()


def test_a_running_job_is_handed_its_run_and_is_open_in_the_record(stage: Stage, mirror: int) -> None:
    job = stage.submit()
    folder = stage.start(job)
    wait_for((folder / "mlflow.json").exists, "the run is handed over", stage.log)
    handed = json.loads((folder / "mlflow.json").read_text())
    ((run_id, status),) = runs_of(stage.settings, job)
    assert ("RUNNING", run_id) == (status, handed["run_id"])
    assert stage.settings.mlflow_uri == handed["tracking_uri"]
    assert 0o600 == (folder / "mlflow.json").stat().st_mode & 0o777
    info = mlflow_client(stage.settings).get_run(run_id).info
    assert (info.experiment_id, info.artifact_uri) == (handed["experiment_id"], handed["artifact_uri"])
    stage.end(job, EndReason.COMPLETED)


def test_points_that_the_code_logged_to_mlflow_are_not_sent_again(stage: Stage, mirror: int) -> None:
    job = stage.submit()
    stage.start(job)
    stage.report(job, [*curve(0, 3), *curve(0, 3, name="own", source="mlflow")])
    stage.end(job, EndReason.COMPLETED)
    stage.wait_until_recorded(job)
    ((run_id, _),) = runs_of(stage.settings, job)
    assert {"loss"} == {name for name, _, _ in points_of(stage.settings, run_id)}


def test_machine_samples_stand_where_mlflow_shows_them(stage: Stage, mirror: int) -> None:
    job = stage.submit()
    stage.start(job)
    stage.report(job, [Point("machine/cpu", 0, 1_700_000_000.0, 1.5, "machine")])
    stage.end(job, EndReason.COMPLETED)
    stage.wait_until_recorded(job)
    ((run_id, _),) = runs_of(stage.settings, job)
    assert [("system/cpu", 0, 1.5)] == points_of(stage.settings, run_id)


def test_points_that_arrive_after_the_end_are_added(stage: Stage, mirror: int) -> None:
    job = stage.trained(3)
    stage.wait_until_recorded(job)
    stage.report(job, curve(3, 6))
    stage.wait_until_recorded(job)
    ((run_id, status),) = runs_of(stage.settings, job)
    assert ("FINISHED", 6) == (status, len(points_of(stage.settings, run_id)))


def test_a_deleted_run_stays_deleted_and_the_others_go_on(stage: Stage, mirror: int) -> None:
    job = stage.submit()
    folder = stage.start(job)
    wait_for((folder / "mlflow.json").exists, "the run is handed over", stage.log)
    ((run_id, _),) = runs_of(stage.settings, job)
    mlflow_client(stage.settings).delete_run(run_id)
    stage.report(job, curve(0, 10))
    stage.end(job, EndReason.COMPLETED)
    other = stage.trained(10)
    stage.wait_until_recorded(job, other)
    assert [] == points_of(stage.settings, run_id)
    assert "deleted" == mlflow_client(stage.settings).get_run(run_id).info.lifecycle_stage
    assert "FINISHED" == runs_of(stage.settings, other)[0][1]


def test_a_large_log_keeps_its_beginning_and_its_end(stage: Stage, mirror: int) -> None:
    job = stage.submit()
    log = layout.log_file(stage.start(job))
    with open(log, "wb") as out:
        out.write(b"the beginning\n")
        out.truncate(30 * 1024 * 1024)
        out.seek(0, os.SEEK_END)
        out.write(b"\nthe end\n")
    stage.end(job, EndReason.COMPLETED)
    stage.wait_until_recorded(job)
    ((run_id, _),) = runs_of(stage.settings, job)
    text = (Path(mlflow_client(stage.settings).get_run(run_id).info.artifact_uri) / "log.txt").read_text()
    assert text.startswith("the beginning\n")
    assert text.endswith("\nthe end\n")
    assert "MB left out here: the record keeps the beginning and the end ]" in text
    assert len(text) < 17 * 1024 * 1024


def test_after_an_outage_it_goes_on_from_where_it_was(tmp_path: Path, nursery: Nursery) -> None:
    stage = Stage(tmp_path / "home", idle_exit=0.2)
    record = stage.home / "mlflow.db"
    record.write_text("this is not a database, but it stands in its place")
    job = stage.trained(300)
    mirror = nursery.mirror(stage.home)
    wait_for(lambda: "does not answer; next try" in stage.log(), "the outage is said", stage.log)
    assert "file is not a database" in stage.log()
    assert not stage.is_recorded(job)
    record.unlink()
    stage.wait_until_recorded(job)
    ((run_id, status),) = runs_of(stage.settings, job)
    assert ("FINISHED", 300) == (status, len(points_of(stage.settings, run_id)))
    assert 0 == nursery.ended(mirror)
    assert "answers again" in stage.log()
    stage.close()


def test_a_record_that_moves_gets_all_that_is_not_finished(tmp_path: Path, stage: Stage, nursery: Nursery) -> None:
    """The server was unreachable, so the setting is changed: the next mirror begins the run there."""
    moved = Stage(tmp_path / "home", tracking_uri="http://127.0.0.1:9")
    job = moved.trained(30)
    first = nursery.mirror(moved.home)
    wait_for(lambda: "does not answer; next try" in moved.log(), "the outage is said", moved.log)
    nursery.kill(first)
    settings = moved.home / "settings.toml"
    settings.write_text(f"tracking_uri = '{stage.settings.mlflow_uri}'")
    second = nursery.mirror(moved.home)
    moved.wait_until_recorded(job)
    nursery.kill(second)
    ((run_id, status),) = runs_of(stage.settings, job)
    assert ("FINISHED", 30) == (status, len(points_of(stage.settings, run_id)))
    moved.close()
