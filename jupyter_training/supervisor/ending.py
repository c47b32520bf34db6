"""How an attempt ended, and its last file.

What is known, best first: the exit status that ``wait`` gave the supervisor
that started it; else the end record that the person's process wrote itself;
else nothing, which readers call lost. Never a guess.
"""

from __future__ import annotations

import os
import signal
import time
from typing import NamedTuple

from jupyter_training.spool import layout, lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jupyter_training.supervisor.stopping import Request

__all__ = ["Ended", "exit_record", "how_stopped", "write"]

_RETRY_AFTER = 1.0  # seconds


class Ended(NamedTuple):
    """The exit status as ``wait`` told it; both None where nobody could wait."""

    exit_code: int | None
    signal: int | None
    source: str  # "wait" or "adopted"


def how_stopped(
    request: Request | None, end: dict[str, Any] | None, *, has_acted: bool, is_adopted: bool
) -> str | None:
    """By which request the attempt was stopped; None if it ended by itself.

    A request alone stops nothing: either a signal was sent, or the code heard of
    it in ``should_stop()``. An adopter can't know what its predecessor did and
    counts the request, unless the code says that it came to its end. Code that
    failed by itself while it was to pause has failed: it must not look as if it
    could simply go on.
    """
    if request is None:
        return None
    has_heard = end is not None and bool(end.get("heard_stop"))
    reason = end.get("reason_class") if end is not None else None
    if reason == "completed" and not has_heard:
        return None
    if reason == "error" and request.how in ("pause", "preempt") and not has_acted:
        return None
    return request.how if has_acted or has_heard or is_adopted else None


def exit_record(
    ended: Ended,
    end: dict[str, Any] | None,
    *,
    stopped: str | None,
    has_acted: bool = False,
    peak_memory: int | None,
    memory_limit: int | None,
    memory_kills: int,
) -> dict[str, Any]:
    """The content of ``exit.json``. ``memory_kills`` counts the kernel's kills for memory around the end.

    ``has_acted``: a stop's signals were sent. Where the code had come to its end by then, they ended what runs
    after it, the interpreter's exit handlers, and the attempt is as complete as it would have been.
    """
    code, number = ended.exit_code, ended.signal
    if number is not None and has_acted and stopped is None and end is not None:
        code, number = end.get("exit_code"), None
    if ended.source == "adopted" and end is not None:
        code = end.get("exit_code")
    is_near_limit = bool(peak_memory and memory_limit and peak_memory >= 0.9 * memory_limit)
    was_killed = number == signal.SIGKILL or (ended.source == "adopted" and end is None)
    return {
        "exit_code": code,
        "signal": number,
        "how_stopped": stopped,
        "peak_memory": peak_memory,
        "memory_limit": memory_limit,
        "oom": was_killed and stopped is None and (memory_kills > 0 or is_near_limit),
        "time": time.time(),
        "from": ended.source,
    }


def write(folder: str, record: dict[str, Any]) -> None:
    """Give unused space back and write ``exit.json``; waits for room if the disk is full, as this must be said."""
    for page in lines.pages(folder):
        try:
            lines.trim(os.path.join(folder, page))
        except OSError:
            pass  # damaged or gone: nothing depends on it
    for never_written in (layout.END, layout.STOP):
        layout.release(os.path.join(folder, never_written))
    path = os.path.join(folder, layout.EXIT)
    while True:
        try:
            layout.write_json(path, {"version": layout.VERSION, **record})
            return
        except FileNotFoundError:
            return  # the folder was removed: there is nobody left to tell
        except OSError:
            time.sleep(_RETRY_AFTER)
