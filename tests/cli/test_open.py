"""``open``: what it prints, and what it hands to a browser."""

from __future__ import annotations

import webbrowser
from dataclasses import replace

import pytest

from jupyter_training.cli import open as command
from jupyter_training.core.job import Instant
from jupyter_training.store import record
from tests.cli.conftest import Run
from tests.services.stage import Stage


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a browser was told to open; there is a screen for one."""
    links: list[str] = []
    monkeypatch.setattr(command, "_has_screen", lambda: True)
    monkeypatch.setattr(webbrowser, "open", links.append)
    return links


def recorded(stage: Stage) -> str:
    job = stage.submit().job
    assert record.save(stage.site.store, replace(record.RecordRow(job.id), run_id="r1"), Instant(1.0))
    return job.id


def test_a_link_to_a_server_has_no_password(
    stage: Stage, run: Run, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://ada:hunter2@mlflow.example/team/")
    link = "https://mlflow.example/team/#/runs/r1"
    assert (0, f"{link}\n", "") == run("open", recorded(stage))
    assert [link] == opened


def test_a_command_for_a_database_has_no_password(
    stage: Stage, run: Run, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://ada:hunter2@db.example/mlflow")
    code, out, err = run("open", recorded(stage))
    store = "mlflow server --backend-store-uri postgresql://db.example/mlflow (its user and password added)\n"
    assert (0, "", True) == (code, err, out.endswith(store)), out
    assert "hunter2" not in out
    assert [] == opened
