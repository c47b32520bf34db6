"""Parameters as they travel: JSON values, made from what people have in Python."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from jupyter_training.errors import InvalidSpec, Problem

__all__ = ["described", "json_params", "verbatim"]

_SIGNS = re.compile(r"[,('\"]|\bwhen\b")  # what an expression may be made of

_DEEPEST = 50


def json_params(params: Mapping[str, object]) -> dict[str, Any]:
    """Parameters with JSON values: tuples become lists, scalars of numpy and the like become numbers.

    Raises:
        InvalidSpec: a value that is no finite number, text, boolean, list or dict; it is named.
    """
    return {name: _value(value, f"params.{name}", 0) for name, value in params.items()}


def described(space: Mapping[str, object]) -> dict[str, Any]:
    """A space with JSON values: its constants as parameters, its axes as texts or mappings."""
    return {name: _value(value, f"space.{name}", 0) for name, value in space.items()}


def verbatim(params: Mapping[str, object], *, said: Collection[str], is_search: bool) -> list[str]:
    """Names of the parameters whose texts are values as they are, though they look like a range of values.

    ``said`` are those that a person gave as something that may be one; the others come from the code. So a
    ``classes = "cat,dog"`` in the code stays the text that it is. Where nothing speaks of a search, ``a,b`` is
    a text as well; a call is left to the server, which says what is missing.
    """
    texts = {name: value for name, value in params.items() if isinstance(value, str) and _SIGNS.search(value)}
    return [name for name, text in texts.items() if name not in said or not (is_search or "(" in text)]


def _value(value: Any, key: str, depth: int) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _refused(key, f"{value} is not allowed; a parameter is a finite number")
        return float(value)
    if depth > _DEEPEST:
        raise _refused(key, "it is nested too deeply")
    if isinstance(value, (list, tuple)):
        return [_value(one, f"{key}.{index}", depth + 1) for index, one in enumerate(value)]
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise _refused(key, f"the keys of a dict must be texts, not {name!r}")
        return {name: _value(one, f"{key}.{name}", depth + 1) for name, one in value.items()}
    if getattr(value, "ndim", None) == 0 and callable(getattr(value, "item", None)):
        return _value(value.item(), key, depth + 1)
    raise _refused(
        key,
        f"a {type(value).__name__} can't travel as a parameter; numbers, texts, booleans, lists and dicts can",
        hint="Save it to a file and give its path, or load it inside the code.",
    )


def _refused(key: str, words: str, *, hint: str | None = None) -> InvalidSpec:
    return InvalidSpec(f"{key}: {words}.", hint=hint, errors=[Problem(words, key=key, hint=hint)])
