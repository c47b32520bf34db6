"""``report()``: points into the spool, for less than the training can notice.

The call formats one line and copies it into a mapped page (``spool.lines``):
no system call, no lock, no thread. It never raises: what is no number is
refused by its name, once, in a note and a line on stderr.
"""

from __future__ import annotations

from _operator import index  # what operator offers, without its price
from time import time_ns

from jupyter_training.runtime import job, journal
from jupyter_training.spool import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["has_reported", "report"]

_STEP_NAMES = ("global_step", "step", "iteration", "epoch")  # in this order
_ANY_STEP_NAME = frozenset(_STEP_NAMES)
_EXACT = 2**53  # larger whole numbers are kept as floats
_LONGEST_NAME = 250
_KNOWN_NAMES = 10_000

_keys: dict[str, str] = {}  # by name, how it stands in a line; "" = refused
_refused: set[str] = set()


def report(values: Mapping[str, Any] | None = None, /, step: int | None = None, **metrics: Any) -> None:
    """Keep one value for each named metric, at a step.

        report(loss=0.41, accuracy=0.88, step=12)
        report(epoch=3, val_accuracy=0.97)
        report({"val/loss": 0.3}, step=12)

    The step is ``step=``; without it the first of ``global_step``, ``step``,
    ``iteration``, ``epoch`` that is given as a whole number, which then is the
    step and no metric; without any, each metric's values are counted. So with
    ``step=`` given, ``epoch`` is a metric like others.

    NaN, infinity and None are a gap in the curve, True and False are 1 and 0;
    scalars of numpy, torch and the like are taken as they are. Texts, arrays and
    numbers beyond 1e308 are refused by name and noted. Never raises; points that
    can't be kept (a full disk) are counted in ``report.lost``. Outside a job it
    does nothing.
    """
    if values is not None:
        metrics = _merged(values, metrics)
    if step is None:
        at: object = "null" if _ANY_STEP_NAME.isdisjoint(metrics) else _taken_step(metrics)
    else:
        at = step if type(step) is int and -_EXACT <= step <= _EXACT else _checked_step(step)
    text = ""
    for name, value in metrics.items():
        key = _keys.get(name)
        if key is None:
            key = _key(name)
        # A float that is not finite is not zero when it is subtracted from itself.
        if type(value) is float and value - value == 0.0:
            if key:
                text += f"{key}{value!r}"
        elif key:
            number = _number(name, value)
            if number:
                text += key + number
    if text:
        line = f'["p",{time_ns() // 1000},{at},{{{text[1:]}}}]\n'.encode()
        try:
            journal.put(line)
        except ValueError:  # the first line, or the page is full
            if not journal.write(line):
                report.lost = journal.lost()  # type: ignore[attr-defined]


report.lost = 0  # type: ignore[attr-defined]


def has_reported(name: str) -> bool:
    """Whether this process has reported the metric."""
    return bool(_keys.get(name))


def _merged(values: object, metrics: dict[str, Any]) -> dict[str, Any]:
    try:
        return {**dict(values), **metrics}  # type: ignore[call-overload]
    except Exception:  # noqa: BLE001 (whatever somebody else's mapping raises)
        _refuse("report()", f"{_described(values)} has no names; write e.g. report(loss=0.3)")
        return metrics


def _taken_step(metrics: dict[str, Any]) -> int | str:
    """The step that stands among the metrics, taken out of them."""
    for name in _STEP_NAMES:
        if name in metrics and not isinstance(metrics[name], bool):
            try:
                step = index(metrics[name])
            except Exception:  # noqa: BLE001, S112 (no whole number, or an array that does not like the question)
                continue
            if -_EXACT <= step <= _EXACT:
                del metrics[name]
                return step
    return "null"


def _checked_step(step: object) -> int | str:
    """A step that is no plain small int: another kind of whole number, else none."""
    try:
        whole = int(step) if isinstance(step, float) and step.is_integer() else index(step)  # type: ignore[arg-type]
        if -_EXACT <= whole <= _EXACT:
            return whole
        _refuse("step", "too large")
    except Exception:  # noqa: BLE001 (the same)
        _refuse("step", f"{_described(step)} is no whole number")
    return "null"


def _key(name: Any) -> str:
    """How a name stands in a line, with the comma before it; "" if it can't be one."""
    if len(_keys) >= _KNOWN_NAMES:
        _keys.clear()
    key = ""
    if not isinstance(name, str):
        _refuse(_described(name), "a name must be a text")
    elif not name or len(name) > _LONGEST_NAME:
        _refuse(name[:40] or "(empty)", f"a name has 1 to {_LONGEST_NAME} characters")
    elif not name.isprintable():
        _refuse(ascii(name), "a name has no control characters")
    else:
        key = f",{json_text.dumps(name)}:"
    _keys[name] = key
    return key


def _number(name: str, value: Any) -> str:
    """A value as JSON; "" if it is refused."""
    try:
        if value is None:
            return "null"
        if isinstance(value, (str, bytes, bytearray)):
            return _refuse(name, f"{_described(value)} is no number")
        if getattr(value, "ndim", 0) != 0:
            shape = getattr(value, "shape", None)
            return _refuse(name, f"an array of shape {tuple(shape) if shape is not None else '?'} is no single number")
        if not isinstance(value, (int, float)):
            item = getattr(value, "item", None)
            value = item() if callable(item) else float(value)
        if isinstance(value, int):  # bool too
            if -_EXACT <= value <= _EXACT:
                return str(int(value))
        elif not isinstance(value, float):
            return _refuse(name, f"{_described(value)} is no number")
        number = float(value)
        return repr(number) if number - number == 0.0 else "null"
    except OverflowError:
        return _refuse(name, "the number is too large, beyond 1e308")
    except Exception as error:  # noqa: BLE001 (from somebody else's __float__ or item)
        return _refuse(name, f"{_described(value)} gives no number ({type(error).__name__})")


def _described(value: object) -> str:
    """What a value is, for a person, without its content being printed in full."""
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    return f"a value of type {type(value).__name__}"


def _refuse(name: str, why: str) -> str:
    if name not in _refused:
        _refused.add(name)
        journal.note("refused", f"{name}: {why}.")
        if job.folder() is not None:
            journal.say(f"report() left out {name}: {why}.")
    return ""
