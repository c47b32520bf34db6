"""What shall happen at a step, as files: one each, taken by whoever gets there first, so that it happens once.

    <folder>/007.json                what, where, at which passing
    <folder>/007.fired.<pid>         it has happened, in that process

Standard library only: read by every armed process, also an isolated one.
"""

from __future__ import annotations

import json
import os
import signal
from typing import NamedTuple

__all__ = ["JUMP", "KILL", "STOP", "Fault", "fired", "happen", "jumped", "put", "waiting"]

KILL, STOP, JUMP = "kill", "stop", "jump"
_JUMP = "clock"


class Fault(NamedTuple):
    room: str
    step: str
    nth: int = 1  # at which passing within one process
    act: str = KILL
    job: str | None = None  # the name of the job whose supervisor or code is meant
    seconds: float = 0.0  # by how much the clock jumps


def put(folder: str, number: int, fault: Fault) -> None:
    """Arm a fault."""
    path = os.path.join(folder, f"{number:03d}.json")
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(fault._asdict(), file)
    os.rename(path + ".tmp", path)


def waiting(folder: str) -> dict[str, Fault]:
    """The faults that have not happened yet, by the path that takes them."""
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            path = os.path.join(folder, name)
            try:
                with open(path, encoding="utf-8") as file:
                    found[path] = Fault(**json.load(file))
            except FileNotFoundError:
                continue  # taken by another process just now
    return found


def fired(folder: str) -> dict[int, int]:
    """The process of each fault that has happened, by the fault's number."""
    found = {}
    for name in os.listdir(folder):
        number, _, rest = name.partition(".")
        state, _, pid = rest.partition(".")
        if state == "fired":
            found[int(number)] = int(pid)
    return found


def happen(path: str, fault: Fault) -> None:
    """Take the fault, unless another process was first, and let it happen to this one."""
    try:
        os.rename(path, f"{path[: -len('.json')]}.fired.{os.getpid()}")
    except FileNotFoundError:
        return
    if fault.act == KILL:
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault.act == STOP:
        os.kill(os.getpid(), signal.SIGSTOP)
    elif fault.act == JUMP:
        folder = os.path.dirname(path)
        now = jumped(folder) + fault.seconds
        with open(os.path.join(folder, _JUMP), "w", encoding="ascii") as file:
            file.write(repr(now))


def jumped(folder: str) -> float:
    """By how many seconds the clock has jumped so far."""
    try:
        with open(os.path.join(folder, _JUMP), encoding="ascii") as file:
            return float(file.read())
    except (FileNotFoundError, ValueError):
        return 0.0
