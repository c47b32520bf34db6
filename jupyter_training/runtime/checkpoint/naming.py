"""The names of an attempt's checkpoints: none is given twice, not even when the first of that name is long removed.

Code may begin its steps anew within an attempt: with the next fold, in a second
phase, after a step back. So the count in a name goes up whenever a step is not
above the one that was named before it, and the last name says which are free.
The moments go up as well, whatever the clock does: of an attempt's checkpoints
the newest is the one that was committed last.

Both stand in the attempt's folder, as several processes may save, and one may be
started again. Where they are lost, as with a container, what lies in the folder
of checkpoints and what the order knows of says which names were given.
"""

from __future__ import annotations

import os
import time

from jupyter_training.runtime import job
from jupyter_training.runtime.checkpoint import place
from jupyter_training.spool import checkpoints, layout

__all__ = ["moment", "named"]

_APART = 1000  # microseconds, when the clock has not moved on
_MOST = 128  # bytes

_last = (0, 0, 0)  # count and step of the name given last, and the last moment in microseconds, as far as we know


def named(where: str, step: int) -> str:
    """A name for a checkpoint of this step, which none has had. Asked again, another one."""
    count, _ = _next(where, step)
    return checkpoints.name(step, place.attempt(), count)


def moment(where: str) -> float:
    """Now, in seconds since the epoch, and later than whatever was said before."""
    _, at = _next(where, None)
    return at / 1e6


def _next(where: str, step: int | None) -> tuple[int, int]:
    """The count for a name of this step, and a moment. ``step`` None: no name is given."""
    global _last
    handle = _opened()
    try:
        count, last, at = _known(where, handle)
        if step is not None:
            count, last = (count if step > last else count + 1), step
        _last = (count, last, max(time.time_ns() // 1000, at + _APART))
        _write(handle, _last)
    finally:
        if handle is not None:
            os.close(handle)  # and with it the lock
    return count, _last[2]


def _opened() -> int | None:
    """The record, locked; None outside a job, or where the system refuses it: then this process knows its own names."""
    folder = job.folder()
    if folder is None:
        return None
    import fcntl

    try:
        handle = os.open(os.path.join(folder, layout.NAMED), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        pass  # some network file systems have no locks; a name that is there already is not given all the same
    return handle


def _known(where: str, handle: int | None) -> tuple[int, int, int]:
    """What was given last: by the record, by this process; if neither knows, by what there is."""
    count, last, at = _read(handle)
    given, at = max((count, last), _last[:2]), max(at, _last[2])
    if given == (0, 0):
        given = _there(where)
    return (*given, at)


def _read(handle: int | None) -> tuple[int, int, int]:
    try:
        count, last, at = (int(one) for one in os.pread(handle, _MOST, 0).split()) if handle is not None else (0, 0, 0)
    except (OSError, ValueError):
        return 0, 0, 0  # it is new
    return count, last, at


def _write(handle: int | None, given: tuple[int, int, int]) -> None:
    if handle is None:
        return
    count, last, at = given
    try:
        os.pwrite(handle, f"{count:>9} {last:>15} {at:>20}\n".encode(), 0)  # ever as long, so that it needs no room
    except OSError:
        pass  # a full disk: whether the checkpoint itself can be written is for others to say


def _there(where: str) -> tuple[int, int]:
    """Count and step of the last of this attempt that lies there or is known to the order."""
    try:
        names = {*os.listdir(where), *place.known()}
    except OSError:
        names = set(place.known())
    found = [one for one in map(checkpoints.parts, names) if one is not None and one[1] == place.attempt()]
    return max(((count, step) for step, _, count in found), default=(1, -1))
