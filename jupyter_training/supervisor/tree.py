"""Which processes belong to an attempt, and how to signal exactly those.

An attempt's processes are those below its supervisor (which as a subreaper
inherits every orphan), those in its session or group, and those whose
environment carries the attempt's folder. The last two find what an earlier,
killed supervisor had: its orphans went to ``init``. What serves all jobs is none
of them, wherever it was started, nor are the processes of other attempts.
"""

from __future__ import annotations

import os
import signal
from typing import NamedTuple

from jupyter_training.spool import identity

__all__ = ["Process", "below", "children_of", "members", "one", "send"]

_GONE = (b"Z", b"X", b"x")
_PIECE = 65536


class Process(NamedTuple):
    """A line of the process table. Times in clock ticks; ``cpu`` with that of reaped children."""

    pid: int
    parent: int
    group: int
    session: int
    start_time: int
    cpu: int
    memory: int  # resident, in pages


def members(marker: bytes, session: int | None, supervisor: int, *, since: int = 0) -> list[Process]:
    """The attempt's living processes, without the supervisor.

    ``marker`` is the ``NAME=value`` of the environment. ``session`` is the pid of
    the person's process, whose session and group have that number too; None when
    it went so long ago that others may have the number now.
    """
    table = {process.pid: process for process in _table()}
    children: dict[int, list[int]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process.pid)
    found: dict[int, Process] = {}
    waiting = list(children.get(supervisor, ()))
    waiting += [
        process.pid
        for process in table.values()
        if session in (process.session, process.group)
        or (process.start_time >= since and _has_marker(process.pid, marker))
    ]
    while waiting:
        pid = waiting.pop()
        if pid in found or pid in (supervisor, 0, 1) or _is_of_others(pid, marker):
            continue
        found[pid] = table[pid]
        waiting += children.get(pid, ())
    return list(found.values())


def below(roots: list[int]) -> list[Process]:
    """The living processes among ``roots`` and below them, without looking through the whole table."""
    found: dict[int, Process] = {}
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        process = one(pid)
        if process is not None and pid not in found:
            found[pid] = process
            waiting += children_of(pid)
    return list(found.values())


def children_of(pid: int) -> list[int]:
    """The pids of a process's children, zombies too."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except (FileNotFoundError, ProcessLookupError):
        if os.path.exists("/proc/self/task") and not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
            return [process.pid for process in _table() if process.parent == pid]  # a kernel without that file
    return found


def one(pid: int) -> Process | None:
    """A process's line; None if it is gone or a zombie."""
    text = _read(f"/proc/{pid}/stat")
    if not text:
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    if fields[0] in _GONE:
        return None
    return Process(
        pid=pid,
        parent=int(fields[1]),
        group=int(fields[2]),
        session=int(fields[3]),
        start_time=int(fields[19]),
        cpu=sum(map(int, fields[11:15])),
        memory=int(fields[21]),
    )


def send(process: Process, number: int) -> None:
    """Signal exactly this process, and not one that was given its pid since."""
    handle = -1
    try:
        if hasattr(os, "pidfd_open"):
            handle = os.pidfd_open(process.pid)
        now = one(process.pid)
        if now is None or now.start_time != process.start_time:
            return
        if handle >= 0:
            signal.pidfd_send_signal(handle, number)
        else:
            os.kill(process.pid, number)
    except (ProcessLookupError, PermissionError):
        pass
    except OSError:
        # A sandbox without pidfds.
        try:
            os.kill(process.pid, number)
        except (ProcessLookupError, PermissionError):
            pass
    finally:
        if handle >= 0:
            os.close(handle)


def _table() -> list[Process]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            process = one(int(name))
            if process is not None:
                found.append(process)
    return found


def _has_marker(pid: int, marker: bytes) -> bool:
    environment = _read(f"/proc/{pid}/environ")
    return marker in environment and marker in environment.split(b"\0")


def _is_of_others(pid: int, marker: bytes) -> bool:
    """Whether it serves all jobs, or belongs to another attempt: to be left alone with all that is below it."""
    name = marker.partition(b"=")[0] + b"="
    service = identity.SERVICE.encode() + b"="
    variables = _read(f"/proc/{pid}/environ").split(b"\0")
    return any(one.startswith(service) or (one.startswith(name) and one != marker) for one in variables)


def _read(path: str) -> bytes:
    """All that stands there; nothing where the process is gone or not ours. By hand: it is done for each process."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    pieces = []
    try:
        while True:
            pieces.append(os.read(handle, _PIECE))
            if not pieces[-1]:
                return b"".join(pieces)
    except OSError:
        return b""
    finally:
        os.close(handle)
