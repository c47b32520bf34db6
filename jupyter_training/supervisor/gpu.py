"""What NVIDIA's own library says of the GPUs that an attempt sees; nothing where there is none."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jupyter_training.supervisor import nvml

__all__ = ["Gpus"]


class Gpus:
    """The GPUs named by a value of ``CUDA_VISIBLE_DEVICES`` (None: all). Opened at the first sample."""

    def __init__(self, visible_devices: str | None) -> None:
        self._visible = visible_devices
        self._library: nvml.Library | None = None
        self._devices: list[nvml.Device] | None = None

    def sample(self) -> dict[str, float]:
        """``gpu<n>_util`` in percent, ``gpu<n>_memory`` in bytes; n counts the machine's from 0.

        Of a part of a GPU (``gpu0part2``) there is only the memory.
        """
        if self._devices is None:
            self._devices = self._open()
        figures: dict[str, float] = {}
        for device in self._devices:
            assert self._library is not None
            name = f"gpu{device.number}" if device.part is None else f"gpu{device.number}part{device.part}"
            utilization, memory = self._library.utilization(device), self._library.memory(device)
            if utilization is not None:
                figures[f"{name}_util"] = utilization
            if memory is not None:
                figures[f"{name}_memory"] = memory
        return figures

    def _open(self) -> list[nvml.Device]:
        if self._visible is not None and not self._visible.strip():
            return []
        from jupyter_training.supervisor import nvml  # ctypes has its price, and a short attempt is never sampled

        try:
            self._library = nvml.Library.open()
            return [] if self._library is None else nvml.visible(self._library.devices(), self._visible)
        except nvml.NoAnswer:
            return []
