"""``config_space("RD")``: the space that a search with an updater begins with."""

from __future__ import annotations

import ast
from typing import Any

from jupyter_training.client import space
from jupyter_training.languages import default_spaces

__all__ = ["config_space"]


def config_space(updater: str) -> dict[str, Any]:
    """The default space of an updater ("ER", "DER", "Super-ER", "Offline-ER", "RD"), to be changed at will.

    Each call gives a mapping of its own.

    Raises:
        InvalidSpec: there is none of that name; with those there are.
    """
    return {name: _value(written) for name, written in default_spaces.space_of(updater).items()}


def _value(written: object) -> object:
    """An axis as an object, a constant as it is."""
    if not isinstance(written, str):
        return written
    call = ast.parse(written, mode="eval").body
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return written
    return getattr(space, call.func.id)(*map(ast.literal_eval, call.args))
