"""Which attempt this process belongs to: what its environment says, and its order."""

from __future__ import annotations

import os

from jupyter_training.spool import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["ATTEMPT", "FOLDER", "OUTPUT", "TORCHRUN", "folder", "is_beside", "order", "own_order"]

ATTEMPT = "JUPYTER_TRAINING_ATTEMPT"
FOLDER = "JUPYTER_TRAINING_SPOOL"
OUTPUT = "JUPYTER_TRAINING_OUTPUT"

TORCHRUN = "torchrun"  # the launcher that starts this code several times, each with its rank
_RANK = "RANK"


def folder() -> str | None:
    """The attempt's folder; None outside a job."""
    return os.environ.get(FOLDER) or None


def order(attempt_folder: str) -> dict[str, Any]:
    """What the attempt was asked to run; empty if that can't be read."""
    return layout.read_json(os.path.join(attempt_folder, layout.ORDER)) or {}


_own: dict[str, Any] | None = None


def own_order() -> dict[str, Any]:
    """The order of the attempt that this process belongs to, read once; empty outside a job."""
    global _own
    if _own is None:
        here = folder()
        _own = order(here) if here is not None else {}
    return _own


def is_beside() -> bool:
    """Whether another process speaks for the attempt: where a launcher started several, that of rank 0 does."""
    return os.environ.get(_RANK, "0") != "0" and own_order().get("launcher") == TORCHRUN
