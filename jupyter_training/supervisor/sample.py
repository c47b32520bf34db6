"""What an attempt uses of the machine: cores, memory, GPUs, sampled now and then."""

from __future__ import annotations

import os
import resource

from jupyter_training.supervisor import tree
from jupyter_training.supervisor.gpu import Gpus

__all__ = ["Sampler"]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


class Sampler:
    """Samples one attempt's processes. ``peak_memory`` is the most that was seen, in bytes."""

    def __init__(self, main: int, visible_devices: str | None) -> None:
        self.peak_memory: int | None = None
        self._main = main
        self._gpus = Gpus(visible_devices)
        self._last: tuple[float, int] | None = None

    def sample(self, now: float) -> dict[str, float]:
        """``cpu`` in cores since the last sample, ``memory`` in bytes, and what the GPUs say. ``now`` is monotonic."""
        processes = tree.below([self._main, *tree.children_of(os.getpid())])
        if not processes:
            return {}
        figures: dict[str, float] = {}
        used = sum(process.cpu for process in processes) + _reaped_ticks()
        if self._last is not None and now > self._last[0]:
            # What short-lived children used counts with their parents; it can drop when a whole branch has gone.
            cores = max(0, used - self._last[1]) / _TICKS / (now - self._last[0])
            figures["cpu"] = round(cores, 3)
        self._last = (now, used)
        memory = _memory(processes)
        self.saw(memory)
        self.saw(_high_water(self._main))
        figures["memory"] = memory
        figures.update(self._gpus.sample())
        return figures

    def saw(self, memory: int | None) -> None:
        if memory:
            self.peak_memory = max(memory, self.peak_memory or 0)


def _memory(processes: list[tree.Process]) -> int:
    """Bytes in use. Forks share most of theirs, so that several processes are asked for their proportional part."""
    if len(processes) == 1:
        return processes[0].memory * _PAGE
    total = 0
    for process in processes:
        share = _kilobytes(f"/proc/{process.pid}/smaps_rollup", "Pss:")
        total += process.memory * _PAGE if share is None else share * 1024
    return total


def _high_water(pid: int) -> int | None:
    """The most that one process ever had, also between samples."""
    peak = _kilobytes(f"/proc/{pid}/status", "VmHWM:")
    return None if peak is None else peak * 1024


def _kilobytes(path: str, key: str) -> int | None:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith(key):
                    return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return None


def _reaped_ticks() -> int:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int((usage.ru_utime + usage.ru_stime) * _TICKS)
