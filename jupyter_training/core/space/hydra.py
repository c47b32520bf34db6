"""Hydra's and its Optuna sweeper's ways to write values: range, interval, tag, casts, sort and shuffle.

An optimiser and a plain sweep mean different things by them. ``range(0.9, 1.7, 0.1)`` has the stop as its last value
in a search and leaves it out in a plain sweep; ``interval`` is for a search alone. The domain keeps both meanings.
"""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from pydantic import JsonValue

from jupyter_training.core.expression.syntax import number
from jupyter_training.core.expression.text import refused, shown
from jupyter_training.core.space.checks import MOST_VALUES
from jupyter_training.core.space.domains import Choice, Const, Domain, Float, Int, Ordinal
from jupyter_training.core.space.given import Arg, Given, a_number, a_value
from jupyter_training.core.space.spacing import Scale, step_end, steps_in
from jupyter_training.errors import near_miss

__all__ = ["a_range", "an_interval", "cast", "ordered", "shuffled", "tagged"]

_TAGS: tuple[Scale, ...] = ("log", "reverse_log")
Into = Literal["int", "float", "str", "bool"]


def a_range(given: Given) -> Domain:
    """``range(stop)``, ``range(start, stop)``, ``range(start, stop, step)``: as Python counts, but decimal too."""
    named = dict(given.named)
    if "stop" not in named and "start" in named:
        named["stop"] = named.pop("start")
    if "stop" not in named:
        raise refused("range(...) lacks stop", hint="Write e.g. range(0, 10, 2).")
    start = a_number(named.get("start", Arg(0)), "start")
    stop = a_number(named["stop"], "stop")
    step = a_number(named.get("step", Arg(1)), "step")
    if step == 0:
        raise refused("the step of a range is not 0", named["step"].column)
    if not all(isinstance(one, int) for one in (start, stop, step)):
        start, stop, step = float(start), float(stop), float(step)
    steps = steps_in(start, stop, step)
    if steps <= 0:
        words = f"a range from {shown(start)} to {shown(stop)} by {shown(step)} is empty"
        raise refused(words, hint="The stop is not in it; a range that falls needs a step below 0.")
    reaches = steps == steps.to_integral_value()
    last = step_end(start, step, steps - 1 if reaches else steps, is_below=True)
    if step < 0:
        count = int(steps) if reaches else math.floor(steps) + 1
        return Ordinal(tuple(_falling(start, step, _few(count))))
    high, sweep = (stop, "below_high") if reaches else (last, "all")
    if isinstance(start, int) and isinstance(high, int) and isinstance(step, int):
        return Int(start, high, step=step, sweep=sweep)  # type: ignore[arg-type]
    return Float(start, float(high), step=step, sweep=sweep)  # type: ignore[arg-type]


def an_interval(given: Given) -> Domain:
    """Whole numbers, both ends included, where both ends are whole; else numbers up to the end, without it."""
    low, high = given.number("start"), given.number("end")
    if isinstance(low, int) and isinstance(high, int):
        return Int(low, high, sweep="none")
    return Float(float(low), float(high), includes_high=False)


def tagged(given: Given) -> Domain:
    """``tag(log, domain)``."""
    if len(given.rest) < 2:
        raise refused("tag(...) takes tags and a domain", hint="Write e.g. tag(log, interval(1, 100)).")
    *tags, last = given.rest
    domain = last.value
    for tag in tags:
        name = a_value(tag, "tag")
        scale = next((one for one in _TAGS if one == name), None)
        if scale is None:
            close = near_miss(str(name), _TAGS)
            hint = f"Did you mean {close}?" if close else f"The tags are {' and '.join(_TAGS)}."
            raise refused(f"there is no tag {shown(name)!r}", tag.column, hint)
        if not isinstance(domain, (Int, Float)):
            raise refused(
                f"{name} is a scale of numbers from a lower to an upper bound, and this has none",
                last.column,
                "Write e.g. tag(log, interval(1, 100)), or logordinal(1, 10, 100).",
            )
        domain = replace(domain, scale=scale)
    assert isinstance(domain, (Int, Float))
    return domain


def cast(given: Given, *, into: Into) -> Domain:
    """Each value as a whole number, number, text or boolean; bounds where there are bounds."""
    arg = given.named["value"]
    domain = arg.value
    if isinstance(domain, Choice):
        return replace(domain, values=tuple(_cast(one, into, arg) for one in domain.values))
    if isinstance(domain, Ordinal):
        values = tuple(_cast(one, into, arg) for one in domain.values)
        return Ordinal(values, domain.kind if into in ("int", "float") else "equal")
    if isinstance(domain, (Int, Float)):
        return _cast_numbers(domain, into, arg)
    return Const(_cast(a_value(arg, into), into, arg))


def ordered(given: Given) -> Domain:
    """The values from the smallest to the largest. A list alone stays a list, as in Hydra."""
    values, is_list = _several(given)
    try:
        values.sort(key=lambda one: one, reverse=given.flag("reverse"))  # type: ignore[arg-type, return-value]
    except TypeError:
        raise refused("numbers and texts have no common order", hint="Cast them: sort(str(choice(...))).") from None
    return Const(values) if is_list else Choice(tuple(values))


def shuffled(given: Given) -> Domain:
    """The values, which a plain sweep runs in a random order."""
    values, is_list = _several(given)
    if is_list:
        raise refused("a shuffled list would be another one each time", hint="Write shuffle(a, b) for values.")
    return Choice(tuple(values), is_shuffled=True)


def _several(given: Given) -> tuple[list[JsonValue], bool]:
    """The values of a call's arguments, and whether they are one list."""
    if not given.rest:
        raise refused(f"{given.call}() has no value to put in order", hint=f"Write e.g. {given.call}(3, 1, 2).")
    first = given.rest[0]
    if len(given.rest) == 1 and isinstance(first.value, list):
        return list(first.value), True
    if len(given.rest) == 1 and isinstance(first.value, (Choice, Ordinal)):
        return list(first.value.values), False
    if len(given.rest) == 1 and isinstance(first.value, (Int, Float)):
        return _written_out(first.value, given.call, first.column), False
    return [a_value(one, given.call) for one in given.rest], False


def _written_out(domain: Int | Float, call: str, column: int | None) -> list[JsonValue]:
    if (isinstance(domain, Float) and not domain.is_finite) or domain.sweep == "none":
        raise refused(f"{call}(...) needs values one by one, and an interval has none", column)
    values = domain.product()
    _few(len(values))
    return list(values)


def _few(count: int) -> int:
    if count > MOST_VALUES:
        raise refused(f"{count} values are too many to write out; at most {MOST_VALUES} are")
    return count


def _falling(start: float, step: float, count: int) -> list[JsonValue]:
    return [step_end(start, step, Decimal(index), is_below=True) for index in range(count)]


def _cast_numbers(domain: Int | Float, into: Into, arg: Arg) -> Domain:
    if into == "int" and isinstance(domain, Int):
        return domain
    if into == "float" and isinstance(domain, Float):
        return domain
    if into == "int" and isinstance(domain, Float) and not domain.is_finite:
        return Int(int(domain.low), int(domain.high), scale=domain.scale, sweep="none", count=domain.count)
    if into == "float" and isinstance(domain, Int) and domain.points is None:
        low, high = float(domain.low), float(domain.high)
        if domain.sweep == "none":
            return Float(low, high, scale=domain.scale, includes_high=False)
        return Float(low, high, scale=domain.scale, step=float(domain.step), sweep=domain.sweep, count=domain.count)
    values = _written_out(domain, into, arg.column)
    return Ordinal(tuple(_cast(one, into, arg) for one in values))


def _cast(value: JsonValue, into: Into, arg: Arg) -> JsonValue:
    if isinstance(value, list):
        return [_cast(one, into, arg) for one in value]
    if isinstance(value, dict):
        return {name: _cast(one, into, arg) for name, one in value.items()}
    if into == "str":
        return _as_text(value)
    found = _as_bool(value) if into == "bool" else _as_number(value)
    if found is None or (into == "int" and isinstance(found, float) and isinstance(value, str)):
        noun = {"int": "a whole number", "float": "a number", "bool": "true or false"}[into]
        raise refused(f"{into}(...) can't make {noun} of {shown(value)!r}", arg.column)
    if into == "bool":
        return bool(found)
    return int(found) if into == "int" else float(found)


def _as_text(value: JsonValue) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _as_bool(value: JsonValue) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None if value is None else bool(value)


def _as_number(value: JsonValue) -> float | None:
    if isinstance(value, str):
        return number(value.strip())
    return value if isinstance(value, (int, float)) else None
