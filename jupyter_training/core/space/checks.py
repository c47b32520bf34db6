"""What makes no sense as a domain, each in a sentence that says what would."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, get_args

from pydantic import JsonValue

from jupyter_training.core.expression.text import refused, shown
from jupyter_training.core.space.spacing import Scale, onto, step_end, steps_in

if TYPE_CHECKING:
    from jupyter_training.core.space.domains import Float, Int

__all__ = [
    "MOST_POINTS",
    "MOST_VALUES",
    "check_float",
    "check_int",
    "check_ordinal",
    "check_value",
    "check_values",
    "is_rising",
]

MOST_VALUES = 10_000  # that are written out
MOST_POINTS = 100_000
_LARGEST_INT = (1 << 63) - 1  # what libraries and columns hold
_DEEPEST = 50


def check_value(value: JsonValue, depth: int = 0) -> None:
    """Raises InvalidSpec for what has no form in JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        raise refused(f"{value} is no finite number")
    if depth > _DEEPEST:
        raise refused("this value is nested too deeply")
    if isinstance(value, list):
        for one in value:
            check_value(one, depth + 1)
    elif isinstance(value, dict):
        for name, one in value.items():
            if not isinstance(name, str):
                raise refused(f"the keys of a mapping must be texts, not {shown(name)}")
            check_value(one, depth + 1)
    elif value is not None and not isinstance(value, (bool, int, float, str)):
        raise refused(f"a {type(value).__name__} can't be a value; numbers, texts, booleans, lists and dicts can")


def check_values(values: Sequence[JsonValue], noun: str) -> None:
    if not values:
        raise refused(f"{noun}() has no value to choose from", hint=f"Write e.g. {noun}(32, 64).")
    if len(values) > MOST_VALUES:
        raise refused(f"{noun} has {len(values)} values; at most {MOST_VALUES} can be written out")
    seen: set[str] = set()
    for value in values:
        check_value(value)
        key = _key(value)
        if key in seen:
            raise refused(f"the value {shown(value)} stands twice", hint="Name each value once.")
        seen.add(key)


def is_rising(values: Sequence[JsonValue]) -> bool:
    """Whether they are numbers, each larger than the one before."""
    numbers = [one for one in values if isinstance(one, (int, float)) and not isinstance(one, bool)]
    return len(numbers) == len(values) and all(one < other for one, other in pairwise(numbers))


def check_ordinal(values: Sequence[JsonValue], kind: str) -> None:
    if kind not in ("equal", "nn", "nn-log"):
        raise refused(f"there is no kind {shown(kind)!r} of ordinal; it is equal, nn or nn-log")
    if kind == "equal":
        return
    if not is_rising(values):
        raise refused(
            f"{'logordinal' if kind == 'nn-log' else 'an ordinal of kind nn'} needs rising numbers",
            hint="Write them from the smallest to the largest, or ordinal(..., kind=equal).",
        )
    if kind == "nn-log" and not values[0] > 0:  # type: ignore[operator]
        raise refused(f"the value {shown(values[0])} is not allowed on a log scale, which begins above 0")


def check_int(domain: Int) -> None:
    for end in (domain.low, domain.high, domain.step):
        if isinstance(end, bool) or not isinstance(end, int):
            raise refused(f"{shown(end)} is no whole number", hint="For fractions write uniform(...) or quniform(...).")
        if abs(end) > _LARGEST_INT:
            raise refused(f"{shown(end)} is too large; a whole number is at most 2**63 - 1")
    _check_ends(domain.low, domain.high)
    _check_scale(domain.low, domain.high, domain.scale)
    if domain.scale == "reverse_log":
        raise refused("whole numbers have no reverse log scale", hint="Write randint(...) or lograndint(...).")
    _check_step(domain.low, domain.high, domain.step, "qlograndint" if domain.scale == "log" else "qrandint")
    _check_counts(domain)
    if domain.points is not None and domain.step != 1:
        raise refused("it can't have both a step and a number of points")


def check_float(domain: Float) -> None:
    for end in (domain.low, domain.high, *(() if domain.step is None else (domain.step,))):
        if isinstance(end, bool) or not isinstance(end, (int, float)):
            raise refused(f"{shown(end)} is no number")
        if not math.isfinite(end):
            raise refused(f"{end} is no finite number")
    _check_ends(domain.low, domain.high)
    _check_scale(domain.low, domain.high, domain.scale)
    if domain.step is not None:
        _check_step(domain.low, domain.high, domain.step, "qloguniform" if domain.scale == "log" else "quniform")
    _check_counts(domain)
    if domain.points is not None and domain.step is not None:
        raise refused("it can't have both a step and a number of points")
    if domain.is_finite and domain.scale == "reverse_log":
        raise refused("a reverse log scale has no steps", hint="Write reverseloguniform(0.9, 0.999).")
    if domain.points is not None and domain.points > 1:
        apart = (onto(domain.high, domain.scale) - onto(domain.low, domain.scale)) / domain.points
        if apart <= 1e-12 * max(abs(onto(domain.low, domain.scale)), abs(onto(domain.high, domain.scale))):
            words = f"{domain.points} values from {domain.low!r} to {domain.high!r} can't be told from each other"
            raise refused(words, hint="Ask for fewer, or for bounds that are further apart.")
    if not domain.includes_high and domain.is_finite:
        raise refused("only a continuous domain can leave its upper end out", hint="Take the last value as the end.")
    if not domain.includes_high and domain.low == domain.high:
        raise refused(f"nothing is from {shown(domain.low)} up to but without {shown(domain.high)}")
    if not domain.includes_high and domain.count is not None:
        raise refused("count spreads values up to the upper end, which is left out here", hint="Write uniform(...).")


def _check_ends(low: float, high: float) -> None:
    if low > high:
        raise refused(
            f"the lower bound {shown(low)} is above the upper bound {shown(high)}",
            hint=f"Write {shown(high)}, {shown(low)}.",
        )


def _check_scale(low: float, high: float, scale: str) -> None:
    if scale not in get_args(Scale):
        raise refused(f"there is no scale {shown(scale)!r}; it is linear, log or reverse_log")
    if scale == "log" and low <= 0:
        end = "lower" if high > 0 else "upper"
        hint = f"Use e.g. {_above(low, high)}." if high > 0 else "Both bounds must be above 0."
        raise refused(f"{end} bound {shown(low if high > 0 else high)} is not allowed for a log scale", hint=hint)
    if scale == "reverse_log" and not (0 <= low and high < 1):
        end, value = ("lower", low) if low < 0 else ("upper", high)
        raise refused(
            f"{end} bound {shown(value)} is not allowed for a reverse log scale, which is from 0 to below 1",
            hint="Use e.g. reverseloguniform(0.9, 0.999).",
        )


def _above(low: float, high: float) -> str:
    """A log domain with the same upper end."""
    if isinstance(high, int) and isinstance(low, int):
        return f"lograndint(1, {high})"
    return f"loguniform({high / 10_000:.3g}, {shown(high)})"


def _check_step(low: float, high: float, step: float, name: str) -> None:
    if step <= 0:
        raise refused(f"the step {shown(step)} is not above 0")
    steps = steps_in(low, high, step)
    if steps > (1 << 62):
        raise refused(f"the step {shown(step)} is too small for {shown(low)} to {shown(high)}")
    if steps == steps.to_integral_value():
        return
    below = shown(step_end(low, step, steps, is_below=True))
    above = shown(step_end(low, step, steps, is_below=False))
    raise refused(
        f"the step {shown(step)} does not divide {shown(low)} to {shown(high)}: it leads to {below} or {above}",
        hint=f"Write {name}({shown(low)}, {below}, {shown(step)}).",
    )


def _check_counts(domain: Int | Float) -> None:
    for noun, number in (("count", domain.count), ("number of points", domain.points)):
        if number is not None and (type(number) is not int or not 1 <= number <= MOST_POINTS):
            raise refused(f"the {noun} must be a whole number from 1 to {MOST_POINTS}, not {shown(number)}")
    if domain.points is not None and (domain.points == 1) != (domain.low == domain.high):
        words = f"{domain.points} values are not from {shown(domain.low)} to {shown(domain.high)}"
        raise refused(words, hint="Two different ends need two values at least; one value needs no range.")
    if domain.sweep not in ("all", "below_high", "none"):
        raise refused(f"there is no sweep {shown(domain.sweep)!r}; it is all, below_high or none")
    if domain.sweep == "below_high" and domain.size() in (None, 1):
        raise refused("a sweep below the upper end needs at least two values")


def _key(value: JsonValue) -> str:
    """Equal for values that are the same; 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, float) and value == int(value):
        value = int(value)
    if isinstance(value, list):
        return f"[{','.join(_key(one) for one in value)}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(name)}:{_key(value[name])}' for name in sorted(value))}}}"
    return json.dumps(value)
