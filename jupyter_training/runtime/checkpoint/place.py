"""Where this process's checkpoints are, as its order says; ``./checkpoints`` outside a job."""

from __future__ import annotations

import os

from jupyter_training.runtime import job, journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["attempt", "base", "candidates", "folder", "job_name", "known", "note_outside", "remote", "sklearn_format"]

_OUTSIDE = "checkpoints"

_noted = False


def folder() -> str:
    """The local folder of the job's checkpoints, whether or not it is there yet."""
    here = job.folder()
    if here is None:
        return os.path.abspath(_OUTSIDE)
    return str(_said().get("folder") or os.path.join(here, _OUTSIDE))


def remote() -> str | None:
    """The URL below which checkpoints are kept; None where they stay in ``folder``.

    The job's id is part of it, so that two jobs never meet there.
    """
    to = _said().get("to")
    if not to:
        return None
    url = str(to).rstrip("/")
    return url if url.rpartition("/")[2] == job_name() else f"{url}/{job_name()}"


def candidates() -> list[dict[str, Any]]:
    """The checkpoints that this attempt may go on from, newest first."""
    return [one for one in _said().get("candidates") or () if isinstance(one, dict)]


def known() -> frozenset[str]:
    """The names of all checkpoints that were told of before this attempt, also of the damaged and removed ones."""
    return frozenset(one for one in _said().get("known") or () if isinstance(one, str))


def base() -> int:
    """The step from which the job's own steps count; more than 0 where it goes on from what another one reached."""
    return int(_said().get("base") or 0)


def sklearn_format() -> str:
    return str(_said().get("sklearn") or "skops")


def attempt() -> int:
    """The number of the attempt; 0 outside a job."""
    return int(job.own_order().get("attempt") or 0)


def job_name() -> str:
    return str(job.own_order().get("job") or "")


def note_outside(sentence: str) -> None:
    """Say once, outside a job only, where checkpoints are."""
    global _noted
    if not _noted and job.folder() is None:
        _noted = True
        journal.say(sentence)


def _said() -> dict[str, Any]:
    """The order's part about checkpoints. An older order has none: then all of it has its default."""
    said = job.own_order().get("checkpoints")
    return said if isinstance(said, dict) else {}
