"""The state of the random generators that libraries share, so that a resumed training draws the same numbers.

Python's ``random``, and ``numpy.random`` and torch with its CUDA devices where the
code has imported them. Plain JSON. Generators that the code has made itself
(``numpy.random.default_rng``) belong into the state that it saves.
"""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["give_back", "taken"]


def taken() -> dict[str, Any]:
    """The present state of each, by library."""
    # Imported where need be: what has not drawn yet has no state, and would have another one after a restart.
    found: dict[str, Any] = {"python": import_module("random").getstate()}
    if "numpy" in sys.modules:
        name, key, position, has_gauss, gauss = import_module("numpy.random").get_state()
        found["numpy"] = [name, key.tolist(), position, has_gauss, gauss]
    torch = sys.modules.get("torch")
    if torch is not None:
        found["torch"] = _text(torch.get_rng_state())
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            found["torch.cuda"] = [_text(one) for one in torch.cuda.get_rng_state_all()]
    return found


def give_back(states: Mapping[str, Any]) -> None:
    """Put each back. What this process can't have any more (a library, a device) is left as it is."""
    if "python" in states:
        version, numbers, gauss = states["python"]
        import_module("random").setstate((version, tuple(numbers), gauss))
    if "numpy" in states:
        numpy = _library("numpy")
        if numpy is not None:
            name, key, *rest = states["numpy"]
            import_module("numpy.random").set_state((name, numpy.array(key, dtype=numpy.uint32), *rest))
    if "torch" in states:
        torch = _library("torch")
        if torch is not None:
            torch.set_rng_state(_tensor(torch, states["torch"]))
            devices = states.get("torch.cuda") or []
            if devices and torch.cuda.is_available() and torch.cuda.device_count() == len(devices):
                torch.cuda.set_rng_state_all([_tensor(torch, one) for one in devices])


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


def _text(tensor: Any) -> str:
    from base64 import b64encode

    return b64encode(bytes(tensor.tolist())).decode("ascii")


def _tensor(torch: Any, text: str) -> Any:
    from base64 import b64decode

    return torch.tensor(list(b64decode(text)), dtype=torch.uint8)
