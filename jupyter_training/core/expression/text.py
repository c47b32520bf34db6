"""How values and faults are written.

Quoted texts and numbers are valid in our grammar and in Python alike.
"""

from __future__ import annotations

import math
import re

from pydantic import JsonValue

from jupyter_training.errors import InvalidSpec, Problem

__all__ = ["number_text", "quoted", "refused", "sentence", "shown", "value_text"]

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LONGEST = 60


def value_text(value: JsonValue) -> str:
    """A value as it is read again, by this grammar and by Python."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, list):
        return f"[{', '.join(value_text(one) for one in value)}]"
    return f"{{{', '.join(f'{quoted(name)}: {value_text(one)}' for name, one in value.items())}}}"


def number_text(value: float) -> str:
    return repr(value)


def quoted(text: str) -> str:
    return f'"{"".join(_ESCAPES.get(sign) or _printable(sign) for sign in text)}"'


def shown(value: object) -> str:
    """A value within a sentence, cut where it is long."""
    if isinstance(value, float) and math.isfinite(value):
        text = f"{value:.12g}" if float(f"{value:.12g}") == value else repr(value)
    else:
        text = value if isinstance(value, str) else repr(value)
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def refused(words: str, column: int | None = None, hint: str | None = None, *, key: str | None = None) -> InvalidSpec:
    """The error of a text at one place, its column counted from 1. Whoever knows the name of the axis adds it."""
    problem = Problem(words, key=key, column=column, hint=hint)
    return InvalidSpec(sentence(problem), hint=hint, errors=[problem])


def sentence(problem: Problem) -> str:
    """``lr, column 5: words.``"""
    column = f"column {problem.column}" if problem.column is not None else None
    place = ", ".join(part for part in (problem.key, column) if part)
    return f"{place or 'SearchSpace'}: {problem.detail}."


def _printable(sign: str) -> str:
    if sign.isprintable():
        return sign
    code = ord(sign)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
