"""torch in a checkpoint: tensors, and the state of whatever has a ``state_dict()``, in one file.

``state.pt`` is what ``torch.save`` writes of a dict from place to state, and is
read with ``weights_only=True``, so that nothing in it can run. It is read to the
processor's memory; ``load_state_dict`` brings each part to its device.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, BinaryIO

__all__ = ["FILE", "Unreadable", "is_tensor", "read", "write"]

FILE = "state.pt"


class Unreadable(Exception):
    """There is something in the file that only pickle could read."""


class _Target:
    """A file that remembers why it could not be written."""

    def __init__(self, file: BinaryIO) -> None:
        self.fault: OSError | None = None
        self._file = file

    def write(self, content: bytes) -> int:
        try:
            return self._file.write(content)
        except OSError as error:
            self.fault = error
            raise

    def flush(self) -> None:
        self._file.flush()


def is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def write(folder: str, states: Mapping[str, Any]) -> None:
    """Write the states.

    Raises:
        OSError: the file can't be written; torch itself would say of a full disk that some position was unexpected.
    """
    with open(os.path.join(folder, FILE), "wb") as file:
        target = _Target(file)
        try:
            import_module("torch").save(dict(states), target)
        except RuntimeError:
            if target.fault is not None:
                raise target.fault from None
            raise


def read(folder: str) -> dict[str, Any]:
    """What was written, in the processor's memory.

    Raises:
        Unreadable: not without pickle.
    """
    from pickle import UnpicklingError

    path = os.path.join(folder, FILE)
    try:
        found: dict[str, Any] = import_module("torch").load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise Unreadable(str(error).partition("\n")[0]) from None
    return found
