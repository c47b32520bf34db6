"""A request as it arrives, in texts and JSON values, checked against the table.

The server's handlers and the in-process client both go through here, so that
the same mistake gets the same answer whichever way it came. Start at ``match``.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin
from urllib.parse import unquote

from pydantic import BaseModel, ValidationError

from jupyter_training.errors import InvalidSpec, InvalidUsage, NotFound, Problem, near_miss
from jupyter_training.services.api import OPERATIONS, Operation

__all__ = ["Matched", "match", "methods_of", "read_body", "read_query", "status_of"]


@dataclass(frozen=True)
class Matched:
    """The operation that a request means, and what stands in its path. Values are still to be judged."""

    operation: Operation
    path: Mapping[str, str]


def match(method: str, path: str) -> Matched:
    """The operation for a method and a percent-encoded path below the root, without a slash in front.

    Each segment is decoded exactly once, after splitting: an encoded slash
    stays inside its segment, and a doubly encoded one stays encoded.

    Raises:
        NotFound: nothing is served there.
        InvalidUsage: something is, but not with this method.
    """
    segments = _segments(path)
    for operation in OPERATIONS:
        values = _values(operation.path, segments)
        if values is not None and operation.method == method:
            return Matched(operation, values)
    allowed = methods_of(path)
    if allowed:
        raise InvalidUsage(f"{method} is not for this address; it takes {' or '.join(allowed)}.")
    raise NotFound("Nothing is served at this address.", hint="openapi.json lists everything that is.")


def methods_of(path: str) -> list[str]:
    """The methods that an address takes; empty where nothing is served."""
    segments = _segments(path)
    return sorted({one.method for one in OPERATIONS if _values(one.path, segments) is not None})


def read_query(operation: Operation, pairs: Iterable[tuple[str, str]]) -> BaseModel | None:
    """The query model from decoded pairs, in their order. A repeated key is a list where the model has one.

    Raises:
        InvalidUsage: an unknown parameter (with the near miss), one given twice, or a bad value.
    """
    model = operation.query
    fields = model.model_fields if model is not None else {}
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name not in fields:
            close = near_miss(name, fields)
            known = f"It takes: {', '.join(fields)}." if fields else "It takes none."
            raise InvalidUsage(
                f"There is no query parameter {name[:60]!r} here.",
                hint=f"Did you mean {close!r}?" if close else known,
                errors=[Problem("unknown parameter", key=name[:60])],
            )
        if _is_list(fields[name].annotation):
            values.setdefault(name, []).append(value)
        elif name in values:
            raise InvalidUsage(f"The query parameter {name!r} is given twice.")
        else:
            values[name] = value
    if model is None:
        return None
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = _problems(error, values, model)
        raise InvalidUsage(_sentence(problems), hint=problems[0].hint, errors=problems) from None


def read_body(operation: Operation, value: Any) -> BaseModel | None:
    """The request model from a parsed JSON value; None stands for no body.

    Raises:
        InvalidSpec: keys or values break a rule; each with its key path, unknown keys with the near miss.
        InvalidUsage: a body where none belongs.
    """
    model = operation.request
    if model is None:
        if value is not None:
            raise InvalidUsage(f"{operation.method} {operation.path} takes no body.")
        return None
    if not isinstance(value, dict):
        kind = "nothing" if value is None else _json_kind(value)
        raise InvalidSpec(f"The body must be a JSON object, not {kind}.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = _problems(error, value, model)
        raise InvalidSpec(_sentence(problems), hint=problems[0].hint, errors=problems) from None


def status_of(result: object) -> int:
    """201 for what was newly made, else 200."""
    return 201 if getattr(result, "created", False) is True else 200


def _segments(path: str) -> list[str]:
    try:
        return [unquote(segment, errors="strict") for segment in path.split("/")]
    except UnicodeDecodeError:
        raise NotFound("The address is not valid UTF-8.") from None


def _values(template: str, segments: Sequence[str]) -> dict[str, str] | None:
    """What stands in a template's holes, or None where the address does not fit."""
    parts = template.split("/")
    if len(parts) != len(segments):
        return None
    values: dict[str, str] = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{"):
            values[part[1:-1]] = segment
        elif part != segment:
            return None
    return values


def _problems(error: ValidationError, value: Any, model: type[BaseModel]) -> list[Problem]:
    """pydantic's findings in our words, one per key: the alternatives of a union come as one."""
    found: dict[str, Problem] = {}
    items = error.errors(include_url=False, include_input=False, include_context=False)
    for item in items:
        if item["type"] == "too_short" and any(
            other["loc"][: len(item["loc"])] == item["loc"] != other["loc"] for other in items
        ):
            continue  # only since the items that are there are wrong themselves
        path = _path(item["loc"], value, item["type"])
        key = _written(path)
        words, hint = item["msg"].removeprefix("Value error, "), None
        words = words[:1].lower() + words[1:]
        if item["type"] == "missing":
            words = "is missing"
        elif item["type"] == "extra_forbidden":
            words = "is not a key that is known here"
            close = near_miss(str(path[-1]), _fields_at(model, path[:-1]))
            hint = f"Did you mean {close!r}?" if close else None
        if key in found:
            words = f"{found[key].detail}, or {words.removeprefix('input ')}"
        found[key] = Problem(words, key=key, hint=hint)
    return list(found.values())


def _path(loc: Sequence[int | str], value: Any, kind: str) -> list[int | str]:
    """The part of a location that leads through the value; pydantic puts the names of union members between."""
    path: list[int | str] = []
    here = value
    for place, part in enumerate(loc):
        try:
            here = here[part]
        except (LookupError, TypeError):
            if kind != "missing" or place < len(loc) - 1:
                continue
        path.append(part)
    return path


def _written(path: Sequence[int | str]) -> str:
    """``files[0].path``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part[:60]}"
    return text


def _sentence(problems: Sequence[Problem]) -> str:
    first = problems[0]
    more = f" ({len(problems) - 1} more below)" if len(problems) > 1 else ""
    name = f"{first.key} " if first.detail.startswith("is ") else f"{first.key}: "
    return f"{name if first.key else ''}{first.detail}{more}."


def _fields_at(model: Any, path: Sequence[int | str]) -> list[str]:
    """The keys that are known at a place inside a model."""
    if get_origin(model) is Annotated:
        return _fields_at(get_args(model)[0], path)
    if isinstance(model, type) and issubclass(model, BaseModel):
        if not path:
            return list(model.model_fields)
        field = model.model_fields.get(str(path[0]))
        return _fields_at(field.annotation, path[1:]) if field is not None else []
    inner = get_args(model)
    if get_origin(model) in (Union, types.UnionType):
        return [name for one in inner for name in _fields_at(one, path)]
    return _fields_at(inner[-1] if inner[-1] is not ... else inner[0], path[1:]) if inner and path else []


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) in (tuple, list)


def _json_kind(value: Any) -> str:
    names = {str: "a text", bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "null")
