"""Both trackers keep the seam's contract: MLflow on a real database, and the one that remembers."""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path

import pytest

from jupyter_training.core.lifecycle import EndReason, JobState
from jupyter_training.seams.tracker import RunRef, Tracker, TrackerUnavailable
from jupyter_training.settings import Settings
from jupyter_training.testing.recording_tracker import RecordedRun, RecordingTracker
from jupyter_training.testing.tracker_contract import CODE, TrackerContract, a_recorded_job, an_ended_job
from tests.tracking.record import MLFLOWS_OWN_WARNINGS, files_of, mlflow_client

pytestmark = MLFLOWS_OWN_WARNINGS

_STATES = {"FINISHED": JobState.SUCCEEDED, "FAILED": JobState.FAILED, "KILLED": JobState.CANCELED}
_OVERRIDE = "jupyter_training.override."


class TestRecordingTracker(TrackerContract):
    @pytest.fixture(autouse=True)
    def _record(self) -> None:
        self.one = RecordingTracker()

    def tracker(self) -> Tracker:
        return self.one

    def kept(self, run_id: str) -> RecordedRun:
        return self.one.runs[run_id]

    def remove(self, run_id: str) -> None:
        self.one.removed.add(run_id)


@pytest.fixture(scope="module")
def mlflow_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One database for the module, as making one takes seconds."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    settings.blobs.mkdir()
    (settings.blobs / hashlib.sha256(CODE).hexdigest()).write_bytes(CODE)
    return settings


class TestMlflowTracker(TrackerContract):
    @pytest.fixture(autouse=True)
    def _record(self, mlflow_home: Settings) -> None:
        self.settings = mlflow_home

    def tracker(self) -> Tracker:
        from jupyter_training.tracking.mlflow_tracker import MlflowTracker

        return MlflowTracker(self.settings, "store-of-the-contract")

    def kept(self, run_id: str) -> RecordedRun:
        client = mlflow_client(self.settings)
        run = client.get_run(run_id)
        return RecordedRun(
            job=run.data.tags["jupyter_training.job"],
            params=run.data.params,
            tags=run.data.tags,
            points=[
                (name, one.step, one.timestamp / 1000, one.value)
                for name in run.data.metrics
                for one in client.get_metric_history(run_id, name)
            ],
            files=files_of(self.settings, run_id),
            state=_STATES.get(run.info.status),
            ended=None if run.info.end_time is None else run.info.end_time / 1000,
            resumed=[
                (int(number), int(step))
                for number, step in re.findall(
                    r"attempt (\d+) from step (\d+)", run.data.tags.get("jupyter_training.resumed", "")
                )
            ],
            overrides={
                name.removeprefix(_OVERRIDE): (text.split(" -> ")[0], text.split(" -> ")[1])
                for name, text in run.data.tags.items()
                if name.startswith(_OVERRIDE)
            },
            tag=int(run.data.tags["hptuning_tag"]) if "hptuning_tag" in run.data.tags else None,
            parent=run.data.tags.get("mlflow.parentRunId"),
            best={name: value for name, value in run.data.metrics.items() if name.startswith("best_")},
        )

    def remove(self, run_id: str) -> None:
        mlflow_client(self.settings).delete_run(run_id)

    def test_a_gap_is_stored_as_nan(self) -> None:
        from jupyter_training.core.metric import Point

        tracker = self.tracker()
        run = tracker.begin(a_recorded_job("gapaaaaaaa"))
        tracker.write(run, [Point("loss", 7, 1_700_000_000.0, None)])
        (point,) = self.kept(run.run_id).points
        assert ("loss", 7) == point[:2]
        assert math.isnan(point[3])

    def test_the_run_stands_in_the_notebooks_experiment_and_its_files_in_the_home(self) -> None:
        run = self.tracker().begin(a_recorded_job("expaaaaaaa"))
        assert "first.ipynb" == mlflow_client(self.settings).get_experiment(run.experiment_id).name
        assert Path(run.artifact_uri or "").is_relative_to(self.settings.mlflow_artifacts)

    def test_the_files_of_a_removed_run_go_and_those_of_others_stay(self) -> None:
        tracker = self.tracker()
        job, other = a_recorded_job("rmvaaaaaaa"), a_recorded_job("rmvaaaaaab")
        runs = [tracker.begin(one) for one in (job, other)]
        for run, one in zip(runs, (job, other), strict=True):
            tracker.describe(run, one)
        gone, stays = (Path(run.artifact_uri or "") for run in runs)
        assert (gone / "spec.json").is_file()
        tracker.remove(RunRef("", runs[0].run_id))
        tracker.remove(RunRef("", runs[0].run_id))
        assert not gone.parent.exists()
        assert (stays / "spec.json").is_file()
        assert "deleted" == mlflow_client(self.settings).get_run(runs[0].run_id).info.lifecycle_stage

    def test_the_files_stay_where_a_model_is_registered_from_the_run(self) -> None:
        tracker, job = self.tracker(), a_recorded_job("rmvaaaaaac")
        run = tracker.begin(job)
        tracker.describe(run, job)
        client = mlflow_client(self.settings)
        client.create_registered_model("digits")
        client.create_model_version("digits", run.artifact_uri or "", run.run_id)
        tracker.remove(run)
        assert (Path(run.artifact_uri or "") / "spec.json").is_file()
        assert "deleted" == client.get_run(run.run_id).info.lifecycle_stage

    def test_outputs_that_are_a_link_are_not_kept(self, tmp_path: Path) -> None:
        elsewhere, outputs = tmp_path / "elsewhere", tmp_path / "outputs"
        (elsewhere / "deep").mkdir(parents=True)
        for name in ("token", "deep/token"):
            (elsewhere / name).write_text("open sesame")
        outputs.symlink_to(elsewhere)
        tracker, job = self.tracker(), an_ended_job("lnkaaaaaaa", JobState.SUCCEEDED, EndReason.COMPLETED)
        run = tracker.begin(job)
        tracker.end(run, job, log=None, outputs=outputs)
        kept = self.kept(run.run_id)
        assert (set(), JobState.SUCCEEDED) == (kept.files, kept.state)

    @pytest.mark.parametrize(
        "place",
        ["elsewhere/experiment/run/artifacts", "ours", "ours/experiment/run", "ours/experiment/other/artifacts"],
    )
    def test_what_is_not_a_runs_own_folder_in_ours_is_left_alone(self, tmp_path: Path, place: str) -> None:
        from jupyter_training.tracking import mlflow_files

        for name in ("elsewhere/experiment/run/artifacts", "ours/experiment/other/artifacts"):
            (tmp_path / name).mkdir(parents=True)
        (tmp_path / "ours/experiment/run").symlink_to(tmp_path / "elsewhere/experiment/run")
        before = sorted(tmp_path.rglob("*"))
        for root in (tmp_path / "ours", None):
            mlflow_files.remove(str(tmp_path / place), "run", root)
            mlflow_files.remove(str(tmp_path / "ours/experiment/run/artifacts"), "run", root)  # a link that leads out
            mlflow_files.remove("s3://bucket/experiment/run/artifacts", "run", root)
        assert before == sorted(tmp_path.rglob("*"))

    def test_long_values_are_cut_and_a_tag_says_which(self) -> None:
        job = a_recorded_job("cutaaaaaaa")
        job = a_recorded_job("cutaaaaaaa", spec=job.spec.model_copy(update={"params": {"text": "x" * 9000, "lr": 1}}))
        tracker = self.tracker()
        run = tracker.begin(job)
        tracker.describe(run, job)
        kept = self.kept(run.run_id)
        assert "text" == kept.tags["jupyter_training.cut"]
        assert 6000 == len(kept.params["text"])
        assert kept.params["text"].endswith(" [cut]")
        assert "1" == kept.params["lr"]

    def test_a_parameter_that_the_code_set_otherwise_costs_only_itself(self) -> None:
        job = a_recorded_job("paraaaaaaa")
        tracker = self.tracker()
        run = tracker.begin(job)
        mlflow_client(self.settings).log_param(run.run_id, "lr", "0.5")
        tracker.describe(run, job)
        assert {"lr": "0.5", "layers": "[64, 32]", "note": "first"} == self.kept(run.run_id).params

    def test_a_deleted_experiment_is_not_brought_back(self) -> None:
        from jupyter_training.core.job import Origin

        client, origin = mlflow_client(self.settings), Origin(user="ada", notebook="gone.ipynb")
        first = self.tracker().begin(a_recorded_job("delaaaaaaa", origin=origin))
        client.delete_experiment(first.experiment_id)
        second = self.tracker().begin(a_recorded_job("delaaaaaab", origin=origin))
        assert "gone.ipynb (2)" == client.get_experiment(second.experiment_id).name

    def test_links_and_pipes_among_the_outputs_are_left_alone(self, tmp_path: Path) -> None:
        import os

        outputs = tmp_path / "outputs"
        outputs.mkdir()
        (outputs / "model.bin").write_bytes(b"weights")
        (outputs / "elsewhere").symlink_to("/etc/hostname")
        os.mkfifo(outputs / "pipe")
        tracker = self.tracker()
        job = a_recorded_job("linaaaaaaa", state=JobState.SUCCEEDED)
        run = tracker.begin(job)
        tracker.end(run, job, log=None, outputs=outputs)
        assert {"outputs/model.bin"} == {name for name in self.kept(run.run_id).files if name.startswith("outputs/")}

    def test_a_file_that_is_no_database_is_an_outage_told_at_once(self, tmp_path: Path) -> None:
        from jupyter_training.tracking.mlflow_tracker import MlflowTracker

        (tmp_path / "mlflow.db").write_text("this is not a database, and long enough to be looked at as one")
        tracker = MlflowTracker(Settings(home=tmp_path), "store")
        with pytest.raises(TrackerUnavailable, match="file is not a database"):
            tracker.begin(a_recorded_job("dbaaaaaaaa"))

    def test_a_server_that_is_not_there_is_an_outage(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from jupyter_training.tracking.mlflow_tracker import MlflowTracker

        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        tracker = MlflowTracker(Settings(home=tmp_path, tracking_uri="http://ada:secret@127.0.0.1:9"), "store")
        with pytest.raises(TrackerUnavailable) as caught:
            tracker.begin(a_recorded_job("httpaaaaaa"))
        assert "secret" not in str(caught.value)
