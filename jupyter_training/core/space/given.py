"""The arguments of one call, asked for by name and kind. Each knows its column, where there is a text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from jupyter_training.core.expression.syntax import number
from jupyter_training.core.expression.text import refused, shown
from jupyter_training.core.space.domains import Const, Domain

__all__ = ["Arg", "Given", "a_flag", "a_number", "a_value", "a_whole"]


@dataclass(frozen=True)
class Arg:
    value: JsonValue | Domain
    column: int | None = None


@dataclass(frozen=True)
class Given:
    """``call`` is what the person wrote before the bracket; ``rest`` what has no name of its own."""

    call: str
    named: Mapping[str, Arg]
    rest: Sequence[Arg] = field(default_factory=tuple)

    def number(self, key: str) -> float:
        return a_number(self.named[key], key)

    def whole(self, key: str) -> int:
        return a_whole(self.named[key], key)

    def number_or_none(self, key: str) -> float | None:
        return self.number(key) if key in self.named else None

    def whole_or_none(self, key: str) -> int | None:
        return self.whole(key) if key in self.named else None

    def flag(self, key: str, *, default: bool = False) -> bool:
        return a_flag(self.named[key], key) if key in self.named else default

    def text(self, key: str, default: str) -> str:
        if key not in self.named:
            return default
        value = a_value(self.named[key], key)
        if not isinstance(value, str):
            raise refused(f"{key} must be a word, not {shown(value)}", self.named[key].column)
        return value

    def values(self) -> list[JsonValue]:
        """What has no name, as values. ``(a, b)`` and ``([a, b])`` are the same."""
        found = [a_value(one, self.call) for one in self.rest]
        return list(found[0]) if len(found) == 1 and isinstance(found[0], list) else found


def a_value(arg: Arg, noun: str) -> JsonValue:
    if isinstance(arg.value, Const):
        return arg.value.value
    if isinstance(arg.value, (type(None), bool, int, float, str, list, dict)):
        return arg.value
    raise refused(f"{noun} takes values, and this is a domain of its own", arg.column)


def a_number(arg: Arg, noun: str) -> float:
    """A number as it was written, whole or not; a text that is one, as YAML makes of 1e-5."""
    value = a_value(arg, noun)
    found = number(value.strip()) if isinstance(value, str) else value
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise refused(f"{noun} must be a number, not {shown(value)!r}", arg.column)
    if isinstance(found, int) and abs(found) >= 1 << 1000:
        raise refused(f"{shown(value)} is larger than any number that a program can hold", arg.column)
    if not math.isfinite(found):
        raise refused(f"{noun} must be a finite number, not {found}", arg.column)
    return found


def a_whole(arg: Arg, noun: str) -> int:
    """A whole number; 1e3 is one."""
    found = a_number(arg, noun)
    if found != math.floor(found):
        raise refused(f"{noun} must be a whole number, not {shown(found)}", arg.column)
    return int(found)


def a_flag(arg: Arg, noun: str) -> bool:
    value = a_value(arg, noun)
    if not isinstance(value, bool):
        raise refused(f"{noun} must be true or false, not {shown(value)!r}", arg.column)
    return value
