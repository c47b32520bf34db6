"""What the real service checks of a request before anything else, from botocore's own service model.

The client checks only what is required, the types and some minima: patterns, maxima and the values of an enum are
refused by the service alone.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import botocore.session

__all__ = ["model", "violations"]


@functools.cache
def model(service: str) -> Any:
    """The service model of this service."""
    return botocore.session.get_session().get_service_model(service)


def violations(service: str, operation: str, request: dict[str, Any]) -> list[str]:
    """One sentence per constraint that this request breaks, in the service's words."""
    return list(_structure(model(service).operation_model(operation).input_shape, request, ""))


def _structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _said(None, _below(path, name), "Member must not be null")
    for name, inner in value.items():
        if name in shape.members and inner is not None:
            yield from _any(shape.members[name], inner, _below(path, name))


def _any(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(shape, value, path)
    elif kind == "list":
        yield from _length(shape, value, path)
        for number, item in enumerate(value, 1):
            yield from _any(shape.member, item, f"{path}.{number}.member")
    elif kind == "map":
        yield from _length(shape, value, path)
        for key, item in value.items():
            yield from _any(shape.key, key, path)
            yield from _any(shape.value, item, f"{path}.{key}.member")
    elif kind == "string":
        yield from _string(shape, value, path)
    elif kind in {"integer", "long", "float", "double"}:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and value < low:
            yield _said(value, path, f"Member must have value greater than or equal to {low}")
        if high is not None and value > high:
            yield _said(value, path, f"Member must have value less than or equal to {high}")


def _string(shape: Any, value: str, path: str) -> Iterator[str]:
    yield from _length(shape, value, path)
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not _pattern(pattern).fullmatch(value):
        yield _said(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    allowed = shape.enum
    if allowed and value not in allowed:
        yield _said(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")


def _length(shape: Any, value: Any, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and len(value) < low:
        yield _said(value, path, f"Member must have length greater than or equal to {low}")
    if high is not None and len(value) > high:
        yield _said(value, path, f"Member must have length less than or equal to {high}")


# The service's patterns are Java's, which spells its classes of characters otherwise.
_JAVA = {r"\p{L}": r"\w", r"\p{Z}": r"\s", r"\p{N}": r"\d", r"\p{Alnum}": "a-zA-Z0-9"}


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    for java, ours in _JAVA.items():
        text = text.replace(java, ours)
    return re.compile(text)


def _said(value: Any, path: str, rule: str) -> str:
    shown = "" if value is None else f"Value '{value}' at "
    return f"{shown}'{path}' failed to satisfy constraint: {rule}"


def _below(path: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{path}.{name}" if path else name
