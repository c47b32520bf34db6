"""What NVIDIA's own library says of the GPUs that an attempt sees; nothing where there is none."""

from __future__ import annotations

import ctypes

__all__ = ["Gpus"]

_LIBRARY = "libnvidia-ml.so.1"


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class Gpus:
    """The GPUs named by a value of ``CUDA_VISIBLE_DEVICES`` (None: all). Opened at the first sample."""

    def __init__(self, visible_devices: str | None) -> None:
        self._visible = visible_devices
        self._library: ctypes.CDLL | None = None
        self._handles: list[tuple[str, ctypes.c_void_p]] | None = None

    def sample(self) -> dict[str, float]:
        """``gpu<n>_util`` in percent, ``gpu<n>_memory`` in bytes, of whole devices; n counts the machine's from 0."""
        if self._handles is None:
            self._handles = self._open()
        figures: dict[str, float] = {}
        for name, handle in self._handles:
            assert self._library is not None
            utilization, memory = _Utilization(), _Memory()
            if self._library.nvmlDeviceGetUtilizationRates(handle, ctypes.byref(utilization)) == 0:
                figures[f"{name}_util"] = utilization.gpu
            if self._library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) == 0:
                figures[f"{name}_memory"] = memory.used
        return figures

    def _open(self) -> list[tuple[str, ctypes.c_void_p]]:
        if self._visible is not None and self._visible.strip() in ("", "-1", "NoDevFiles"):
            return []
        try:
            self._library = ctypes.CDLL(_LIBRARY)
        except OSError:
            return []
        count = ctypes.c_uint()
        if self._library.nvmlInit_v2() != 0 or self._library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
            return []
        wanted = None if self._visible is None else [word.strip() for word in self._visible.split(",") if word.strip()]
        found = []
        for index in range(count.value):
            handle = ctypes.c_void_p()
            if self._library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)) != 0:
                continue
            if wanted is None or str(index) in wanted or self._uuid(handle).startswith(tuple(wanted)):
                found.append((f"gpu{index}", handle))
        return found

    def _uuid(self, handle: ctypes.c_void_p) -> str:
        assert self._library is not None
        text = ctypes.create_string_buffer(96)
        if self._library.nvmlDeviceGetUUID(handle, text, ctypes.c_uint(len(text))) != 0:
            return ""
        return text.value.decode("ascii", "replace")
