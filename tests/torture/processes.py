"""Find and kill the processes of one home, by their own marks and never by name."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

__all__ = ["dispatcher", "eventually", "kill", "mirror", "of_home", "server", "supervisor"]

Result = TypeVar("Result")


def eventually(look: Callable[[], Result | None], *, within: float, what: str) -> Result:
    """What ``look`` gives once it gives something true. Waits in short steps up to a deadline."""
    deadline = time.monotonic() + within
    pause = 0.02
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {within:g} s")
        time.sleep(pause)
        pause = min(0.25, pause * 1.5)  # some looks read all of /proc


def dispatcher(home: Path) -> int | None:
    return _marked(home / "run" / "dispatcher.lock")


def mirror(home: Path) -> int | None:
    return next((pid for pid, words in of_home(home).items() if "jupyter_training.tracking.mirror" in words), None)


def server(home: Path) -> int | None:
    """A living server of the home that answers, by its note."""
    for note in sorted((home / "run").glob("server-*.json")):
        pid = _marked(note)
        if pid is not None:
            return pid
    return None


def supervisor(home: Path, job: str, attempt: int = 1) -> int | None:
    return _marked(home / "spool" / job / str(attempt) / "supervisor.json")


def kill(pid: int | None) -> bool:
    """Kill -9; False when there was nothing to kill."""
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def of_home(home: Path) -> dict[int, str]:
    """Every living process that carries this home in its environment or command line, with its command."""
    mark = os.fsencode(home)
    found = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = Path(entry.path, "cmdline").read_bytes()
            if not words:  # a zombie, or a thread of the kernel
                continue
            environment = Path(entry.path, "environ").read_bytes()
        except OSError:
            continue
        if mark in words or mark in environment:
            found[int(entry.name)] = words.replace(b"\0", b" ").decode("utf-8", "replace").strip()
    return found


def _marked(path: Path) -> int | None:
    """The pid in a mark file, if that very process still lives."""
    try:
        mark = json.loads(path.read_text("utf-8"))
        pid = int(mark["pid"])
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if int(fields[19]) != int(mark["start_time"]) or fields[0] == "Z":
        return None
    return pid
