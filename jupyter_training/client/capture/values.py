"""Small values as Python text, and words for values that can't be written.

Text, because the code must be readable where it is kept, and because nothing is
ever unpickled. Equal values give equal text: sets are sorted.
"""

from __future__ import annotations

import collections.abc
import datetime as dt
import decimal
import enum
import fractions
import functools
import logging
import math
import pathlib
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["LIMIT", "TOO_LONG", "Unwritable", "is_plain", "size_of", "words_of", "written"]

LIMIT = 64 * 1024  # characters of one value; a longer one is data
TOO_LONG = "is too long"
_DEEPEST = 20
_ARRAYS = frozenset({"numpy", "pandas", "torch", "polars", "scipy", "jax", "jaxlib", "tensorflow", "cupy", "xarray"})

Refer = Callable[[Any], str]
Import = Callable[[str], str]  # the name under which a module can be used


class Unwritable(Exception):
    """The value, or something in it, has no text. ``part`` is what stands in the way."""

    def __init__(self, part: object, why: str = "") -> None:
        super().__init__(why)
        self.part = part
        self.why = why


def is_plain(value: object) -> bool:
    """Whether it is a constant: numbers, texts, None, and tuples, lists, dicts and sets of them; and short."""
    try:
        written(value, _refuse, _refuse_module)
    except Unwritable:
        return False
    return True


def written(value: Any, refer: Refer, module: Import) -> str:
    """The value as an expression. ``refer`` gives a name for a function or class, ``module`` for a module.

    Raises:
        Unwritable: it is no small value, or too long, or holds itself.
    """
    text = _Writer(refer, module).write(value, 0)
    if len(text) > LIMIT:
        raise Unwritable(value, TOO_LONG)
    return text


def words_of(value: Any) -> str:
    """What a value is, for a person: type and size."""
    kind = type(value)
    parts = [kind.__name__]
    shape = getattr(value, "shape", None) if _is_array_like(kind) else None
    if isinstance(shape, tuple) and all(isinstance(one, int) for one in shape):
        parts.append(" x ".join(map(str, shape)) or "a single value")
    elif kind in (list, tuple, dict, set, frozenset, str, bytes):
        parts.append(f"{len(value)} {'characters' if kind is str else 'bytes' if kind is bytes else 'items'}")
    size = size_of(value)
    if size is not None:
        parts.append(_size_text(size))
    return ", ".join(parts)


def size_of(value: Any) -> int | None:
    """Bytes of a frame, array or tensor; None for what has no such number."""
    if not _is_array_like(type(value)):
        return None
    usage = getattr(value, "memory_usage", None)
    if callable(usage):
        total = usage()
        return int(total.sum() if hasattr(total, "sum") else total)
    found = getattr(value, "nbytes", None)
    if found is None and hasattr(value, "element_size"):  # a tensor of an older torch
        found = value.element_size() * value.nelement()
    return found if isinstance(found, int) else None


def _is_array_like(kind: type) -> bool:
    """Of a library whose shapes and sizes are plain numbers; of others the question may cost a computation."""
    return kind.__module__.partition(".")[0] in _ARRAYS


def _size_text(size: int) -> str:
    for unit, scale, least in (("GB", 1e9, 1e9), ("MB", 1e6, 1e5), ("kB", 1e3, 1e3)):
        if size >= least:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"


class _Writer:
    def __init__(self, refer: Refer, module: Import) -> None:
        self.refer = refer
        self.module = module
        self.length = 0
        self.open: set[int] = set()

    def write(self, value: Any, depth: int) -> str:
        if depth > _DEEPEST or id(value) in self.open:
            raise Unwritable(value, "is nested too deeply")
        self.open.add(id(value))
        text = self._write(value, depth + 1)
        self.open.discard(id(value))
        self.length += 4 if isinstance(value, (list, tuple, dict, set, frozenset)) else len(text)
        if self.length > LIMIT:
            raise Unwritable(value, TOO_LONG)
        return text

    def _write(self, value: Any, depth: int) -> str:
        kind = type(value)
        if value is None or kind in (bool, bytes, bytearray, range, slice, types.EllipsisType):
            return "..." if value is ... else self._short(value, value) if kind in (bytes, bytearray) else repr(value)
        if kind is str:
            return self._short(value, value)
        if kind is int:
            return repr(value) if abs(value) < 10**1000 else hex(value)
        if kind is float:
            return repr(value) if math.isfinite(value) else f'float("{value}")'
        if kind is complex:
            return f"complex({self.write(value.real, depth)}, {self.write(value.imag, depth)})"
        if kind is list:
            return f"[{self._items(value, depth)}]"
        if kind is tuple:
            return f"({self._items(value, depth)}{',' if len(value) == 1 else ''})"
        if kind in (set, frozenset):
            inside = ", ".join(sorted(self.write(one, depth) for one in value))
            text = f"{{{inside}}}" if inside else ""
            return f"frozenset({text})" if kind is frozenset else text or "set()"
        if kind is dict:
            return f"{{{self._pairs(value, depth)}}}"
        return self._other(value, kind, depth)

    def _other(self, value: Any, kind: type, depth: int) -> str:
        if isinstance(value, enum.Enum):
            if value.name not in type(value).__members__:  # a mix of flags
                return f"{self.refer(kind)}({self.write(value.value, depth)})"
            return f"{self.refer(kind)}.{value.name}"
        if isinstance(value, pathlib.PurePath):
            name = "Path" if isinstance(value, pathlib.Path) else kind.__name__
            return f"{self.module('pathlib')}.{name}({str(value)!r})"
        if kind in (dt.date, dt.time, dt.datetime, dt.timedelta):
            if getattr(value, "tzinfo", None) not in (None, dt.UTC):
                raise Unwritable(value)
            return repr(value).replace("datetime.", f"{self.module('datetime')}.")
        if kind in (decimal.Decimal, fractions.Fraction):
            return f"{self.module(kind.__module__)}.{kind.__name__}({str(value)!r})"
        if kind is re.Pattern:
            return f"{self.module('re')}.compile({self.write(value.pattern, depth)}, {int(value.flags)})"
        if kind is logging.Logger:
            return f"{self.module('logging')}.getLogger({value.name!r})"
        if kind is functools.partial:
            words = [self.refer(value.func), *(self.write(one, depth) for one in value.args)]
            words += [f"{name}={self.write(one, depth)}" for name, one in value.keywords.items()]
            return f"{self.module('functools')}.partial({', '.join(words)})"
        if kind is types.SimpleNamespace:
            return f"{self.module('types')}.SimpleNamespace(**{{{self._pairs(vars(value), depth)}}})"
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            return f"{self.refer(kind)}({self._items(value, depth)})"
        if hasattr(kind, "__dataclass_fields__"):
            return self._dataclass(value, kind, depth)
        if kind.__module__ == "numpy" and getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
            return self._numpy_scalar(value, kind, depth)
        if kind.__module__ == "collections" and kind.__name__ in ("OrderedDict", "Counter", "defaultdict", "deque"):
            return self._collection(value, kind, depth)
        if typing.get_origin(value) is not None and kind.__module__ in ("types", "typing", "collections.abc"):
            return self._alias(value, depth)
        if value is type(None):
            return "type(None)"
        if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
            return self.refer(value)
        if isinstance(value, types.ModuleType):
            return self.module(value.__name__) if sys.modules.get(value.__name__) is value else _refuse(value)
        if kind is typing.TypeVar:
            if value.__bound__ is None and not value.__constraints__:
                return f"{self.module('typing')}.TypeVar({value.__name__!r})"
            raise Unwritable(value)
        return self.refer(value)

    def _alias(self, value: Any, depth: int) -> str:
        """A type with arguments: list[int], Optional[str], int | None."""
        origin, parts = typing.get_origin(value), typing.get_args(value)
        inside = self._items(parts, depth)
        if origin in (typing.Union, types.UnionType):
            return f"{self.module('typing')}.Union[{inside}]"
        if type(value).__module__ in ("typing", "collections.abc") and origin is collections.abc.Callable:
            return f"{self.module('typing')}.Callable[{inside}]"
        if origin is typing.Literal:
            return f"{self.module('typing')}.Literal[{inside}]"
        return f"{self.refer(origin)}[{inside}]"

    def _dataclass(self, value: Any, kind: type, depth: int) -> str:
        """A call of its class; only where that gives the same again and calls nothing else."""
        fields = kind.__dataclass_fields__.values()  # type: ignore[attr-defined]
        if hasattr(kind, "__post_init__") or not all(one.init for one in fields):
            raise Unwritable(value, "has a class that does more than keep its fields")
        words = [f"{one.name}={self.write(getattr(value, one.name), depth)}" for one in fields]
        return f"{self.refer(kind)}({', '.join(words)})"

    def _numpy_scalar(self, value: Any, kind: type, depth: int) -> str:
        item = value.item()
        if type(item) not in (bool, int, float, complex, str):
            raise Unwritable(value)
        name = {"bool": "bool_", "str": "str_"}.get(kind.__name__, kind.__name__)  # as older versions call them
        return f"{self.module('numpy')}.{name}({self.write(item, depth)})"

    def _collection(self, value: Any, kind: type, depth: int) -> str:
        name = f"{self.module('collections')}.{kind.__name__}"
        if kind.__name__ == "deque":
            return f"{name}([{self._items(value, depth)}], {value.maxlen})"
        if kind.__name__ == "defaultdict":
            made = "None" if value.default_factory is None else self.refer(value.default_factory)
            return f"{name}({made}, {{{self._pairs(value, depth)}}})"
        return f"{name}({{{self._pairs(value, depth)}}})"

    def _items(self, values: Any, depth: int) -> str:
        return ", ".join(self.write(one, depth) for one in values)

    def _pairs(self, value: Any, depth: int) -> str:
        return ", ".join(f"{self.write(key, depth)}: {self.write(one, depth)}" for key, one in _pairs_of(value))

    def _short(self, value: Any, whole: object) -> str:
        if len(value) > LIMIT:
            raise Unwritable(whole, TOO_LONG)
        return repr(value)


def _pairs_of(value: Any) -> Iterator[tuple[Any, Any]]:
    yield from value.items()


def _refuse(value: Any) -> str:
    raise Unwritable(value)


def _refuse_module(name: str) -> str:
    return name
