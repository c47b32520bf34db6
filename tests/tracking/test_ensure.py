"""Starting the mirror: one, when there is something to copy, and not again and again when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_training.core.lifecycle import EndReason
from jupyter_training.tracking import ensure
from jupyter_training.tracking.ensure import Mirroring, ensure_mirror
from tests.tracking.record import runs_of
from tests.tracking.stage import Stage, wait_for

pytestmark = pytest.mark.processes


def is_alive(stage: Stage) -> bool:
    lock = ensure.take_lock(stage.settings)
    if lock is None:
        return True
    os.close(lock)
    return False


def test_a_mirror_is_started_once_copies_and_leaves_when_idle(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "home", idle_exit=0.5)
    job = stage.submit()
    folder = stage.start(job)
    assert Mirroring.STARTED == ensure_mirror(stage.settings)
    assert {Mirroring.ALIVE} == {ensure_mirror(stage.settings) for _ in range(20)}
    wait_for((folder / "mlflow.json").exists, "the run is handed over", stage.log)
    # A job that runs and says nothing keeps it; a mirror that left would have to import mlflow for each new point.
    second = subprocess.run(
        [sys.executable, *ensure.COMMAND, "--home", str(stage.home)], capture_output=True, timeout=60, check=False
    )
    assert (0, b"") == (second.returncode, second.stdout)
    assert is_alive(stage)
    stage.end(job, EndReason.COMPLETED)
    stage.wait_until_recorded(job)
    assert "FINISHED" == runs_of(stage.settings, job)[0][1]
    wait_for(lambda: not is_alive(stage), "the idle mirror has left", stage.log)
    assert b"" == (stage.settings.run_folder / ensure.LOCK_NAME).read_bytes()
    stage.close()


def test_nothing_of_the_starters_variables_reaches_it_but_what_servers_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "a" * 32)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere:5000")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "token")
    monkeypatch.setenv("SECRET_OF_A_NOTEBOOK", "secret")
    stage = Stage(tmp_path / "home")
    ensure_mirror(stage.settings)
    (child,) = [one for one in ensure._children if one.poll() is None and str(stage.home) in one.args]
    entries = Path(f"/proc/{child.pid}/environ").read_bytes().split(b"\0")
    environment = dict(entry.partition(b"=")[::2] for entry in entries if entry)
    child.terminate()
    child.wait(timeout=30)
    assert b"token" == environment[b"MLFLOW_TRACKING_TOKEN"]
    assert {b"MLFLOW_RUN_ID", b"SECRET_OF_A_NOTEBOOK"}.isdisjoint(environment)
    # Which record is the home's is a matter of its settings, read once: by whoever starts the mirror.
    assert b"http://elsewhere:5000" == environment[b"MLFLOW_TRACKING_URI"]
    stage.close()


def test_one_that_keeps_dying_is_given_a_rest(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "home")
    for _ in range(3):
        assert Mirroring.STARTED == ensure_mirror(stage.settings)
        (child,) = [one for one in ensure._children if one.poll() is None and str(stage.home) in one.args]
        os.kill(child.pid, signal.SIGKILL)
        child.wait(timeout=30)
    began = time.monotonic()
    assert Mirroring.RESTING == ensure_mirror(stage.settings)
    assert time.monotonic() - began < 1
    assert not is_alive(stage)
    stage.close()


def test_a_home_that_can_not_be_written_is_no_error(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "home")
    stage.settings.run_folder.rmdir() if stage.settings.run_folder.exists() else None
    stage.settings.run_folder.write_text("in its place stands a file")
    assert Mirroring.REFUSED == ensure_mirror(stage.settings)
    stage.close()


def test_whoever_asks_for_a_mirror_does_not_import_mlflow() -> None:
    code = "import sys, jupyter_training.tracking.ensure; print([name for name in sys.modules if 'mlflow' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()
