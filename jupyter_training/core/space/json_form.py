"""A domain as JSON and back: ``{"domain": "float", "low": 0.0001, "high": 0.1, "scale": "log"}``.

What is at its default is left out. A constant is its plain value, but for mappings, for texts that would be read as
an expression, and for those under a condition: ``{"domain": "const", "value": ...}``.
The light side writes calls instead, ``{"domain": "loguniform", "args": [0.0001, 0.1]}``, which are read alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import MISSING, fields
from typing import Any

from pydantic import JsonValue

from jupyter_training.core.expression import condition
from jupyter_training.core.expression.text import refused, shown
from jupyter_training.core.space.domains import Choice, Const, Domain, Float, Int, Ordinal
from jupyter_training.core.space.functions import made
from jupyter_training.core.space.given import Arg, a_number
from jupyter_training.core.space.reading import domain_of_text, is_expression, unquoted
from jupyter_training.core.space.when import with_when
from jupyter_training.errors import InvalidSpec, near_miss

__all__ = ["as_condition", "from_json", "is_form", "to_json"]

_KINDS: Mapping[str, type[Domain]] = {
    "const": Const,
    "choice": Choice,
    "ordinal": Ordinal,
    "int": Int,
    "float": Float,
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "const": ("value",),
    "choice": ("values",),
    "ordinal": ("values",),
    "int": ("low", "high"),
    "float": ("low", "high"),
}
_EXAMPLE = 'Write e.g. when: optimizer == "sgd".'
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_json(domain: Domain) -> JsonValue:
    """The form in JSON, of which ``from_json`` and ``SearchSpace.read`` make an equal domain."""
    if isinstance(domain, Const) and domain.when is None and not _needs_form(domain.value):
        return deepcopy(domain.value)
    found: dict[str, JsonValue] = {"domain": _NAMES[type(domain)]}
    for one in fields(domain):
        value = getattr(domain, one.name)
        if one.default is not MISSING and value == one.default:
            continue
        if one.name == "when":
            value = condition.text(value)
        found[one.name] = list(deepcopy(value)) if isinstance(value, tuple) else deepcopy(value)
    return found


def is_form(value: Mapping[str, Any]) -> bool:
    """Whether a mapping is such a form: otherwise it is a group of axes, one of which may well be called `domain`."""
    kind = value.get("domain")
    if not isinstance(kind, str):
        return False
    if isinstance(value.get("args"), (list, tuple)):
        return True
    if kind in _KINDS and all(name in value for name in _NEEDED[kind]):
        return True
    return len(value) > 1 and value.keys() <= {"domain", "when", "count"} and is_expression(kind)


def from_json(value: Mapping[str, Any]) -> Domain:
    """The domain of a form.

    Raises:
        InvalidSpec: a key that it hasn't, or a domain that makes no sense.
    """
    if isinstance(value.get("args"), (list, tuple)):
        return _call(value)
    kind = str(value["domain"])
    if kind not in _KINDS or any(name not in value for name in _NEEDED[kind]):
        return _wrapped(value)
    known = {one.name for one in fields(_KINDS[kind])}
    given = {name: one for name, one in value.items() if name != "domain"}
    for name in given:
        if name not in known:
            close = near_miss(str(name), known)
            raise refused(
                f"a domain of kind {kind} has no {shown(name)}", hint=f"Did you mean {close}?" if close else None
            )
    if given.get("when") is not None:
        given["when"] = as_condition(given["when"])
    if "values" in given:
        if not isinstance(given["values"], (list, tuple)):
            raise refused("values must be a list", hint="Write e.g. values: [32, 64].")
        given["values"] = tuple(deepcopy(given["values"]))
    if kind == "float":
        for name in ("low", "high"):
            given[name] = float(a_number(Arg(given[name]), name))
    return _KINDS[kind](**given)


def as_condition(value: object) -> condition.Condition:
    if not isinstance(value, str):
        raise refused(f"a condition is a text, not {shown(value)}", hint=_EXAMPLE, key="when")
    try:
        found = condition.parse(value)
    except InvalidSpec as error:
        problem = error.errors[0]
        raise refused(problem.detail, problem.column, problem.hint, key="when") from None
    return found


def _call(value: Mapping[str, Any]) -> Domain:
    """``{"domain": "uniform", "args": [0, 1], "count": 5}``: a call that the light side has not looked into."""
    named = {name: Arg(one) for name, one in value.items() if name not in ("domain", "args", "when")}
    found = made(str(value["domain"]), [Arg(one) for one in value["args"]], named)
    return found if value.get("when") is None else with_when(found, as_condition(value["when"]))


def _wrapped(value: Mapping[str, Any]) -> Domain:
    """``{"domain": "uniform(0, 1)", "when": "...", "count": 5}``."""
    found = domain_of_text(str(value["domain"]))
    if value.get("count") is not None:
        if not isinstance(found, (Int, Float)):
            raise refused("count is for numbers from a lower to an upper bound", hint="A grid takes every value of it.")
        found = type(found)(**{one.name: getattr(found, one.name) for one in fields(found)} | {"count": value["count"]})
    return found if value.get("when") is None else with_when(found, as_condition(value["when"]))


def _needs_form(value: JsonValue) -> bool:
    if isinstance(value, str):
        return is_expression(value) or unquoted(value) != value
    return isinstance(value, dict)
