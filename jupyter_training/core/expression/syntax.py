"""A text becomes calls and values, each with its column. A small recursive reader; Python is never asked.

    expression  =  sweep ["when" condition]
    sweep       =  node {"," node}                       32,64
    node        =  call | list | table | quoted | bare
    call        =  name "(" [argument {"," argument}] ")"
    argument    =  [name "="] node                       positional ones first
    list        =  "[" [node {"," node}] "]"             ( ... ) is read as a list too
    table       =  "{" [key ":" node {"," key ":" node}] "}"
    bare        =  a number, true, false, null (or none), in any case; else a text up to , ( ) [ ] { } =

A backslash before one of these signs or a space makes it a part of a bare text.
Within quotes ``\\n \\r \\t \\xNN \\uNNNN \\UNNNNNNNN`` are what they are in Python, a backslash before a quote
or a backslash takes its meaning, and every other backslash is itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from jupyter_training.core.expression.text import refused, shown
from jupyter_training.errors import InvalidSpec

__all__ = ["Call", "Expression", "Listing", "Node", "Sweep", "Table", "Value", "bare_value", "number", "parse", "plain"]

_DEEPEST = 50
_LONGEST = 100_000
_DIGITS = r"\d(?:_?\d)*"
_INT = re.compile(r"[+-]?(?:0|[1-9](?:_?\d)*)\Z", re.ASCII)
_FLOAT = re.compile(
    rf"[+-]?(?:(?:{_DIGITS})?\.{_DIGITS}|{_DIGITS}\.)(?:[eE][+-]?{_DIGITS})?\Z|[+-]?{_DIGITS}[eE][+-]?{_DIGITS}\Z",
    re.ASCII,
)
_NOT_FINITE = re.compile(r"[+-]?inf(?:inity)?\Z|nan\Z", re.IGNORECASE)
_WORDS: Mapping[str, JsonValue] = {"true": True, "false": False, "null": None, "none": None}
_SPECIAL = ",()[]{}="
_ESCAPED = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "'": "'", '"': '"', "\\": "\\"}
_CALL = re.compile(r"([A-Za-z_]\w*)[ \t]*\(", re.ASCII)
_KEYED = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)", re.ASCII)
_WHEN = re.compile(r"(?<=[\s)\]}'\"])when\s+(?=\S)")
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Value:
    """A number, text, boolean or null. ``is_bare``: a text without quotes."""

    value: JsonValue
    column: int = 1
    is_bare: bool = False


@dataclass(frozen=True)
class Call:
    name: str
    args: tuple[Node, ...]
    named: Mapping[str, Node] = field(default_factory=dict)
    column: int = 1
    columns: Mapping[str, int] = field(default_factory=dict)  # of the names of named arguments


@dataclass(frozen=True)
class Listing:
    items: tuple[Node, ...]
    column: int = 1


@dataclass(frozen=True)
class Table:
    items: Mapping[str, Node]
    column: int = 1


@dataclass(frozen=True)
class Sweep:
    """``a,b`` without a call around it."""

    items: tuple[Node, ...]
    column: int = 1


Node = Value | Call | Listing | Table


@dataclass(frozen=True)
class Expression:
    node: Node | Sweep
    when: str | None = None
    when_column: int = 1


def parse(text: str) -> Expression:
    """The expression that a text is.

    Raises:
        InvalidSpec: with the column, from 1.
    """
    return _Reader(text).expression()


def plain(node: Node) -> JsonValue:
    """The value of a node without calls.

    Raises:
        InvalidSpec: there is a call within it.
    """
    if isinstance(node, Value):
        return node.value
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    if isinstance(node, Table):
        return {name: plain(item) for name, item in node.items.items()}
    raise refused(f"{node.name}(...) can't stand here, a value can", node.column)


def bare_value(text: str, column: int = 1) -> JsonValue:
    """What a text without quotes stands for.

    Raises:
        InvalidSpec: a number that is not finite.
    """
    lower = text.lower()
    if lower in _WORDS:
        return _WORDS[lower]
    if _NOT_FINITE.match(text):
        raise refused(f"{text} is no finite number", column, f'Put quotes around it to mean the text: "{text}".')
    found = number(text)
    if isinstance(found, float) and not math.isfinite(found):
        raise refused(f"{shown(text)} is larger than any number that a program can hold", column)
    return text if found is None else found


def number(text: str) -> int | float | None:
    """The number that a text is, else None."""
    if len(text) > 400:
        return None
    if _INT.match(text):
        return int(text.replace("_", ""))
    if _FLOAT.match(text):
        return float(text.replace("_", ""))
    return None


class _Reader:
    """Goes through a text once."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise refused(f"this text has {len(text)} characters; at most {_LONGEST} are read", 1)
        self._text = text
        self._place = 0
        self._depth = 0

    def expression(self) -> Expression:
        items = [self._node()]
        while self._takes(","):
            items.append(self._node())
        node: Node | Sweep = items[0] if len(items) == 1 else Sweep(tuple(items), items[0].column)
        when = _WHEN.match(self._text, self._place)
        if when is not None:
            return Expression(node, self._text[when.end() :].strip(), when.end() + 1)
        self._skip()
        if self._place < len(self._text):
            sign = self._text[self._place]
            hint = "A condition is written after it: ... when optimizer == sgd." if sign.isalpha() else None
            raise self._error(f"{shown(self._text[self._place :])!r} stands where the text should end", hint=hint)
        return Expression(node)

    def _node(self) -> Node:
        self._skip()
        start = self._place
        if start >= len(self._text):
            raise self._error("a value is missing at the end")
        sign = self._text[start]
        if sign in "([":
            return Listing(self._items(_CLOSING[sign], self._node), start + 1)
        if sign == "{":
            return self._table()
        if sign in "'\"":
            return Value(self._quoted(), start + 1)
        call = _CALL.match(self._text, start)
        if call is not None:
            self._place = call.end() - 1
            return self._call(call[1], start + 1)
        return self._bare(start)

    def _call(self, name: str, column: int) -> Call:
        named: dict[str, Node] = {}
        columns: dict[str, int] = {}

        def argument() -> Node | None:
            self._skip()
            start = self._place
            key = _KEYED.match(self._text, start)
            if key is None:
                if named:
                    raise self._error(
                        f"a value without a name stands after {next(reversed(named))}=",
                        hint=f"In {name}(...) the values with names come last.",
                    )
                return self._node()
            if key[1] in named:
                raise self._error(f"{key[1]}= stands twice")
            columns[key[1]] = start + 1
            self._place = key.end()
            named[key[1]] = self._node()
            return None

        args = self._items(")", argument)
        return Call(name, tuple(args), named, column, columns)

    def _table(self) -> Table:
        start = self._place
        found: dict[str, Node] = {}

        def entry() -> None:
            self._skip()
            at = self._place
            key = self._quoted() if self._text[at : at + 1] in ("'", '"') else self._bare_key()
            if key in found:
                raise self._error(f"the key {shown(key)!r} stands twice", at)
            if not self._takes(":"):
                raise self._error(f"a colon is missing after the key {shown(key)!r}")
            found[key] = self._node()

        self._items("}", entry)
        return Table(found, start + 1)

    def _items(self, close: str, item: Callable[[], Node | None]) -> tuple[Node, ...]:
        """What stands between commas up to the closing sign; a last comma is allowed, as in Python."""
        start = self._place
        opening = self._text[start]
        self._place += 1
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error("this is nested too deeply", start)
        found: list[Node] = []
        while not self._takes(close):
            if self._place >= len(self._text):
                raise self._error(f"this {opening} is not closed", start, f"Put a {close} at its end.")
            one = item()
            if one is not None:
                found.append(one)
            if not self._takes(",") and not self._is_at(close):
                if self._place >= len(self._text):
                    raise self._error(f"this {opening} is not closed", start, f"Put a {close} at its end.")
                raise self._error(f"{self._text[self._place]!r} can't stand here", hint=_QUOTE_IT)
        self._depth -= 1
        return tuple(found)

    def _bare(self, start: int) -> Value:
        raw: list[str] = []
        place, solid = start, 0  # solid: how much of it stays when blanks at the end go
        while place < len(self._text) and self._text[place] not in _SPECIAL:
            sign = self._text[place]
            if self._depth == 0 and _WHEN.match(self._text, place):
                break
            if sign in "'\"" and place > start and not self._text[place - 1].isalnum():
                raise self._error("a quote within a text without quotes", place, _QUOTE_IT)
            following = self._text[place + 1 : place + 2]
            if sign == "\\" and following and following in _SPECIAL + "\\: \t'\"":
                raw.append(following)
                place += 2
                solid = len(raw)
                continue
            raw.append(sign)
            place += 1
            solid = solid if sign.isspace() else len(raw)
        text = "".join(raw[:solid])
        if not text:
            raise self._error(
                f"a value is missing before {self._text[place]!r}" if place < len(self._text) else "a value is missing",
                start,
            )
        self._place = place
        escaped = "\\" in self._text[start:place]
        value = text if escaped else bare_value(text, start + 1)
        return Value(value, start + 1, is_bare=isinstance(value, str))

    def _bare_key(self) -> str:
        start = self._place
        while self._place < len(self._text) and self._text[self._place] not in _SPECIAL + ":":
            self._place += 1
        key = self._text[start : self._place].strip()
        if not key:
            raise self._error("a key is missing", start)
        return key

    def _quoted(self) -> str:
        start = self._place
        quote = self._text[start]
        place = start + 1
        while place < len(self._text) and self._text[place] != quote:
            place += 2 if self._text[place] == "\\" else 1
        if place >= len(self._text):
            raise self._error("this quote is not closed", start, f"Put a {quote} at its end.")
        self._place = place + 1
        return _ESCAPED.sub(_unescaped, self._text[start + 1 : place])

    def _takes(self, sign: str) -> bool:
        self._skip()
        if not self._is_at(sign):
            return False
        self._place += 1
        return True

    def _is_at(self, sign: str) -> bool:
        return self._text.startswith(sign, self._place)

    def _skip(self) -> None:
        while self._place < len(self._text) and self._text[self._place].isspace():
            self._place += 1

    def _error(self, words: str, place: int | None = None, hint: str | None = None) -> InvalidSpec:
        return refused(words, (self._place if place is None else place) + 1, hint)


_QUOTE_IT = "Put quotes around the text, or a backslash before the sign."


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code is not None:
        value = int(code, 16)
        return chr(value) if value <= 0x10FFFF else found[0]
    return _SIMPLE.get(found[4], found[0])
