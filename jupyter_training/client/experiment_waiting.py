"""Waiting for a search, through outages of the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from jupyter_training.client.waiting import passes, unseen
from jupyter_training.errors import JobFailed, Unavailable

if TYPE_CHECKING:
    from jupyter_training.client.client import Client

__all__ = ["failure", "is_driver", "wait"]

TERMINAL = frozenset({"succeeded", "failed", "canceled"})

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 1.0  # seconds between two looks
_LAST_LINES = 40


def wait(
    client: Client,
    experiment: str,
    *,
    timeout: float | None,
    check: bool,
    on_change: Callable[[dict[str, Any]], object] | None,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """See ``Client.wait_for_experiment``."""
    deadline = None if timeout is None else clock() + timeout
    view: dict[str, Any] | None = None
    seconds = _FIRST_PAUSE
    try:
        while True:
            found = client.patiently(lambda: client.experiment(experiment), deadline=deadline)
            if on_change is not None and (view is None or found != view):
                on_change(found)
            seconds = _FIRST_PAUSE if view is None or found != view else min(seconds * 1.5, _LONGEST_PAUSE)
            view = found
            if view["state"] in TERMINAL:
                break
            left = seconds if deadline is None else min(seconds, deadline - clock())
            if left <= 0:
                raise TimeoutError(f"{_called(view)} is still {view['phase']} after {timeout:g} s of waiting.")
            pause(left)
    except Unavailable as error:
        if deadline is None or clock() < deadline or not passes(error):
            raise
        raise TimeoutError(unseen(error, _called(view) if view else experiment, timeout)) from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"Detached from {_called(view) if view else experiment}; it goes on.") from None
    if check and view["state"] != "succeeded":
        raise failure(view)
    return view


def failure(view: dict[str, Any]) -> JobFailed:
    """The error for a search that did not succeed: its sentence, and of trials that all failed the first one's end."""
    lines = (view["error"] or "").rstrip().splitlines()[-_LAST_LINES:]
    log = "\n".join(lines)
    words = f"{_called(view)}: {view['sentence']}"
    return JobFailed(f"{words}\n{log}" if log else words, job=view, log=log)


def _called(view: dict[str, Any]) -> str:
    return f"{view['name']} ({view['id']})"


def is_driver(job: Mapping[str, Any]) -> bool:
    """Whether a job's view is that of a search: of the job that drives it."""
    return job["experiment"] is not None and job["experiment"] == job["id"]
