"""When the person's code imports mlflow, put it on the job's own run.

Nothing happens until then: one entry in ``sys.meta_path`` looks at names. When
``mlflow`` has been imported, the attempt folder is asked for ``mlflow.json``,
which the mirror writes once the job's run exists:

    import mlflow -> (its own import, seconds) -> mlflow.json, or a wait for it -> MLFLOW_* -> wrap the calls

The import itself is time for the mirror to make the run; what is left is waited
for, at most 10 s. Without an answer the code goes on, and is told so in one
line. What the person chose (their tracking URI, experiment or run) always
stands. Standard library only; nothing here may make an import fail that would
succeed without it.
"""

from __future__ import annotations

import os
import sys
import time

from jupyter_training.runtime import job, journal
from jupyter_training.spool import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["install"]

WAIT = 10.0  # seconds
_POLL = 0.02


def install(attempt_folder: str) -> None:
    """Watch for the first import of mlflow in this process and its forks."""
    if "mlflow" not in sys.modules:
        sys.meta_path.insert(0, _Finder(attempt_folder))


class _Finder:
    """Finds nothing itself: lets the others find mlflow, and stands around its loader."""

    def __init__(self, attempt_folder: str) -> None:
        self._attempt_folder = attempt_folder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "mlflow":
            return None
        for finder in list(sys.meta_path):
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(fullname, path, target) if find else None
            if spec is not None:
                # A mere question whether mlflow is installed ends here, without a wait.
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self._attempt_folder)  # type: ignore[assignment]  # as one
                return spec
        return None


class _Loader:
    """Runs mlflow's own loader and attaches the job's run right after."""

    def __init__(self, inner: Loader, attempt_folder: str) -> None:
        self._inner = inner
        self._attempt_folder = attempt_folder

    def __getattr__(self, name: str) -> object:  # get_data, get_source ...: as if we were not here
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._inner, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._inner
        module.__loader__ = self._inner
        self._inner.exec_module(module)
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
        try:
            _attach(module, self._attempt_folder)
        except Exception as error:  # noqa: BLE001  # the edge of somebody else's import: say it, never break it
            journal.say(f"mlflow is used as it is, without the job's run: {type(error).__name__}: {error}")


def _attach(mlflow: ModuleType, attempt_folder: str) -> None:
    """Set MLFLOW_* as far as the person left them open, then wrap the calls."""
    from jupyter_training.runtime import mlflow_calls

    chosen_uri = os.environ.get("MLFLOW_TRACKING_URI")
    handed = _wait(os.path.join(attempt_folder, "mlflow.json"))
    run_id = None
    if handed is None:
        journal.say(f"the job's MLflow run was not ready within {WAIT:g} s; what mlflow logs goes to a run of its own.")
        handed = _home(attempt_folder)
    elif not handed["run_id"]:
        pass  # in a container: the record can't be reached from there
    elif chosen_uri not in (None, handed["tracking_uri"]):
        journal.say("MLFLOW_TRACKING_URI is set; what mlflow logs goes there, the job's own run is elsewhere.")
    elif not _same_schema(mlflow, handed):
        journal.say(
            f"this environment has mlflow {_version(mlflow)}, the record is kept by {handed['version']};"
            " what mlflow logs goes to a database of its own."
        )
        handed = _home(attempt_folder, f"mlflow-{_version(mlflow)}.db")
    elif any(name in os.environ for name in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME")):
        pass
    else:
        run_id = handed["run_id"]
        os.environ["MLFLOW_RUN_ID"] = run_id
        os.environ["MLFLOW_EXPERIMENT_ID"] = handed["experiment_id"]
    if chosen_uri is None:
        os.environ["MLFLOW_TRACKING_URI"] = handed["tracking_uri"]
        if handed.get("artifacts"):
            # Where new experiments keep files; without it MLflow takes ./mlruns of the working folder.
            os.environ.setdefault("_MLFLOW_SERVER_ARTIFACT_ROOT", handed["artifacts"])
    mlflow_calls.wrap(
        mlflow,
        run_id=run_id,
        experiment_id=handed.get("experiment_id"),
        tracking_uri=handed["tracking_uri"],
        params=job.order(attempt_folder).get("params") or {},
        note=journal.points,
        say=journal.say,
    )


def _wait(path: str) -> dict[str, str] | None:
    """The record in a file that appears by rename, or None where none does in time."""
    deadline = time.monotonic() + WAIT
    while True:
        found = layout.read_json(path)
        if found is not None or time.monotonic() >= deadline:
            return found
        time.sleep(_POLL)


def _home(attempt_folder: str, database: str | None = None) -> dict[str, str]:
    """Where the home keeps its record: by the note beside the attempts, or by the home's layout.

    With ``database``, a SQLite file of that name in the home instead.
    """
    spool = os.path.dirname(os.path.dirname(os.path.abspath(attempt_folder)))
    if database is None:
        found: dict[str, str] | None = layout.read_json(os.path.join(spool, "mlflow.json"))
        if found is not None:
            return found
        database = "mlflow.db"
    home = os.path.dirname(spool)
    return {
        "tracking_uri": "sqlite:///" + os.path.join(home, database),
        "artifacts": os.path.join(home, "mlartifacts"),
    }


def _version(mlflow: ModuleType) -> str:
    return str(getattr(mlflow, "__version__", "unknown"))


def _same_schema(mlflow: ModuleType, handed: dict[str, str]) -> bool:
    """Whether this mlflow may open the record. A database has the tables of one minor version only."""
    if handed["tracking_uri"].startswith(("http://", "https://", "databricks")):
        return True
    return _version(mlflow).split(".")[:2] == handed["version"].split(".")[:2]
