"""How much memory there is for an attempt, and whether the kernel has killed for it."""

from __future__ import annotations

import os

from jupyter_training.supervisor import cgroup

__all__ = ["kills", "limit"]

_V1_UNLIMITED = 1 << 60


def limit(folders: list[str] | None = None) -> int | None:
    """Bytes that this process and its children may use: the tightest cgroup limit, else the machine's memory.

    ``folders`` are those of the memory's control groups, if not our own.
    """
    groups = cgroup.folders("memory") if folders is None else folders
    known = [value for folder in groups for value in [_limit_of(folder)] if value is not None]
    total = _from_lines("/proc/meminfo", "MemTotal:")
    if total is not None:
        known.append(total * 1024)
    return min(known, default=None)


def kills() -> int:
    """How often the kernel has killed for want of memory, around us and on the machine; only growth has a meaning."""
    counts = [_from_lines("/proc/vmstat", "oom_kill")]
    for folder in cgroup.folders("memory"):
        counts.append(_from_lines(os.path.join(folder, "memory.events"), "oom_kill"))  # version 2
        counts.append(_from_lines(os.path.join(folder, "memory.oom_control"), "oom_kill"))  # version 1
    return sum(count for count in counts if count is not None)


def _limit_of(folder: str) -> int | None:
    for name in ("memory.max", "memory.limit_in_bytes"):
        try:
            with open(os.path.join(folder, name), encoding="ascii") as file:
                value = int(file.read())  # "max" is no number
        except (OSError, ValueError):
            continue
        if value < _V1_UNLIMITED:
            return value
    return None


def _from_lines(path: str, key: str) -> int | None:
    """The number behind a word that begins a line. Not line by line: some of these files are long."""
    try:
        with open(path, "rb", buffering=0) as file:
            text = b"\n" + file.read()
        _, _, rest = text.partition(f"\n{key} ".encode())
        return int(rest.split(None, 1)[0])
    except (OSError, ValueError, IndexError):
        return None
