"""Which checkpoints stay: the union of the best of an experiment, the best of each trial and the newest of each trial.

The rule is Determined's ``checkpoint_storage.save_*``. A checkpoint without a
metric is never among the best.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import CheckpointPolicy, Instant, Keep

__all__ = ["Checkpoint", "CheckpointState", "kept", "staying"]

_FALLEN_BACK_TO = 2  # of the newest good checkpoints of a job that may go on

CheckpointState = Literal["kept", "deleted", "corrupt"]


@dataclass(frozen=True)
class Checkpoint:
    """A restorable state that an attempt wrote at a step. ``attempt`` 0: it came from another job."""

    job: JobId
    name: str  # unique within its job
    attempt: int
    step: int
    created: Instant
    size: int  # bytes of all files
    files: int
    sha256: str  # of its manifest
    place: str | None  # URL of its folder; None = in the home's own folder
    kind: str  # "torch", "sklearn", "numpy", "json", "bytes", "files"
    metric: float | None  # of the policy's metric, at its step
    state: CheckpointState = "kept"
    seconds: float | None = None  # that saving took


def kept(checkpoints: Iterable[Checkpoint], keep: Keep, mode: Literal["min", "max"]) -> set[tuple[JobId, str]]:
    """What the policy keeps of the checkpoints of one experiment's jobs (or of one job), as (job, name).

    Order does not matter. Only good ones count, so a damaged one takes no good one's place. Equal metrics: the
    later step is the better one.
    """
    good = [one for one in checkpoints if one.state == "kept"]
    sign = 1.0 if mode == "min" else -1.0

    def best(of: list[Checkpoint], count: int) -> list[Checkpoint]:
        measured = [(sign * one.metric, one) for one in of if one.metric is not None]
        return [one for _, one in sorted(measured, key=lambda pair: (pair[0], *_better(pair[1])))[:count]]

    chosen = best(good, keep.experiment_best)
    by_job: dict[JobId, list[Checkpoint]] = {}
    for one in good:
        by_job.setdefault(one.job, []).append(one)
    for own in by_job.values():
        chosen += best(own, keep.trial_best)
        chosen += sorted(own, key=_newest)[: keep.trial_latest]
    return {(one.job, one.name) for one in chosen}


def staying(
    own: Iterable[Checkpoint],
    policy: CheckpointPolicy,
    *,
    may_go_on: bool,
    of_search: Collection[tuple[JobId, str]] | None = None,
) -> set[str]:
    """The names of a job's checkpoints that stay under a policy.

    ``of_search``: the best of its experiment, as (job, name); None: the job is an experiment of its own.

    A job that may still go on keeps its two newest good ones whatever the policy says: the second is what it falls
    back to.
    """
    good = sorted((one for one in own if one.state == "kept"), key=_newest)
    keep = policy.keep if of_search is None else policy.keep.model_copy(update={"experiment_best": 0})
    names = {name for _, name in kept(good, keep, policy.mode)}
    names |= {one.name for one in good if of_search is not None and (one.job, one.name) in of_search}
    return names | {one.name for one in good[:_FALLEN_BACK_TO]} if may_go_on else names


def _newest(one: Checkpoint) -> tuple[int, float, int, str]:
    """Sorts the newest first: what was committed last, by the latest attempt. Steps may have begun anew meanwhile."""
    return (-one.attempt, -one.created, -one.step, one.name)


def _better(one: Checkpoint) -> tuple[int, int, float, str]:
    """Sorts equally good ones."""
    return (-one.attempt, -one.step, -one.created, one.name)
