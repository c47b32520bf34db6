"""Read an MLflow record independently of what wrote it."""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.settings import Settings

__all__ = ["MLFLOWS_OWN_WARNINGS", "files_of", "mlflow_client", "points_of", "runs_of"]

# Raised inside mlflow about what mlflow itself does.
MLFLOWS_OWN_WARNINGS = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@cache
def _client(uri: str) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(uri)


def mlflow_client(settings: Settings) -> Any:
    return _client(settings.mlflow_uri)


def files_of(settings: Settings, run_id: str) -> set[str]:
    """Every file of a run, by its path among them."""
    root = Path(mlflow_client(settings).get_run(run_id).info.artifact_uri)
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def runs_of(settings: Settings, job: str) -> list[tuple[str, str]]:
    """(run id, status) of every run that says it is this job's, deleted ones too. Without mlflow."""
    with sqlite3.connect(settings.home / "mlflow.db") as database:
        return database.execute(
            "select r.run_uuid, r.status from runs r join tags t on t.run_uuid = r.run_uuid"
            " where t.key = 'jupyter_training.job' and t.value = ?",
            (job,),
        ).fetchall()


def points_of(settings: Settings, run_id: str) -> list[tuple[str, int, float | None]]:
    """(series, step, value) of every stored row of a run, sorted; None for NaN. Without mlflow."""
    with sqlite3.connect(settings.home / "mlflow.db") as database:
        rows = database.execute("select key, step, value, is_nan from metrics where run_uuid = ?", (run_id,))
        return sorted(((key, step, None if nan else value) for key, step, value, nan in rows), key=repr)
