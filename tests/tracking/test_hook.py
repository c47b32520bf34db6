"""Code that uses mlflow itself, as a job: it finds itself on the job's run, and nothing of it changes otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training import runtime
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.dispatch.ingest import Ingester
from jupyter_training.runtime import archive
from jupyter_training.settings import Settings
from jupyter_training.spool import layout
from jupyter_training.store import points, views
from tests.tracking.nursery import Nursery
from tests.tracking.record import MLFLOWS_OWN_WARNINGS, mlflow_client, points_of, runs_of
from tests.tracking.stage import Stage

pytestmark = [pytest.mark.processes, *MLFLOWS_OWN_WARNINGS]


@pytest.fixture
def mirror(stage: Stage, nursery: Nursery) -> Iterator[int]:
    pid = nursery.mirror(stage.home)
    yield pid
    nursery.kill(pid)


def place_order(folder: Path, settings: Settings, code: str, **params: object) -> Path:
    """The attempt's folder as a backend leaves it. The working folder."""
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "train.py").write_text(textwrap.dedent(code))
    layout.write_json(
        folder / "order.json",
        {
            "version": 1,
            "job": folder.parent.name,
            "attempt": int(folder.name),
            "folder": str(folder / "code"),
            "code": str(folder / "code"),
            "entry": {"kind": "script", "path": "train.py", "args": [], "function": None, "shown_as": None},
            "params": params,
        },
    )
    return folder / "code"


def run(folder: Path, settings: Settings, **variables: str) -> subprocess.CompletedProcess[str]:
    """The person's process, as the supervisor starts it."""
    words = runtime.command(sys.executable, str(archive.install(settings.home)), str(folder))
    environment = {"PATH": os.environ["PATH"], "HOME": str(settings.home), "JUPYTER_TRAINING_SPOOL": str(folder)}
    return subprocess.run(
        words,
        env=environment | variables,
        cwd=folder / "code",
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_it_is_on_the_jobs_run_once_and_ends_as_the_job_did(stage: Stage, mirror: int) -> None:
    job = stage.submit(params={"lr": 0.1})
    folder = stage.start(job)
    place = place_order(
        folder,
        stage.settings,
        """
        import os, sys
        assert not [name for name in os.environ if name.startswith("MLFLOW")], "nothing is set before the import"
        import mlflow
        from jupyter_training import report

        with mlflow.start_run():
            mlflow.log_params({"lr": 0.7, "own": "x"})
            mlflow.log_param("lr", "0.1")
            for step in range(5):
                mlflow.log_metric("own", step / 2, step=step)
                report(reported=step / 4, step=step)
            for value in (3.0, 2.0, 1.0):
                mlflow.log_metrics({"stepless": value})
            with mlflow.start_run(nested=True):
                mlflow.log_metric("inner", 1.0)
            mlflow.log_text("hello", "note.txt")
        sys.exit(3)
        """,
        lr=0.1,
    )
    done = run(folder, stage.settings)
    assert 3 == done.returncode, done.stderr
    assert "FINISHED" == runs_of(stage.settings, job)[0][1], "what MLflow itself makes of it"

    (attempt,) = views.attempts(stage.store, [job])[job]
    Ingester(stage.store).ingest(stage.job(job), attempt, folder, epoch=stage.epoch, now=stage.now(), final=True)
    stage.end(job, EndReason.ERROR)
    stage.wait_until_recorded(job)

    ((run_id, status),) = runs_of(stage.settings, job)
    assert "FAILED" == status
    expected = [("own", step, step / 2) for step in range(5)] + [("reported", step, step / 4) for step in range(5)]
    stored = points_of(stage.settings, run_id)
    assert expected == [point for point in stored if point[0] != "stepless"]
    assert [1.0, 2.0, 3.0] == sorted(value or 0.0 for name, _, value in stored if name == "stepless")
    assert {"lr": "0.1", "own": "x"} == mlflow_client(stage.settings).get_run(run_id).data.params
    assert "the parameter 'lr' is the job's own, recorded as 0.1; 0.7 was left out" in done.stderr

    live = {series.name: series for series in points.series(stage.store, job, None, budget=100)}
    assert {"own": "mlflow", "stepless": "mlflow", "reported": "report"} == {
        name: series.source for name, series in live.items()
    }
    assert [(0, 3.0), (1, 2.0), (2, 1.0)] == [(step, value) for step, _, value in live["stepless"].points]
    assert {"train.py"} == {path.name for path in place.iterdir() if path.suffix != ".pyc"} - {"__pycache__"}


def test_code_with_an_experiment_of_its_own_gets_a_run_there_and_the_job_keeps_its_curve(
    stage: Stage, mirror: int
) -> None:
    job = stage.submit()
    folder = stage.start(job)
    place = place_order(
        folder,
        stage.settings,
        """
        import mlflow
        mlflow.set_experiment("elsewhere")
        with mlflow.start_run(run_name="mine"):
            for step in range(3):
                mlflow.log_metric("own", step / 2, step=step)
            mlflow.log_text("hello", "note.txt")
        """,
    )
    done = run(folder, stage.settings)
    assert 0 == done.returncode, done.stderr
    assert "the code uses mlflow with another experiment" in done.stderr
    (attempt,) = views.attempts(stage.store, [job])[job]
    Ingester(stage.store).ingest(stage.job(job), attempt, folder, epoch=stage.epoch, now=stage.now(), final=True)
    stage.end(job, EndReason.COMPLETED)
    stage.wait_until_recorded(job)

    client = mlflow_client(stage.settings)
    experiment = client.get_experiment_by_name("elsewhere")
    (theirs,) = client.search_runs([experiment.experiment_id])
    ((ours, status),) = runs_of(stage.settings, job)
    curve = [("own", step, step / 2) for step in range(3)]
    assert ("mine", curve) == (theirs.info.run_name, points_of(stage.settings, theirs.info.run_id))
    assert ("FINISHED", curve) == (status, points_of(stage.settings, ours))
    assert Path(theirs.info.artifact_uri).is_relative_to(stage.settings.mlflow_artifacts)
    assert ["train.py"] == sorted(path.name for path in place.iterdir() if path.name != "__pycache__")


# -- what is decided at the import, on a stand-in for mlflow that is imported in no time --------------------------

_DRIVER = """
import importlib.util, os, sys
from jupyter_training.runtime import mlflow_hook
mlflow_hook.WAIT = float(sys.argv[2])
mlflow_hook.install(sys.argv[1])
{body}
print({{name: value for name, value in os.environ.items() if "MLFLOW" in name}})
"""


@pytest.fixture
def attempt(tmp_path: Path) -> Path:
    """An attempt's folder in a home, and ``mlflow`` of the record's version to be found beside it."""
    folder = tmp_path / "spool" / "jobaaaaaaa" / "1"
    folder.mkdir(parents=True)
    layout.write_json(folder / "order.json", {"params": {}})
    package = tmp_path / "site" / "mlflow"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '3.17.2'\n")
    return folder


def hand_over(attempt: Path, uri: str = "http://record:5000") -> None:
    layout.write_json(
        attempt / "mlflow.json",
        {"run_id": "f00d", "experiment_id": "7", "tracking_uri": uri, "version": "3.17.0", "artifacts": "/there"},
    )


def imported(
    attempt: Path, body: str = "import mlflow", wait: float = 5.0, **variables: str
) -> tuple[dict[str, str], str]:
    """The MLflow variables after some code, and what it was told."""
    site = attempt.parents[2] / "site"
    place = archive.install(attempt.parents[2])
    done = subprocess.run(
        [sys.executable, "-S", "-c", _DRIVER.format(body=body), str(attempt), str(wait)],
        env={"PYTHONPATH": f"{place}:{site}"} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return eval(done.stdout), done.stderr


HANDED = {
    "MLFLOW_RUN_ID": "f00d",
    "MLFLOW_EXPERIMENT_ID": "7",
    "MLFLOW_TRACKING_URI": "http://record:5000",
    "_MLFLOW_SERVER_ARTIFACT_ROOT": "/there",
}


def test_the_import_sets_the_run(attempt: Path) -> None:
    hand_over(attempt)
    assert (HANDED, "") == imported(attempt)


def test_a_run_that_comes_late_is_waited_for(attempt: Path) -> None:
    body = """
import threading
from jupyter_training.spool import layout
note = {"run_id": "f00d", "experiment_id": "7", "tracking_uri": "http://record:5000"}
note.update(version="3.17.0", artifacts="/there")
threading.Timer(0.3, layout.write_json, (sys.argv[1] + "/mlflow.json", note)).start()
import mlflow
"""
    assert (HANDED, "") == imported(attempt, body, wait=30.0)


def test_without_a_run_the_code_goes_on_is_told_so_and_leaves_no_database_about(attempt: Path) -> None:
    layout.write_json(
        attempt.parents[1] / "mlflow.json",
        {"tracking_uri": "http://record:5000", "version": "3.17.0", "artifacts": None},
    )
    found, told = imported(attempt, wait=0.1)
    assert {"MLFLOW_TRACKING_URI": "http://record:5000"} == found
    assert "the job's MLflow run was not ready within 0.1 s" in told
    assert 1 == told.count("\n")


def test_without_any_mirror_the_record_is_the_homes(attempt: Path) -> None:
    found, _ = imported(attempt, wait=0.1)
    assert f"sqlite:///{attempt.parents[2]}/mlflow.db" == found["MLFLOW_TRACKING_URI"]


def test_nothing_is_set_or_waited_for_when_mlflow_is_only_looked_for(attempt: Path) -> None:
    began = time.monotonic()
    assert ({}, "") == imported(attempt, "assert importlib.util.find_spec('mlflow')", wait=50.0)
    assert time.monotonic() - began < 40


def test_an_environment_without_mlflow_sees_the_usual_error(attempt: Path) -> None:
    (attempt.parents[2] / "site" / "mlflow" / "__init__.py").unlink()
    (attempt.parents[2] / "site" / "mlflow").rmdir()
    body = "try:\n    import mlflow\nexcept ModuleNotFoundError as error:\n    assert error.name == 'mlflow'"
    assert ({}, "") == imported(attempt, body, wait=50.0)


@pytest.mark.parametrize("name", ["MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"])
def test_a_run_or_experiment_that_the_person_set_stands(attempt: Path, name: str) -> None:
    hand_over(attempt)
    found, _ = imported(attempt, **{name: "theirs"})
    assert {
        name: "theirs",
        "MLFLOW_TRACKING_URI": "http://record:5000",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "/there",
    } == found


def test_a_tracking_server_that_the_person_set_stands(attempt: Path) -> None:
    hand_over(attempt)
    found, told = imported(attempt, MLFLOW_TRACKING_URI="http://theirs:5000")
    assert {"MLFLOW_TRACKING_URI": "http://theirs:5000"} == found
    assert "MLFLOW_TRACKING_URI is set" in told


def test_the_records_own_address_set_by_the_person_changes_nothing(attempt: Path) -> None:
    hand_over(attempt)
    found, told = imported(attempt, MLFLOW_TRACKING_URI="http://record:5000")
    assert ("f00d", "") == (found["MLFLOW_RUN_ID"], told)


def test_another_version_of_mlflow_does_not_touch_the_records_database(attempt: Path) -> None:
    """It would refuse to open it, and the job would fail for no fault of its own."""
    hand_over(attempt, uri=f"sqlite:///{attempt.parents[2]}/mlflow.db")
    (attempt.parents[2] / "site" / "mlflow" / "__init__.py").write_text("__version__ = '2.22.1'\n")
    found, told = imported(attempt)
    assert f"sqlite:///{attempt.parents[2]}/mlflow-2.22.1.db" == found["MLFLOW_TRACKING_URI"]
    assert "MLFLOW_RUN_ID" not in found
    assert "this environment has mlflow 2.22.1, the record is kept by 3.17.0" in told


def test_an_import_that_fails_can_be_tried_again(attempt: Path) -> None:
    hand_over(attempt)
    package = attempt.parents[2] / "site" / "mlflow" / "__init__.py"
    package.write_text(f"import os\nif not os.path.exists({str(package) + '.ok'!r}):\n    raise ImportError('no')\n")
    body = f"""
try:
    import mlflow
except ImportError:
    open({str(package) + ".ok"!r}, "w").close()
import mlflow
assert type(mlflow.__loader__).__name__ == type(mlflow.__spec__.loader).__name__ == "SourceFileLoader"
"""
    assert HANDED["MLFLOW_TRACKING_URI"] == imported(attempt, body)[0]["MLFLOW_TRACKING_URI"]


def test_a_process_that_was_handed_its_run_finds_it_after_a_fork(attempt: Path) -> None:
    hand_over(attempt)
    body = """
if os.fork() == 0:
    import mlflow
    assert os.environ["MLFLOW_RUN_ID"] == "f00d"
    os._exit(0)
assert os.wait()[1] == 0
"""
    assert ({}, "") == imported(attempt, body)
