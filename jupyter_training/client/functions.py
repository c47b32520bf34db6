"""The code of one function, so that it can run elsewhere.

A function of a module is taken from its file. One that was written in a
notebook or at a prompt is taken by its source, together with what it uses of
the things around it; see ``capture``. Whatever can't travel is a refusal that
names all of it.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_training.client.capture.engine import Capture
from jupyter_training.errors import InvalidSpec, Problem

__all__ = ["Captured", "captured_source", "module_of"]


@dataclass(frozen=True)
class Captured:
    """A file that defines the function. ``shown_as`` is what a traceback calls its cell, ``cells`` all of them."""

    source: bytes
    shown_as: str
    cells: tuple[str, ...]


def module_of(function: Callable[..., Any]) -> types.ModuleType | None:
    """The importable module that a function stands in; None for ``__main__`` and what has no file.

    Raises:
        InvalidSpec: it is no plain function at the top level of something.
    """
    name = getattr(function, "__qualname__", None)
    if not isinstance(function, types.FunctionType) or name is None:
        raise InvalidSpec(
            f"{function!r} is not a plain function.",
            hint="Give a function that was written with def, or a script's path.",
        )
    if name == "<lambda>" or "<locals>" in name or "." in name:
        raise InvalidSpec(
            f"{name!r} is not defined at the top level, so it can't be found again elsewhere.",
            hint="Define it with def, outside of any class and function.",
        )
    module = sys.modules.get(function.__module__)
    if module is None or module.__name__ == "__main__" or not getattr(module, "__file__", None):
        return None
    return module if getattr(module, name, None) is function else None


def captured_source(function: types.FunctionType) -> Captured:
    """The source of a function of ``__main__`` and of what it needs, in an order that runs.

    Raises:
        InvalidSpec: no source, or names that can't travel; they are named.
    """
    name = function.__name__
    # A decorator may have left another function under the name; then that one is the function.
    capture = Capture({**function.__globals__, name: function}, home=function.__globals__)
    capture.need(name)
    if name in capture.refused:
        raise InvalidSpec(
            f"{name} {capture.refused[name].words}.", hint="Put it into a file, or define it at the top of a cell."
        )
    behind = {one: refusal.words for one, refusal in capture.refused.items()}
    behind.update(dict.fromkeys(capture.missing, "is not defined"))
    if behind:
        names = sorted(behind)
        secret = next((one for one in names if one in capture.refused and capture.refused[one].is_secret), None)
        hint = f"Make them parameters, e.g. def {name}({names[0]}), or create them inside the function."
        if secret is not None:  # which no parameter may be either
            hint = f"Hand {secret} over by pass_env={secret.upper()!r}, and read it from os.environ in the function."
        raise InvalidSpec(
            f"{name} uses names that can't travel with it: {'; '.join(f'`{one}` {behind[one]}' for one in names)}.",
            hint=hint,
            errors=[Problem(f"`{one}` {behind[one]}", key=one) for one in names],
        )
    source, cells = capture.found.file()
    notebook = os.environ.get("JPY_SESSION_NAME")
    own = capture.found.things[name].cell
    return Captured(
        source,
        own.shown_as(notebook) if own is not None else f"function {name}",
        tuple(one.shown_as(notebook) for one in cells),
    )
