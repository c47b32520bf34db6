"""JSON without what the module ``json`` brings along: ``re``, ``enum`` and more, half of what a job's start costs.

The standard library's own scanner and encoder of texts, which are written in C,
do the work; where a Python has them not, or otherwise, ``json`` itself does. Both
give and take exactly what ``json.loads`` and ``json.dumps`` do.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["dumps", "loads"]

_SPACE = " \t\n\r"
_CONSTANTS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def loads(content: bytes) -> Any:
    """The value that the text stands for.

    Raises:
        ValueError: it is no JSON, or no UTF-8.
    """
    text = content.decode("utf-8")
    start = len(text) - len(text.lstrip(_SPACE))
    if _scan is not None:
        try:
            value, end = _scan(text, start)
        except (StopIteration, SystemError):
            pass  # the second: it has an error to raise that only ``json`` knows
        else:
            if not text[end:].strip(_SPACE):
                return value
    import json

    return json.loads(text)  # which also says best what is wrong


def dumps(value: Any, *, compact: bool = False) -> str:
    """The text for a value; ``compact`` without spaces."""
    if _quoted is not None:
        try:
            return _dumped(value, *((",", ":") if compact else (", ", ": ")))
        except TypeError:
            pass
    import json

    return json.dumps(value, separators=(",", ":") if compact else None)


def _dumped(value: Any, comma: str, colon: str) -> str:
    """Raises TypeError for what is no plain value: that is for others to judge."""
    kind = type(value)
    if kind is str:
        return str(_quoted(value))
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int or (kind is float and value - value == 0.0):
        return repr(value)
    if kind is list or kind is tuple:
        return "[" + comma.join([_dumped(one, comma, colon) for one in value]) + "]"
    if kind is dict and all(type(key) is str for key in value):
        pairs = [_quoted(key) + colon + _dumped(one, comma, colon) for key, one in value.items()]
        return "{" + comma.join(pairs) + "}"
    raise TypeError


class _Context:
    """What the scanner asks of its decoder."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    parse_constant = _CONSTANTS.__getitem__


_scan: Any  # of a text from an offset on: the value, and the offset behind it
_quoted: Any
try:
    from _json import encode_basestring_ascii as _quoted
    from _json import make_scanner

    _scan = make_scanner(_Context())  # type: ignore[arg-type]  # it asks for attributes only
    if _scan('[{"a": 1.5}]', 0) != ([{"a": 1.5}], 12):
        _scan = None
except Exception:  # noqa: BLE001 (another Python's own business)
    _scan = _quoted = None
