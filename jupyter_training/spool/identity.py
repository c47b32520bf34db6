"""Which process is which: a pid means nothing without its start time and the machine's boot.

Pids are given away again, so a process that shall be found later is named by
three things. A zombie counts as gone: it will never do anything again, and in a
container nobody may ever reap it.
"""

from __future__ import annotations

import os
import sys
from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    class Identity(NamedTuple):
        """``start_time`` counts clock ticks since the boot ``boot_id``."""

        pid: int
        start_time: int
        boot_id: str

else:  # the same without importing typing, which costs a job milliseconds
    Identity = namedtuple("Identity", ("pid", "start_time", "boot_id"))

__all__ = ["SERVICE", "Identity", "boot_id", "is_alive", "own", "start_time"]

# In the environment of what serves all jobs (dispatcher, mirror, server, supervisors). Such a one may have been started
# by a job's code, which knows nothing of it: it does not end with that job.
SERVICE = "JUPYTER_TRAINING_SERVICE"

_GONE = (b"Z", b"X", b"x")


def own() -> Identity:
    """This process, as others may find it again."""
    return Identity(os.getpid(), start_time(os.getpid()) or 0, boot_id())


def is_alive(pid: object, start: object, boot: object) -> bool:
    """Whether exactly that process still runs on this machine. Zombies do not.

    Takes what a record says, also when that is nonsense.
    """
    if not isinstance(pid, int) or not isinstance(start, int) or pid <= 0:
        return False
    return start_time(pid) == start and boot == boot_id()


def start_time(pid: int) -> int | None:
    """When a process began, in clock ticks since boot; None if it is gone or a zombie."""
    if not sys.platform.startswith("linux"):
        return _start_time_elsewhere(pid)
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold anything, also spaces and parentheses.
    fields = text[text.rindex(b")") + 2 :].split()
    return None if fields[0] in _GONE else int(fields[19])


def boot_id() -> str:
    """What tells this run of the machine from every other."""
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            return file.read().strip().decode()
    except FileNotFoundError:
        return _asked("sysctl", "-n", "kern.boottime") or "unknown"


def _start_time_elsewhere(pid: int) -> int | None:
    """On macOS, in seconds since the epoch."""
    import time

    state, _, began = _asked("ps", "-o", "stat=,lstart=", "-p", str(pid)).partition(" ")
    if not began or state.startswith("Z"):
        return None
    return int(time.mktime(time.strptime(began.strip(), "%a %b %d %H:%M:%S %Y")))


def _asked(*command: str) -> str:
    import subprocess

    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stdout.strip()
