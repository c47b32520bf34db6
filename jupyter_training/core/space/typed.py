"""Determined's typed mappings: ``{type: double, minval: 0.1, maxval: 0.5, count: 3}``.

    const (val)   int, double (minval, maxval)   log (minval, maxval: exponents of base, 10)   categorical (vals)

Both ends are included. ``count`` is how many a grid takes; ``when`` is ours. ``float`` is another word for double.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_training.core.expression.text import refused, shown
from jupyter_training.core.space.domains import Choice, Const, Domain, Float, Int
from jupyter_training.core.space.given import Arg, Given
from jupyter_training.core.space.json_form import as_condition
from jupyter_training.core.space.when import with_when
from jupyter_training.errors import near_miss

__all__ = ["is_typed", "read"]

_TYPES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # what each needs, and may have
    "const": (("val",), ()),
    "int": (("minval", "maxval"), ("count",)),
    "double": (("minval", "maxval"), ("count",)),
    "float": (("minval", "maxval"), ("count",)),
    "log": (("minval", "maxval"), ("base", "count")),
    "categorical": (("vals",), ()),
}
_SIGNS = ("minval", "maxval", "vals", "val")


def is_typed(value: Mapping[str, Any]) -> bool:
    """Whether a mapping is one of these: otherwise it is a group of axes, one of which may well be called `type`."""
    kind = value.get("type")
    return isinstance(kind, str) and (kind in _TYPES or any(sign in value for sign in _SIGNS))


def read(value: Mapping[str, Any]) -> Domain:
    """The domain of a typed mapping.

    Raises:
        InvalidSpec: no such type, a key missing or too many, or a domain that makes no sense.
    """
    kind = str(value["type"])
    if kind not in _TYPES:
        close = near_miss(kind, _TYPES)
        hint = f"Did you mean {close}?" if close else f"The types are {', '.join(_TYPES)}."
        raise refused(f"there is no type {shown(kind)!r}", hint=hint)
    needed, more = _TYPES[kind]
    allowed = (*needed, *more, "when")
    for key in value:
        if key != "type" and key not in allowed:
            close = near_miss(str(key), allowed)
            hint = f"Did you mean {close}?" if close else f"It has {', '.join(allowed)}."
            raise refused(f"type {kind} has no {shown(key)}", hint=hint)
    missing = [key for key in needed if key not in value]
    if missing:
        raise refused(f"type {kind} lacks {' and '.join(missing)}", hint=f"It needs {' and '.join(needed)}.")
    found = _domain(kind, value)
    return found if value.get("when") is None else with_when(found, as_condition(value["when"]))


def _domain(kind: str, value: Mapping[str, Any]) -> Domain:
    if kind == "const":
        return Const(value["val"])
    if kind == "categorical":
        if not isinstance(value["vals"], (list, tuple)):
            raise refused("vals must be a list", hint="Write e.g. vals: [32, 64].")
        return Choice(tuple(value["vals"]))
    given = Given(kind, {name: Arg(one) for name, one in value.items() if one is not None})
    count = given.whole_or_none("count")
    if kind == "int":
        return Int(given.whole("minval"), given.whole("maxval"), count=count)
    low, high = float(given.number("minval")), float(given.number("maxval"))
    if kind != "log":
        return Float(low, high, count=count)
    base = float(given.number("base")) if "base" in given.named else 10.0
    if base <= 0 or base == 1:
        raise refused(f"the base {shown(base)} makes no scale", hint="It is 10 unless told.")
    ends = sorted((_power(base, low), _power(base, high)))
    if low > high:
        raise refused(f"the lower exponent {shown(low)} is above the upper exponent {shown(high)}")
    return Float(ends[0], ends[1], scale="log", count=count)


def _power(base: float, exponent: float) -> float:
    """As people write it: 10 to the -5 is 1e-05, not a rounding beside it."""
    try:
        value = base**exponent
    except OverflowError:
        value = float("inf")
    return float(f"{value:.14g}")
