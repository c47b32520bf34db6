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
    from typing import Any

__all__ = ["FILE", "Unreadable", "is_tensor", "read", "write"]

FILE = "state.pt"


class Unreadable(Exception):
    """There is something in the file that only pickle could read."""


def is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def write(folder: str, states: Mapping[str, Any]) -> None:
    import_module("torch").save(dict(states), os.path.join(folder, FILE))


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
