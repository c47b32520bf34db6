"""Checkpoints that lie in a job's folder and of which nobody told, as their writer was killed right then."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.retention import Checkpoint
from jupyter_training.spool import checkpoints as spooled
from jupyter_training.store import checkpoints
from jupyter_training.store.engine import Store

__all__ = ["is_another", "of_attempt"]


def of_attempt(store: Store, job: JobId, attempt: int) -> list[Checkpoint]:
    """Those that the attempt wrote and that the store does not know. Whether they are whole is checked by who reads.

    Nor does it know another one under the name of one that was removed.
    """
    folder = store.settings.checkpoints / job
    try:
        names = [name for name in os.listdir(folder) if (spooled.parts(name) or (0, 0, 0))[1] == attempt]
    except OSError:
        return []
    if not names:
        return []
    known = {one.name: one for one in checkpoints.of_jobs(store, [job]).get(job, ())}
    found = []
    for name in sorted(names):
        there = known.get(name)
        if there is None or there.state == "deleted":
            one = _read(job, attempt, folder / name)
            if one is not None and (there is None or one.sha256 != there.sha256):
                found.append(one)
    return found


def is_another(known: Checkpoint, folder: Path) -> bool:
    """Whether in the folder of a known one lies another checkpoint than that."""
    found = _read(known.job, known.attempt, folder)
    return found is not None and found.sha256 != known.sha256


def _read(job: JobId, attempt: int, folder: Path) -> Checkpoint | None:
    manifest = spooled.read(folder)
    if manifest is None:
        return None  # what a removal that was cut short left
    try:
        return Checkpoint(
            job=job,
            name=folder.name,
            attempt=attempt,
            step=int(manifest["step"]),
            created=Instant(float(manifest["time"])),
            size=sum(int(one["size"]) for one in manifest["files"]),
            files=len(manifest["files"]),
            sha256=spooled.digest(folder / spooled.MANIFEST),
            place=None,
            kind=str(manifest.get("kind")),
            metric=None,
        )
    except (OSError, KeyError, TypeError, ValueError):
        return None
