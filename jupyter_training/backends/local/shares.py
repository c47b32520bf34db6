"""What an attempt was given, as the variables by which programs know it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from jupyter_training.core.resources import Allocation, Resources

__all__ = ["DEVICE_VARIABLES", "variables"]

# By whose numbers a device is meant must be said too: CUDA would count the fastest first, and NVML does not.
_ORDER = "CUDA_DEVICE_ORDER"
_VISIBLE = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")
# These choose among the devices once more, so that a number would mean another one.
_CHOOSING = ("ROCR_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
DEVICE_VARIABLES = frozenset({_ORDER, *_VISIBLE, *_CHOOSING})

_THREADS = (
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    "LOKY_MAX_CPU_COUNT",
)


def variables(
    own: Mapping[str, str], resources: Resources, allocation: Allocation, *, hides_devices: bool
) -> dict[str, str]:
    """The attempt's own variables, and those that tell its share.

    Its devices are those that it was given, whatever its own variables say;
    with ``hides_devices`` that may be none. How many threads numeric libraries
    start is its own to say, and else as many as it has CPUs, or slots.
    """
    found = {**dict.fromkeys(_THREADS, str(_threads(resources, allocation))), **own}
    if allocation.devices or hides_devices:
        found = {name: value for name, value in found.items() if name not in _CHOOSING}
        found |= {_ORDER: "PCI_BUS_ID", **dict.fromkeys(_VISIBLE, ",".join(allocation.devices))}
    return found


def _threads(resources: Resources, allocation: Allocation) -> int:
    return max(1, math.ceil(resources.cpus) if resources.cpus is not None else allocation.slots)
