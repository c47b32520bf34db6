"""Values as people type them behind ``key=`` or an option: read as literals, never evaluated."""

from __future__ import annotations

import ast
import math
import re
import warnings

__all__ = ["amount", "expression", "json_value", "literal", "size_bytes", "span"]

_WORDS: dict[str, object] = {"true": True, "false": False, "null": None}
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)\Z", re.IGNORECASE)
_ARITHMETIC = re.compile(r"[\d\s.+\-eE_()]*[*/][\d\s.+\-*/eE_()]*\Z")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\Z", re.IGNORECASE)


def literal(text: str) -> object:
    """The value that ``text`` spells: a Python or JSON literal; any other word is a text.

    Tuples become lists, since values travel as JSON.

    Raises:
        ValueError: a sentence for a person, without the key's name.
    """
    if not text:
        raise ValueError("there is no value behind the '='")
    if text in _WORDS:
        return _WORDS[text]
    if _NOT_FINITE.match(text):
        raise ValueError(f"{text} can't travel as a number; send it as a text in quotes and convert it in the code")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SyntaxWarning of an escape in a path
            value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        if text[0] in "[({'\"":
            raise ValueError(f"{_short(text)} is not a literal; expressions are never evaluated") from None
        if _ARITHMETIC.match(text):
            raise ValueError(f"{_short(text)} is not evaluated; write the number itself") from None
        return text
    return json_value(value)


def expression(text: str, value: object) -> object:
    """A parameter of a search: as it was written where that may be a range of values, else the value that it spells.

    ``lr=1e-3,1e-2`` is a choice of two there, ``sizes=[64,32]`` one list, ``name='a,b'`` one text.
    """
    return text if isinstance(value, list) and _is_bare(text) else value


def _is_bare(text: str) -> bool:
    """Whether this literal of a tuple has no brackets around it."""
    node = ast.parse(text.strip(), mode="eval").body
    return isinstance(node, ast.Tuple) and bool(node.elts) and node.elts[0].col_offset == node.col_offset


def amount(text: str) -> object:
    """The number that ``text`` spells; other words stay as they are, for the server to refuse them in its own."""
    try:
        value = literal(text)
    except ValueError:
        return text
    return text if isinstance(value, bool) or not isinstance(value, (int, float)) else value


def json_value(value: object) -> object:
    """The value in JSON's terms, with tuples as lists.

    Raises:
        ValueError: JSON has no such value.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} can't travel as a number")
        return value
    if isinstance(value, (list, tuple)):
        return [json_value(one) for one in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("the keys of a dict must be texts")
        return {key: json_value(one) for key, one in value.items()}
    raise ValueError(f"a {type(value).__name__} can't travel; numbers, texts, booleans, lists and dicts can")


def size_bytes(text: str) -> int:
    """Bytes of a text like ``500MB`` (powers of 1000) or ``4GiB`` (of 1024), as config texts have them.

    Raises:
        ValueError: a sentence for a person.
    """
    found = _SIZE.match(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a size; write one like 500MB or 4GiB")
    number, prefix, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** " kmgt".index(prefix.lower() or " "))


def span(text: str) -> float | str:
    """Seconds as a number; a text like ``90m`` or ``1h30m`` stays one, the server reads it."""
    try:
        seconds = float(text)
    except ValueError:
        return text
    return seconds if math.isfinite(seconds) else text


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
