"""``python -m tests.dispatch.kill_at HOME POINT``: a dispatcher that kills itself right after, or before, one step.

The step is chosen from outside and wrapped here; the product knows nothing of it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_training.backends.local import backend
from jupyter_training.dispatch.loop import main
from jupyter_training.settings import Settings
from jupyter_training.store import facts, lease, points

AFTER: dict[str, tuple[Any, str]] = {
    "the lease": (lease, "take"),
    "the attempt's row": (facts, "begin"),
    "the order": (backend, "prepare"),
    "the supervisor's start": (backend.LocalBackend, "_start_supervisor"),
    "the launch": (backend.LocalBackend, "launch"),
    "the fact of the launch": (facts, "launched"),
    "the fact that it runs": (facts, "running"),
    "points taken in": (points, "ingest_all"),
    "the end's fact": (facts, "ended"),
    "the wish to stop noted": (facts, "stopping"),
    "the stop asked": (backend.LocalBackend, "stop"),
}
BEFORE: dict[str, tuple[Any, str]] = {
    "before the end's fact": (facts, "ended"),
    "before points taken in": (points, "ingest_all"),
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wrapped(step: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    def lethal(*args: Any, **kwargs: Any) -> Any:
        if before:
            die()
        step(*args, **kwargs)
        die()

    return lethal


if __name__ == "__main__":
    home, point = Path(sys.argv[1]), sys.argv[2]
    place, name = (BEFORE if point in BEFORE else AFTER)[point]
    setattr(place, name, wrapped(getattr(place, name), before=point in BEFORE))
    raise SystemExit(main(Settings.load(home)))
