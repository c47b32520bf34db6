"""When an axis is there at all: ``optimizer == sgd and depth in [2, 3]``.

    condition  =  both {"or" both}
    both       =  one {"and" one}
    one        =  "not" one | "(" condition ")" | name sign value | name ["not"] "in" "[" values "]"
    sign       =  "==" "!=" "<" "<=" ">" ">="

A name in quotes may hold any sign; a text on the right needs quotes only where it is no plain word.
A comparison with a name that is itself left out is neither true nor false: ``not`` doesn't turn it, and an axis is
there only where its condition is true.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from pydantic import JsonValue

from jupyter_training.core.expression.syntax import bare_value, plain
from jupyter_training.core.expression.syntax import parse as parse_value
from jupyter_training.core.expression.text import quoted, refused, shown, value_text
from jupyter_training.errors import InvalidSpec

__all__ = ["All", "Compare", "Condition", "Either", "Not", "compared", "equal", "holds", "named", "parse", "text"]

Sign = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]

_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<sign>==|!=|<=|>=|<|>|=|&&?|\|\|?|!)"""
    r"""|(?P<mark>[()\[\]{},])|(?P<word>[^\s'"()\[\]{},=!<>&|]+))""",
    re.DOTALL,
)
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w./+-]*\Z", re.ASCII)
_KEYWORDS = frozenset({"and", "or", "not", "in", "when"})
_INSTEAD = {"=": "==", "&": "and", "&&": "and", "|": "or", "||": "or", "!": "not"}
_DEEPEST = 50


@dataclass(frozen=True)
class Compare:
    """``value`` is a list for ``in`` and ``not in``. ``column``: where it stands in a text, for errors alone."""

    name: str
    sign: Sign
    value: JsonValue
    column: int | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Either:
    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    part: Condition


Condition = Compare | All | Either | Not


def parse(written: str, *, column: int = 1) -> Condition:
    """The condition that a text says. ``column``: where it begins in a longer one.

    Raises:
        InvalidSpec: with the column.
    """
    return _Reader(written, column).whole()


def text(condition: Condition) -> str:
    """The condition as it is read again."""
    if isinstance(condition, Compare):
        return f"{_name_text(condition.name)} {condition.sign} {value_text(condition.value)}"
    if isinstance(condition, Not):
        return f"not ({text(condition.part)})"
    if isinstance(condition, All):
        return " and ".join(
            f"({text(one)})" if isinstance(one, (Either, All)) else text(one) for one in condition.parts
        )
    return " or ".join(f"({text(one)})" if isinstance(one, Either) else text(one) for one in condition.parts)


def compared(condition: Condition) -> Iterator[Compare]:
    """Each comparison in it, in the order of the text."""
    if isinstance(condition, Compare):
        yield condition
    elif isinstance(condition, Not):
        yield from compared(condition.part)
    else:
        for part in condition.parts:
            yield from compared(part)


def named(condition: Condition, names: Mapping[str, str]) -> Condition:
    """The same condition on other names."""
    if isinstance(condition, Compare):
        return replace(condition, name=names.get(condition.name, condition.name))
    if isinstance(condition, Not):
        return Not(named(condition.part, names))
    return type(condition)(tuple(named(part, names) for part in condition.parts))


def holds(condition: Condition, values: Mapping[str, JsonValue]) -> bool | None:
    """Whether it is true of these values; None where that hangs on a name that has none."""
    if isinstance(condition, Compare):
        return _is_true(condition, values[condition.name]) if condition.name in values else None
    if isinstance(condition, Not):
        found = holds(condition.part, values)
        return None if found is None else not found
    settles = isinstance(condition, Either)
    parts = [holds(part, values) for part in condition.parts]
    if settles in parts:
        return settles
    return None if None in parts else not settles


def equal(one: JsonValue, other: JsonValue) -> bool:
    """Whether two values are the same: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
    return one == other


def _is_true(wanted: Compare, value: JsonValue) -> bool:
    if wanted.sign in ("in", "not in"):
        assert isinstance(wanted.value, list)
        return any(equal(one, value) for one in wanted.value) is (wanted.sign == "in")
    if wanted.sign in ("==", "!="):
        return equal(wanted.value, value) is (wanted.sign == "==")
    assert isinstance(wanted.value, (int, float))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return _ORDER[wanted.sign](value, wanted.value)


def _name_text(name: str) -> str:
    return name if _PLAIN_NAME.match(name) and name.lower() not in _KEYWORDS else quoted(name)


@dataclass(frozen=True)
class _Token:
    kind: str  # text, sign, mark, word, end
    text: str
    column: int


class _Reader:
    def __init__(self, written: str, column: int) -> None:
        self._tokens = list(_tokens(written, column))
        self._next = 0
        self._depth = 0

    def whole(self) -> Condition:
        found = self._either()
        if self._token.kind != "end":
            raise self._unexpected("and, or, or the end")
        return found

    def _either(self) -> Condition:
        parts = [self._all()]
        while self._takes("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all(self) -> Condition:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise refused("this condition is nested too deeply", self._token.column)
        try:
            if self._takes("not"):
                return Not(self._one())
            if self._takes("("):
                found = self._either()
                if not self._takes(")"):
                    raise self._unexpected(")")
                return found
            return self._compare()
        finally:
            self._depth -= 1

    def _compare(self) -> Compare:
        token = self._token
        if token.kind not in ("text", "word") or (token.kind == "word" and token.text in _KEYWORDS):
            raise self._unexpected("a name")
        name = _unquoted(token)
        self._next += 1
        sign = self._sign(name)
        if sign in ("in", "not in"):
            return Compare(name, sign, self._list(), token.column)
        value = self._value()
        if sign in _ORDER and (isinstance(value, bool) or not isinstance(value, (int, float))):
            column = self._tokens[self._next - 1].column
            raise refused(
                f"{sign} compares numbers, and {shown(value)!r} is none", column, "Texts are compared by == or !=."
            )
        return Compare(name, sign, value, token.column)

    def _sign(self, name: str) -> Sign:
        token = self._token
        if self._takes("not"):
            if not self._takes("in"):
                raise self._unexpected("in")
            return "not in"
        if self._takes("is"):
            raise refused("'is' compares nothing here", token.column, f"Write {_name_text(name)} == ...")
        sign: Sign | None = next((one for one in get_args(Sign) if one == token.text), None)
        if sign is None or token.kind == "text":
            if token.text in _INSTEAD:
                raise refused(f"{token.text!r} compares nothing", token.column, f"Write {_INSTEAD[token.text]}.")
            raise self._unexpected(f"==, !=, <, <=, >, >= or in after {shown(name)}")
        self._next += 1
        return sign

    def _list(self) -> list[JsonValue]:
        closing = {"[": "]", "(": ")", "{": "}"}.get(self._token.text)
        if closing is None or self._token.kind != "mark":
            raise self._unexpected("a list, as in [2, 3],")
        start = self._token.column
        self._next += 1
        found: list[JsonValue] = []
        while not self._takes(closing):
            found.append(self._value())
            if not self._takes(",") and self._token.text != closing:
                raise self._unexpected(f", or {closing}")
        if not found:
            raise refused("nothing is in an empty list", start)
        return found

    def _value(self) -> JsonValue:
        token = self._token
        if token.kind == "mark" and token.text == "[":
            return list(self._list())
        if token.kind not in ("text", "word"):
            raise self._unexpected("a value")
        self._next += 1
        return _unquoted(token) if token.kind == "text" else bare_value(token.text, token.column)

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _takes(self, wanted: str) -> bool:
        if self._token.text != wanted or self._token.kind in ("text", "end"):
            return False
        self._next += 1
        return True

    def _unexpected(self, wanted: str) -> InvalidSpec:
        token = self._token
        instead = _INSTEAD.get(token.text) if token.kind == "sign" else None
        hint = f"Write {instead}." if instead else "Write e.g. optimizer == sgd and depth > 2."
        there = "it ends" if token.kind == "end" else f"there is {shown(token.text)!r}"
        return refused(f"a condition needs {wanted} here, and {there}", token.column, hint)


def _tokens(written: str, column: int) -> Iterator[_Token]:
    place = 0
    while written[place:].strip():
        found = _TOKEN.match(written, place)
        if found is None:
            start = place + len(written[place:]) - len(written[place:].lstrip())
            raise refused("this quote is not closed", start + column, f"Put a {written[start]} at its end.")
        kind = str(found.lastgroup)
        yield _Token(kind, found[kind], found.start(kind) + column)
        place = found.end()
    yield _Token("end", "", len(written.rstrip()) + column)


def _unquoted(token: _Token) -> str:
    return str(plain(parse_value(token.text).node)) if token.kind == "text" else token.text  # type: ignore[arg-type]
