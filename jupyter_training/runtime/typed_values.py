"""How a value arrives at a parameter whose type is written: ``true`` as True, ``"[1, 2]"`` as a list."""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["arriving"]

_TRUE, _FALSE, _NONE = ("true", "True"), ("false", "False"), ("none", "None", "null", "")


def arriving(value: Any, name: str, item: str | None = None, *, optional: bool = False) -> Any:
    """The value as the type ``name`` (of ``item``); texts are read as the values that they spell.

    Raises:
        ValueError: it is nothing of the kind; the text ends a sentence about it.
    """
    if value is None or (optional and name != "str" and isinstance(value, str) and value in _NONE):
        if optional:
            return None
        raise ValueError(f"None is no {name}")
    if name in ("list", "tuple"):
        return _many(value, name, item)
    found = _SIMPLE[name](value)
    if found is None:
        raise ValueError(f"{value!r} is no {name}")
    return found


def _many(value: Any, name: str, item: str | None) -> Any:
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise ValueError(f"{value!r} is no {name}") from None
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{value!r} is no {name}")
    items = [one if item is None else arriving(one, item) for one in value]
    return items if name == "list" else tuple(items)


def _bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return True if value in _TRUE else False if value in _FALSE else None
    return bool(value) if value in (0, 1) else None


def _int(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    try:
        number = float(value) if isinstance(value, str) and not value.strip().lstrip("+-").isdigit() else None
        if number is None:
            return int(value) if isinstance(value, str) or float(value).is_integer() else None
        return int(number) if number.is_integer() else None
    except (ValueError, TypeError, OverflowError):
        return None


def _float(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (ValueError, TypeError, OverflowError):
        return None


def _str(value: Any) -> str | None:
    return value if isinstance(value, str) else str(value) if isinstance(value, (int, float)) else None


_SIMPLE = {"bool": _bool, "int": _int, "float": _float, "str": _str}
