"""Where things are and how much is allowed: file < environment < traitlets.

Standard library only, as the kernel and the supervisor's side read it too. The
file is ``settings.toml`` in the home folder; unknown keys there are an error
with the near miss, so that a typing mistake never silently does nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from jupyter_training.errors import InvalidSpec, near_miss

__all__ = ["Settings", "default_home"]

MB = 1024 * 1024

# What the table [sagemaker] may say: options that hold where a job says nothing else, and what is no job's to say.
_SAGEMAKER = (
    *("instance", "instances", "spot", "max_wait", "image", "python", "role", "role_arn", "region", "profile"),
    *("bucket", "prefix", "inputs", "volume", "volume_kms_key", "output_kms_key", "subnets", "security_groups"),
    *("isolated", "encrypted_traffic", "keep_alive", "requirements", "launcher", "hyperparameters", "tags"),
    *("max_cost", "without_checkpoints", "request"),
    *("prices", "fetch_limit", "poll_every"),
)
_OF_SAGEMAKER = {"prices": "str", "fetch_limit": "int", "poll_every": "float"}


@dataclass(frozen=True)
class Settings:
    """All settings of one home. Sizes are in bytes, spans in seconds."""

    home: Path
    store_url: str | None = None  # SQLAlchemy URL; None = SQLite files in the home
    tracking_uri: str | None = None  # MLflow; None = SQLite file in the home
    local_slots: int | None = None  # slots of the pool "local"; None = CPU count
    pools: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict
    )  # by name what is said of each, as [pools.NAME]
    sagemaker: Mapping[str, Any] = field(default_factory=dict)  # what holds for every job there, as [sagemaker]
    log_cap_bytes: int = 1024 * MB  # an attempt's log on disk
    log_head_bytes: int = 64 * MB  # of which the beginning is always kept
    sample_every: float = 5.0  # machine samples of a running job
    hang_after: float = 1800.0  # without a report and a line of log; then a job is warned of. 0 = never
    bundle_limit_bytes: int = 95 * MB
    context_limit_bytes: int = 95 * MB  # of the files of a context's content
    hook_within: float = 600.0  # how long a context's startup-hook.sh may take; 0 = no limit
    keep_finished_days: float = 0  # 0 = for ever; else `db gc` removes older finished jobs
    keep_spool_days: float = 7  # spools of finished jobs, once ingested and mirrored
    dispatcher_idle_exit: float = 60.0  # leaves after so long without work or a live server
    mirror_idle_exit: float = 60.0
    driver_slots: int = 8  # searches that are driven at once; the rest wait
    driver_idle_exit: float = 600.0  # a search's driver leaves after so long with nothing to do, until there is
    record_idle_exit: float = 900.0  # `mlflow server` behind the record link
    keep_server_active: bool = True  # running jobs count as activity against culling

    @property
    def spool_root(self) -> Path:
        return self.home / "spool"

    @property
    def blobs(self) -> Path:
        """Content-addressed files of job bundles."""
        return self.home / "blobs"

    @property
    def data(self) -> Path:
        """Content-addressed values that notebooks sent along (``--take``)."""
        return self.home / "data"

    @property
    def secrets(self) -> Path:
        """One 0600 file per job that asked for ``pass_env``; removed when the job ends."""
        return self.home / "secrets"

    def secrets_file(self, key: str) -> Path:
        """Where the values of a submission's ``pass_env`` wait for its attempts."""
        return self.secrets / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"

    @property
    def outputs(self) -> Path:
        """One folder per job for what it keeps; outlives the spool."""
        return self.home / "outputs"

    @property
    def checkpoints(self) -> Path:
        """One folder per job for the checkpoints that are kept here; outlives the spool."""
        return self.home / "checkpoints"

    @property
    def rehearsals(self) -> Path:
        """Throw-away folders of code that is tried for one step."""
        return self.home / "rehearsals"

    @property
    def runtime(self) -> Path:
        """The job-side package, extracted once per content."""
        return self.home / "runtime"

    @property
    def light(self) -> Path:
        """The light side as a folder for kernels that have none of us, once per content."""
        return self.home / "light"

    @property
    def logs(self) -> Path:
        """Our own processes' logs: dispatcher, mirror, record server."""
        return self.home / "logs"

    @property
    def run_folder(self) -> Path:
        """Sockets, locks and discovery files of live processes."""
        return self.home / "run"

    @property
    def jobs_file(self) -> Path:
        return self.home / "jobs.sqlite"

    @property
    def points_file(self) -> Path:
        return self.home / "points.sqlite"

    @property
    def mlflow_uri(self) -> str:
        return self.tracking_uri or f"sqlite:///{self.home / 'mlflow.db'}"

    @property
    def mlflow_artifacts(self) -> Path:
        return self.home / "mlartifacts"

    @classmethod
    def load(cls, home: str | Path | None = None, **overrides: Any) -> Settings:
        """Read the settings of a home: defaults, then its file, then the environment, then ``overrides``.

        Creates nothing. An override of None counts as not given.

        Raises:
            InvalidSpec: an unknown key or a value of the wrong type, with the file's name.
        """
        folder = Path(home or os.environ.get("JUPYTER_TRAINING_HOME") or default_home()).expanduser().absolute()
        settings = cls(home=folder)
        file = folder / "settings.toml"
        if file.is_file():
            try:
                settings = settings._with(tomllib.loads(file.read_text("utf-8")), where=str(file))
            except tomllib.TOMLDecodeError as error:
                raise InvalidSpec(f"{file} is not valid TOML: {error}.") from None
        settings = settings._with(_environment(), where="the environment")
        return settings._with(
            {key: value for key, value in overrides.items() if value is not None}, where="the configuration"
        )

    def _with(self, values: Mapping[str, Any], *, where: str) -> Settings:
        kinds = {field.name: str(field.type) for field in fields(self) if field.name != "home"}
        checked: dict[str, Any] = {}
        for key, value in values.items():
            if key not in kinds:
                close = near_miss(key, kinds)
                raise InvalidSpec(
                    f"{where}: there is no setting {key!r}.", hint=f"Did you mean {close!r}?" if close else None
                )
            checked[key] = _checked(key, value, kinds[key], where)
        for key in ("pools", "sagemaker"):  # each of their entries is said as a whole, where it is said last
            if key in checked:
                checked[key] = {**getattr(self, key), **checked[key]}
        return replace(self, **checked)


def _environment() -> dict[str, Any]:
    """The settings that have a variable of their own; ``POOLS``, ``SAGEMAKER`` and ``LOCAL_SLOTS`` are JSON."""
    texts = {
        "store_url": os.environ.get("JUPYTER_TRAINING_STORE"),
        "tracking_uri": os.environ.get("MLFLOW_TRACKING_URI"),
    }
    found: dict[str, Any] = {key: value for key, value in texts.items() if value}
    for key in ("local_slots", "pools", "sagemaker"):
        name = f"JUPYTER_TRAINING_{key.upper()}"
        text = os.environ.get(name)
        if text:
            try:
                found[key] = json.loads(text)
            except ValueError as error:
                raise InvalidSpec(f"{name} is not valid JSON: {error}.") from None
    return found


def _checked(key: str, value: Any, kind: str, where: str) -> Any:
    """The value, if it is of the field's kind and not negative."""
    if key == "sagemaker" and isinstance(value, Mapping):
        return _checked_table(value, where)
    if kind.startswith("bool"):
        good = isinstance(value, bool)
    elif kind.startswith("int"):
        good = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    elif kind.startswith("Mapping"):
        good = isinstance(value, Mapping) and all(isinstance(one, Mapping) for one in value.values())
    elif kind.startswith("float"):
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")
    else:
        good = isinstance(value, str)
    if not good:
        words = {"b": "true or false", "i": "a whole number, 0 or more", "f": "a number, 0 or more"}
        words["M"] = "tables by name, as in [pools.lab] with slots = 2"
        if key == "sagemaker":
            words["M"] = "a table, as [sagemaker] with role = 'training'"
        raise InvalidSpec(f"{where}: {key} must be {words.get(kind[0], 'a text')}, not {value!r}.")
    return value


def _checked_table(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """What is said of SageMaker. Whether an option's value is one, the options themselves know."""
    for key, value in table.items():
        if key not in _SAGEMAKER:
            close = near_miss(key, _SAGEMAKER)
            raise InvalidSpec(
                f"{where}: [sagemaker] has no key {key!r}.", hint=f"Did you mean {close!r}?" if close else None
            )
        if key in _OF_SAGEMAKER:
            _checked(f"sagemaker.{key}", value, _OF_SAGEMAKER[key], where)
    return dict(table)


def default_home() -> Path:
    """``training`` in Jupyter's data folder, found without importing Jupyter."""
    data = os.environ.get("JUPYTER_DATA_DIR")
    if data:
        return Path(data) / "training"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Jupyter" / "training"
    shared = os.environ.get("XDG_DATA_HOME")
    return (Path(shared) if shared else Path.home() / ".local" / "share") / "jupyter" / "training"
