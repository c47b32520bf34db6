"""What an attempt starts with: its order, and the checkpoint that it goes on from.

Checkpoints that the job has saved at AWS come to the container by themselves.
One that lies elsewhere (it was saved here, or is another job's) is sent along;
only the first of them, as that is what the attempt goes on from.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_training.backends.sagemaker.options import is_s3
from jupyter_training.backends.sagemaker.packing import File
from jupyter_training.backends.sagemaker.places import Places, checkpoints_of
from jupyter_training.backends.sagemaker.remote import Intent
from jupyter_training.backends.sagemaker.request import variables
from jupyter_training.core.job import CheckpointPolicy, DataFile
from jupyter_training.core.retention import Checkpoint
from jupyter_training.errors import LaunchFailed
from jupyter_training.settings import Settings
from jupyter_training.spool import checkpoints

__all__ = ["Start", "data_files", "order", "plan"]

_VERSION = 1
_STOP_WITHIN = 30.0  # seconds that code which asks should_stop() gets before SIGTERM


@dataclass(frozen=True)
class Start:
    """The checkpoints that an attempt may go on from, each with where the container finds it."""

    job: str
    candidates: tuple[tuple[Checkpoint, str], ...] = ()  # "checkpoints" or "start"
    uploaded: Checkpoint | None = None  # the one that has to be sent


def plan(intent: Intent, base: str, kept: Path) -> Start:
    """What the attempt goes on from. ``base``: of the job's places; ``kept``: where checkpoints are kept here.

    Raises:
        LaunchFailed: the one to go on from is at a place that can't be reached from SageMaker; or nothing is there
            of those that are kept here. They may be there again in a moment, so that nobody begins anew for it.
    """
    there = checkpoints_of(base, intent.job, intent.spec.checkpoints.to)
    found: list[tuple[Checkpoint, str]] = []
    uploaded: Checkpoint | None = None
    faults: set[str] = set()
    for one in intent.checkpoints:
        if one.place == f"{there}/{one.name}":
            found.append((one, "checkpoints"))
        elif uploaded is None and not found:
            fault = _fault(one, kept / intent.job)
            if fault is None:
                uploaded = one
                found.append((one, "start"))
            else:
                faults.add(fault)
    if not found and faults == {checkpoints.MISSING}:
        raise LaunchFailed(
            f"none of its checkpoints is there, in {kept / intent.job}.",
            hint="See whether the disk that they are on is mounted, and retry it. If they are gone for good, fork it.",
        )
    return Start(intent.job, tuple(found), uploaded)


def order(intent: Intent, start: Start, places: Places, settings: Settings) -> bytes:
    """The order that the container reads."""
    spec, chosen = intent.spec, intent.chosen
    requirements = "auto" if chosen.requirements is True else chosen.requirements or None
    record = {
        "version": _VERSION,
        "job": intent.job,
        "attempt": intent.number,
        "token": intent.token,
        "store": intent.store,
        "launcher": "torchrun" if "torchrun" in (chosen.launcher, spec.launcher) else "plain",
        "entry": spec.entry.model_dump(mode="json"),
        "params": dict(intent.params),
        "data": [{"name": one.name, "kind": one.kind, "file": one.sha256} for one in spec.data],
        "grace": spec.grace,
        "stop_within": _STOP_WITHIN,
        "pause_within": spec.pause_within,
        "requirements": requirements,
        "folder": None,
        "variables": variables(spec),
        "sample_every": settings.sample_every,
        "log_cap_bytes": settings.log_cap_bytes,
        "log_head_bytes": settings.log_head_bytes,
        "hook_within": settings.hook_within,
        "checkpoints": {
            "url": places.checkpoints,
            "candidates": [
                {"name": one.name, "step": one.step, "sha256": one.sha256, "in": where}
                for one, where in start.candidates
            ],
            "known": list(intent.known),
            "base": intent.base,
            "sklearn": spec.checkpoints.sklearn,
            "keep": _keep(spec.checkpoints),
        },
    }
    return json.dumps(record, sort_keys=True).encode()


def data_files(data: Sequence[DataFile], kept: Path) -> list[File]:
    """The values taken along, each once.

    Raises:
        LaunchFailed: one is no longer there.
    """
    found = {}
    for one in data:
        source = kept / one.sha256
        if not source.is_file():
            raise LaunchFailed(f"the content of {one.name!r} is no longer in the home's data.", hint="Submit it again.")
        found[one.sha256] = File(one.sha256, source, source.stat().st_size)
    return list(found.values())


def _keep(policy: CheckpointPolicy) -> dict[str, object]:
    """The policy for the container, which knows of this job alone: what is best of a search is so of it, too."""
    best = max(policy.keep.trial_best, policy.keep.experiment_best)
    return {"newest": policy.keep.trial_latest, "best": best, "metric": policy.metric, "mode": policy.mode}


def _fault(one: Checkpoint, folder: Path) -> str | None:
    """Why one can't be sent along; None: it can."""
    if one.place is None:
        return checkpoints.fault(folder / one.name, one.sha256)
    if not is_s3(one.place):
        raise LaunchFailed(
            f"its checkpoint of step {one.step:,} is at {one.place}, which SageMaker can't read.",
            hint="Copy it to S3, or start without it.",
        )
    return None
