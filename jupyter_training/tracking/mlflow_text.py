"""A job's words in the form that MLflow accepts. Pure.

MLflow refuses a whole batch for one name it does not like, so every name and
value is brought into its limits first. What was cut is named in a tag.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pydantic import JsonValue

from jupyter_training.core.job import Attempt, Job
from jupyter_training.core.lifecycle import EndReason, JobState, said_of
from jupyter_training.core.metric import Point
from jupyter_training.seams.tracker import Kinship

__all__ = [
    "BEST_TAG",
    "CUT_TAG",
    "DEFAULT_EXPERIMENT",
    "END_TAG",
    "JOB_TAG",
    "OVERRIDE_TAG",
    "RESUMED_TAG",
    "STATUS",
    "STORE_TAG",
    "TUNING_TAG",
    "Params",
    "changed",
    "end_text",
    "experiment_name",
    "found_params",
    "kinship",
    "metric_key",
    "params",
    "resumed",
    "series",
    "tags",
]

JOB_TAG = "jupyter_training.job"
STORE_TAG = "jupyter_training.store"
CUT_TAG = "jupyter_training.cut"
END_TAG = "jupyter_training.end"
TUNING_TAG = "hptuning_tag"
BEST_TAG = "jupyter_training.best_trial"
RESUMED_TAG = "jupyter_training.resumed"
OVERRIDE_TAG = "jupyter_training.override."
DEFAULT_EXPERIMENT = "jupyter-training"

STATUS: Mapping[JobState, str] = {
    JobState.SUCCEEDED: "FINISHED",
    JobState.FAILED: "FAILED",
    JobState.CANCELED: "KILLED",
}

# The limits of MLflow 3.17; servers that are older allow less, which the tracker finds out.
KEY_LENGTH = 250
PARAM_LENGTH = 6000
TAG_LENGTH = 5000
_EXPERIMENT_LENGTH = 500
_CUT = " [cut]"

_NOT_ALLOWED = re.compile(r"[^\w\-. :/]")
_MACHINE = "machine/"
_SYSTEM = "system/"  # MLflow's own name for a machine's series; its pages show them on a tab of their own


@dataclass(frozen=True)
class Params:
    """Parameters ready to be sent, and the names of those whose value had to be cut."""

    values: dict[str, str]
    cut: tuple[str, ...]


def experiment_name(job: Job) -> str:
    """The notebook that the job came from; jobs from elsewhere share one experiment."""
    notebook = job.origin.notebook
    name = PurePosixPath(notebook.replace("\\", "/")).name if notebook else ""
    return name[:_EXPERIMENT_LENGTH] or DEFAULT_EXPERIMENT


def metric_key(point: Point) -> str:
    """The series' name, machine samples below ``system/`` where MLflow expects them."""
    name = point.name
    if point.source == "machine":
        name = _SYSTEM + name.removeprefix(_MACHINE)
    return _key(name)


def params(job: Job, *, longest: int = PARAM_LENGTH) -> Params:
    """The job's parameters as text. Written as Python would, so that code logging its own gives the same."""
    values: dict[str, str] = {}
    cut = []
    for name, value in job.spec.params.items():
        text, was_cut = _short(_text(value), longest)
        values[_key(name)] = text
        if was_cut:
            cut.append(name)
    return Params(values, tuple(cut))


def tags(job: Job, store_id: str) -> dict[str, str]:
    """The job's own tags under their names, then ours, which nobody can replace."""
    entry = job.spec.entry
    own = {_key(name): value for name, value in job.spec.tags.items() if name != "mlflow.runName"}
    ours = {
        JOB_TAG: job.id,
        STORE_TAG: store_id,
        "jupyter_training.spec_hash": job.spec_hash,
        "jupyter_training.user": job.origin.user,
        "jupyter_training.notebook": job.origin.notebook or "",
        "jupyter_training.cell": job.origin.cell or "",
        "mlflow.user": job.origin.user,
        "mlflow.source.name": entry.shown_as or entry.path,
        "mlflow.source.type": "LOCAL",
    }
    found = own | {name: value for name, value in ours.items() if value}
    return {name: _short(value, TAG_LENGTH)[0] for name, value in found.items()}


def resumed(job: Job, attempts: Sequence[Attempt]) -> dict[str, str]:
    """From which step attempts went on, and what a resume changed: parameters can't be changed in MLflow.

    What they reported of later steps before stays in the record, at earlier times.
    """
    steps = [f"attempt {one.number} from step {one.start_step}" for one in attempts if one.start_step is not None]
    found = {RESUMED_TAG: "; ".join(steps)} if steps else {}
    for name, value in job.overrides.items():
        before = _text(job.spec.params[name]) if name in job.spec.params else "not set"
        found[_key(OVERRIDE_TAG + name)] = f"{before} -> {_text(value)}"
    return {name: _short(value, TAG_LENGTH)[0] for name, value in found.items()}


def kinship(one: Kinship) -> dict[str, str]:
    """What lets the runs of one search be found together, and shown below their parent."""
    found = {TUNING_TAG: str(one.tag)}
    return found if one.parent is None else {**found, "mlflow.parentRunId": one.parent.run_id}


def found_params(values: Mapping[str, JsonValue], *, prefix: str = "") -> dict[str, str]:
    """Parameters by names and in texts that MLflow takes."""
    return {_key(prefix + name): _short(_text(value), PARAM_LENGTH)[0] for name, value in values.items()}


def changed(name: str, before: str, after: str) -> dict[str, str]:
    """A parameter that is another one by now, as a tag."""
    return {_key(OVERRIDE_TAG + name): _short(f"{before} -> {after}", TAG_LENGTH)[0]}


def series(name: str) -> str:
    return _key(name)


def end_text(job: Job) -> str:
    """Why it ended, as a sentence."""
    sentence = said_of(job, job.reason or EndReason.LOST)
    return _short(sentence, TAG_LENGTH)[0]


def _key(name: str) -> str:
    """The nearest name that MLflow accepts as a key: its letters only, and a relative path in normal form."""
    clean = posixpath.normpath(_NOT_ALLOWED.sub("_", name)).lstrip("/")
    parts = ["_" if part in ("", ".", "..") else part for part in clean.split("/")]
    return "/".join(parts)[:KEY_LENGTH].rstrip("/")


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else str(value)


def _short(text: str, longest: int) -> tuple[str, bool]:
    if len(text) <= longest:
        return text, False
    return text[: longest - len(_CUT)] + _CUT, True
