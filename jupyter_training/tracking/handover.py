"""Tell a running attempt which MLflow run is its own: ``mlflow.json`` in its folder.

The file holds ``run_id``, ``experiment_id``, ``tracking_uri``, ``artifact_uri``
(null if it was not looked up), ``version`` (of the mlflow that keeps the
record; a database can be opened by that one only) and ``artifacts`` (where new
experiments keep their files, or null). One without run and experiment lies beside the attempts of all jobs, for
code that is too early for its own.
"""

from __future__ import annotations

from pathlib import Path

from jupyter_training.core.job import Attempt
from jupyter_training.seams.tracker import RunRef
from jupyter_training.settings import Settings
from jupyter_training.spool import attempt_folder, layout
from jupyter_training.tracking.mlflow_place import artifact_root

__all__ = ["FILE", "Handover"]

FILE = "mlflow.json"


class Handover:
    """Writes the files of one home. ``version``: of the mlflow in this process."""

    def __init__(self, settings: Settings, version: str) -> None:
        root = artifact_root(settings)
        self._spool = settings.spool_root
        self._place = {
            "tracking_uri": settings.mlflow_uri,
            "version": version,
            "artifacts": None if root is None else str(root),
        }

    def announce_record(self) -> None:
        """Say where the record is, whatever job asks."""
        self._spool.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write(self._spool / FILE, {})

    def announce(self, attempt: Attempt, run: RunRef) -> bool:
        """Hand an attempt its run. False: its folder is not there yet."""
        folder = attempt_folder(self._spool, attempt.job, attempt.number)
        try:
            self._write(
                folder / FILE,
                {"run_id": run.run_id, "experiment_id": run.experiment_id, "artifact_uri": run.artifact_uri},
            )
        except FileNotFoundError:
            return False
        return True

    def _write(self, path: Path, more: dict[str, str | None]) -> None:
        value = {**self._place, **more}
        if layout.read_json(path) != value:
            layout.write_json(path, value)
