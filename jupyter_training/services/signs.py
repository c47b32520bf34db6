"""A job's signs of life beside the store's rows: its log's last byte, the latest picture, machine samples."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from jupyter_training import spool
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import JobState
from jupyter_training.core.metric import Progress, SeriesSummary
from jupyter_training.schema import ArtifactView
from jupyter_training.services import artifacts
from jupyter_training.spool import layout

__all__ = ["figure", "has_begun", "last_word", "machine", "of_service", "of_service_in_all", "source"]

_FIGURES = "figures"
_FIGURE = re.compile(r"(0\d{3})\.(?:png|jpe?g|gif|webp)\Z", re.ASCII)  # as the runtime numbers them
_MACHINE = "machine/"
_SERVICE = f"{_MACHINE}service/"
_SOURCES: tuple[Literal["report", "mlflow", "log"], ...] = ("report", "mlflow", "log")


def figure(outputs: str, job: JobId) -> ArtifactView | None:
    """The latest picture that the job showed; it is kept below its outputs, numbered. ``outputs``: of all jobs."""
    folder = f"{outputs}/{job}/{_FIGURES}"  # no Path: a list asks for hundreds
    try:
        names = os.listdir(folder)
    except OSError:  # most jobs show none
        return None
    numbered = sorted(((int(match[1]), name) for name in names if (match := _FIGURE.match(name))), reverse=True)
    for _, name in numbered:
        try:
            status = os.lstat(os.path.join(folder, name))
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and status.st_size > 0:
            return artifacts.view(f"{_FIGURES}/{name}", status)
    return None


def has_begun(root: Path, job: JobId, number: int) -> bool:
    """Whether an attempt's code may run by now; the store hears of it when the dispatcher looks next."""
    return layout.begun_file(spool.attempt_folder(root, job, number)).exists()


def last_word(root: str, job: Job, summaries: Iterable[SeriesSummary], progress: Progress | None) -> float | None:
    """When the job last said anything: a point, progress, or, while it runs, a byte of its log below ``root``."""
    moments = [one.last_time for one in summaries if one.source != "machine"]
    if progress is not None:
        moments.append(progress.time)
    if job.state is JobState.RUNNING:
        folder = spool.attempt_folder(root, job.id, job.attempt)
        with contextlib.suppress(OSError):  # it has printed nothing
            moments.append(os.stat(os.path.join(folder, layout.LOG)).st_mtime)
    return max(moments, default=None)


def machine(summaries: Mapping[str, SeriesSummary]) -> dict[str, float]:
    """The newest sample of each of the machine's series, by the name that the supervisor gave it."""
    return {
        name.removeprefix(_MACHINE): one.last
        for name, one in summaries.items()
        if one.source == "machine" and one.last is not None and not name.startswith(_SERVICE)
    }


def of_service(summaries: Mapping[str, SeriesSummary], name: str) -> float | None:
    """What the job's service said last of this."""
    found = summaries.get(f"{_SERVICE}{name}")
    return found.last if found is not None else None


def of_service_in_all(summaries: Mapping[str, SeriesSummary], name: str) -> float | None:
    """The same of all its attempts together, where it is counted for each."""
    values = [
        one.last for key, one in summaries.items() if key.startswith(f"{_SERVICE}{name}/") and one.last is not None
    ]
    return sum(values) if values else None


def source(summaries: Mapping[str, SeriesSummary]) -> Literal["report", "log", "mlflow"] | None:
    """Where the job's metrics come from: its own reports before its MLflow calls before printed lines."""
    found = {one.source for one in summaries.values()}
    return next((one for one in _SOURCES if one in found), None)
