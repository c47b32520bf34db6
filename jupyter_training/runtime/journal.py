"""This process's lines in the attempt's spool. One writer per process, also after a fork."""

from __future__ import annotations

import os
import sys
import time
from _thread import RLock

from jupyter_training.runtime import job
from jupyter_training.spool import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jupyter_training.spool.lines import PageWriter

__all__ = [
    "checkpoint_committed",
    "checkpoint_damaged",
    "checkpoint_given",
    "checkpoint_restored",
    "figure_kept",
    "lost",
    "note",
    "output_kept",
    "points",
    "say",
    "write",
]

watch: Callable[[bytes], None] | None = None  # sees each line once it is kept; only test mode has one

_writer: PageWriter | None = None
put: Callable[[bytes], int]  # the writer's own ``put``, for who calls a million times; ValueError: call ``write``
_opening = RLock()
_said_lost = False


def write(line: bytes) -> bool:
    """Keep one event line. False: there is no job, or the line is lost and counted. Never raises."""
    global put
    writer = _writer or _open()
    if writer is None:
        return False
    is_kept = writer.write(line)
    if watch is None:
        put = writer.put
    else:
        watch(line)
    return is_kept or _lose(writer)


def points(moment: float, step: int | None, values: Mapping[str, float | None], source: str) -> bool:
    """Keep the points of one moment, in seconds since the epoch. Values are finite, or None for a gap."""
    return _event("p", moment, step, dict(values), source)


def note(code: str, text: str) -> bool:
    """Keep something that a person or ``doctor`` should be able to find out."""
    return _event("n", time.time(), code, text)


def output_kept(name: str) -> bool:
    return _event("a", time.time(), name)


def figure_kept(name: str) -> bool:
    """Say that a figure lies below the outputs under this name, whole."""
    return _event("f", time.time(), name)


def checkpoint_committed(step: int, name: str, about: Mapping[str, object], at: float | None = None) -> bool:
    """``at``: when it was committed, in seconds since the epoch; None: now."""
    return _event("c", time.time() if at is None else at, step, name, dict(about))


def checkpoint_given(step: int | None, name: str | None) -> bool:
    """Say what the code was given to go on from; None: nothing, it starts anew."""
    return _event("r", time.time(), step, name)


def checkpoint_restored(name: str, seconds: float) -> bool:
    """Say how long it took to find, check and load what the code goes on from."""
    return _event("l", time.time(), name, round(seconds, 3))


def checkpoint_damaged(name: str, why: str) -> bool:
    return _event("x", time.time(), name, why)


def lost() -> int:
    """How many lines of this process could not be kept."""
    return _writer.lost if _writer is not None else 0


def say(sentence: str) -> None:
    """One line in the job's log."""
    try:
        print(f"jupyter_training: {sentence}", file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):
        pass  # a full disk, a closed or missing stderr: nobody is there to be told


def _event(kind: str, moment: float, *rest: object) -> bool:
    return write(json_text.dumps([kind, int(moment * 1e6), *rest], compact=True).encode() + b"\n")


def _open() -> PageWriter | None:
    global _writer
    folder = job.folder()
    if folder is None or job.is_beside():
        return None
    from jupyter_training.spool.lines import PageWriter  # a job that reports nothing does not pay for it

    with _opening:
        if _writer is None:
            _writer = PageWriter(folder)
        return _writer


def _lose(writer: PageWriter) -> bool:
    global _said_lost
    if not _said_lost:
        _said_lost = True
        why = writer.fault.strerror if writer.fault is not None else "unknown"
        say(f"what is reported can't be kept: {why}. The training goes on; report.lost counts what is missing.")
    return False


def _put_nothing(_line: bytes) -> int:
    raise ValueError


put = _put_nothing


def _begin_anew() -> None:
    """After a fork the page is the parent's; two processes would write over each other's lines."""
    global _writer, _opening, put, watch
    _writer = None
    watch = None
    put = _put_nothing
    _opening = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
