"""What this machine has for jobs: CPUs, memory and GPUs, as far as this process may use them.

A container, a batch system or a person may have given us less than there is:
an affinity, a quota of a control group, a list of GPUs. That is what counts, so
that a server that was given two of eight GPUs never hands out a third.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import replace

from jupyter_training.core.resources import Capacity
from jupyter_training.supervisor import cgroup, memory, nvml

__all__ = ["capacity"]

_ASKED_WITHIN = 10.0  # seconds; a driver that hangs must not keep a server from starting


def capacity(
    *,
    environ: Mapping[str, str] = os.environ,
    cgroups: str = cgroup.ROOT,
    own_groups: str = "/proc/self/cgroup",
    within: float = _ASKED_WITHIN,
) -> Capacity:
    """What there is. Takes no longer than ``within`` seconds, and never raises."""
    groups = {one: cgroup.folders(one, root=cgroups, own=own_groups) for one in ("cpu", "memory")}
    found = Capacity(_cpus(groups["cpu"]), memory.limit(groups["memory"]))
    try:
        devices = _devices(environ.get("CUDA_VISIBLE_DEVICES"), within)
    except nvml.NoAnswer as error:
        return replace(found, fault=f"NVIDIA's driver does not say which GPUs there are: {error}")
    if devices is None:
        return found
    return replace(found, devices=tuple(one.id for one in devices), uuids=tuple(one.uuid for one in devices))


def _cpus(groups: list[str]) -> float:
    """CPUs that this process may run on, or the share of them that the tightest quota leaves."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([float(count), *(quota for folder in groups for quota in [_quota(folder)] if quota is not None)])


def _quota(folder: str) -> float | None:
    """CPUs' worth of time that a control group may use; None where it has no limit."""
    try:
        quota, period = _read(folder, "cpu.max").split()  # version 2: "150000 100000", or "max 100000"
    except (OSError, ValueError):
        try:
            quota, period = _read(folder, "cpu.cfs_quota_us"), _read(folder, "cpu.cfs_period_us")  # -1: no limit
        except OSError:
            return None
    try:
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return share if share > 0 else None


def _read(folder: str, name: str) -> str:
    with open(os.path.join(folder, name), encoding="ascii") as file:
        return file.read().strip()


def _devices(named: str | None, within: float) -> list[nvml.Device] | None:
    """The GPUs that this process sees; None where there is nobody to ask.

    Raises:
        NoAnswer: they can't be told, or not in time.
    """
    answer: list[list[nvml.Device] | nvml.NoAnswer | None] = []
    asking = threading.Thread(target=lambda: answer.append(_asked(named)), name="gpus", daemon=True)
    asking.start()
    asking.join(within)
    if not answer:
        raise nvml.NoAnswer(f"it has not answered within {within:g} s")
    (found,) = answer
    if isinstance(found, nvml.NoAnswer):
        raise found
    return found


def _asked(named: str | None) -> list[nvml.Device] | nvml.NoAnswer | None:
    try:
        library = nvml.Library.open()
        if library is None:
            return None
        try:
            return nvml.visible(library.devices(), named)
        finally:
            library.close()
    except nvml.NoAnswer as error:
        return error
