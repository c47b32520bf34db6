"""NVIDIA's own library, the few calls that we need of it: which GPUs there are, and what they do now.

The library comes with the driver, so that nothing is installed for it; where it
is not there, there are no GPUs of this kind. A GPU that is divided (MIG) counts
as its parts, which have no number, but a UUID.
"""

from __future__ import annotations

import ctypes
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Device", "Library", "NoAnswer", "visible"]

# By the loader's own search first; the others are where containers of some clouds, and WSL, put it beside that.
_PLACES = (
    "libnvidia-ml.so.1",
    "/usr/lib/wsl/lib/libnvidia-ml.so.1",
    "/usr/local/nvidia/lib64/libnvidia-ml.so.1",
)
_NONE = ("-1", "NoDevFiles", "none", "void")  # words that CUDA and the container runtime take for no GPU


class NoAnswer(Exception):
    """The library is there and can't say what GPUs there are; the text is its own reason."""


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class Device(NamedTuple):
    """A GPU, or a part of one. ``id`` is what ``CUDA_VISIBLE_DEVICES`` calls it: its number, or the part's UUID."""

    id: str
    number: int  # of the whole GPU, in the order of the PCI bus
    uuid: str
    part: int | None  # None: the whole GPU
    handle: ctypes.c_void_p


class Library:
    """The opened library."""

    def __init__(self, opened: ctypes.CDLL) -> None:
        self._opened = opened

    @classmethod
    def open(cls) -> Library | None:
        """The library, begun; None where there is none.

        Raises:
            NoAnswer: it can't be begun, e.g. as the driver was replaced under it.
        """
        for place in _PLACES:
            try:
                library = cls(ctypes.CDLL(place))
            except OSError:
                continue
            library._call("nvmlInit_v2")
            return library
        return None

    def close(self) -> None:
        """Let go of the driver."""
        self._try("nvmlShutdown")

    def devices(self) -> list[Device]:
        """Every GPU that can be used, and of divided ones the parts.

        Raises:
            NoAnswer
        """
        count = ctypes.c_uint()
        self._call("nvmlDeviceGetCount_v2", ctypes.byref(count))
        found: list[Device] = []
        for index in range(count.value):
            handle = ctypes.c_void_p()
            # One that is lost, or that this container may not use, has a number and no handle.
            if self._try("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle)):
                parts = list(self._parts(index, handle))
                found += parts or [Device(str(index), index, self._uuid(handle), None, handle)]
        return found

    def utilization(self, device: Device) -> int | None:
        """Percent of the last moments in which it computed."""
        found = _Utilization()
        asked = self._try("nvmlDeviceGetUtilizationRates", device.handle, ctypes.byref(found))
        return found.gpu if asked else None

    def memory(self, device: Device) -> int | None:
        """Bytes in use."""
        found = _Memory()
        return found.used if self._try("nvmlDeviceGetMemoryInfo", device.handle, ctypes.byref(found)) else None

    def _parts(self, index: int, whole: ctypes.c_void_p) -> Iterator[Device]:
        most = ctypes.c_uint()
        if not self._try("nvmlDeviceGetMaxMigDeviceCount", whole, ctypes.byref(most)):
            return
        for number in range(most.value):
            handle = ctypes.c_void_p()
            place = ctypes.c_uint(number)
            if self._try("nvmlDeviceGetMigDeviceHandleByIndex", whole, place, ctypes.byref(handle)):
                uuid = self._uuid(handle)
                if uuid:
                    yield Device(uuid, index, uuid, number, handle)

    def _uuid(self, handle: ctypes.c_void_p) -> str:
        text = ctypes.create_string_buffer(96)
        if not self._try("nvmlDeviceGetUUID", handle, text, ctypes.c_uint(len(text))):
            return ""
        return text.value.decode("ascii", "replace")

    def _try(self, name: str, *values: object) -> bool:
        """Whether the call was answered; one that this version of the library lacks is not."""
        try:
            return bool(getattr(self._opened, name)(*values) == 0)
        except AttributeError:
            return False

    def _call(self, name: str, *values: object) -> None:
        try:
            code = getattr(self._opened, name)(*values)
        except AttributeError:
            raise NoAnswer(f"it is too old to know {name}") from None
        if code != 0:
            raise NoAnswer(self._reason(code))

    def _reason(self, code: int) -> str:
        try:
            say = self._opened.nvmlErrorString
            say.restype = ctypes.c_char_p
            return f"{(say(code) or b'').decode('utf-8', 'replace')} ({code})"
        except AttributeError:
            return f"error {code}"


def visible(devices: list[Device], named: str | None) -> list[Device]:
    """Those of the devices that a value of ``CUDA_VISIBLE_DEVICES`` names (None: all), in its order.

    They keep the name that stands there, be it a number, or a UUID or the start
    of one. As CUDA does, a name that nobody has ends the list.
    """
    if named is None:
        return devices
    found: list[Device] = []
    for word in map(str.strip, named.split(",")):
        if word in _NONE:
            break
        meant = [one for one in devices if _is_named(one, word)]
        if len(meant) != 1:
            break
        if meant[0].uuid in (one.uuid for one in found if one.uuid):
            break
        found.append(meant[0]._replace(id=word))
    return found


def _is_named(device: Device, word: str) -> bool:
    if word.isdigit():
        return device.part is None and device.number == int(word)
    return bool(word) and device.uuid.startswith(word)
