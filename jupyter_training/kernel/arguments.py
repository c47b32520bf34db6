"""Read a magic line against the table of commands, and point at the word that is wrong."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_training.errors import InvalidUsage, Problem, near_miss
from jupyter_training.kernel.commands import FRONT, Command, Option
from jupyter_training.kernel.line import Word, as_in_code, split, unquoted
from jupyter_training.kernel.line_verbs import SYNONYMS, VERBS, verbs_below
from jupyter_training.kernel.values import amount, literal, size_bytes, span

__all__ = ["Parsed", "parse", "verb_of"]


@dataclass(frozen=True)
class Parsed:
    """A magic line, read. ``places`` says where a server's key was written: (column from 1, length).

    ``written`` are the operands with their quotes, each with its column.
    """

    command: Command
    operands: tuple[str, ...] = ()
    written: tuple[tuple[str, int], ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)  # key=value
    texts: Mapping[str, str] = field(default_factory=dict)  # and how each was written
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        value = self.options.get(name)
        return value if isinstance(value, str) else None

    def whole(self, name: str, default: int) -> int:
        value = self.options.get(name)
        return value if isinstance(value, int) else default

    def on(self, name: str) -> bool:
        return self.options.get(name) is True


def verb_of(line: str) -> tuple[Command, str, int]:
    """The verb of a ``%train`` line, the rest of the line, and where the rest begins (from 0).

    Raises:
        InvalidUsage: there is no such verb; with the near miss, or that this line belongs on top of a cell.
    """
    words = split(line, offset=len("%train "))
    if not words:
        return FRONT, "", 0
    first = words[0]
    found = VERBS.get(first.text)
    if found is not None:
        below = _below(first, words[1] if len(words) > 1 else None)
        if below is not None:
            return below, line[words[1].end :], words[1].end
        return found, line[first.end :], first.end
    close = SYNONYMS.get(first.text) or near_miss(first.text, VERBS)
    looks_like_cell = first.raw.startswith("-") or any("=" in word.raw for word in words)
    if looks_like_cell or close is None:
        hint = "To train code, put %%train on the first line of its cell; %train help lists the verbs."
    else:
        hint = f"Did you mean %train {close}?"
    raise InvalidUsage(
        f"%train has no verb {first.text!r}.",
        hint=hint,
        errors=[Problem("unknown verb", line=1, column=len("%train ") + first.start + 1)],
    )


def _below(first: Word, second: Word | None) -> Command | None:
    """The verb of two words, as ``queue update``; None: what follows the first is no verb below it.

    Raises:
        InvalidUsage: the first word has verbs below it, and this is none.
    """
    known = verbs_below(first.text)
    if second is None or not known or second.raw.startswith("-"):
        return None
    if second.text in known:
        return VERBS[f"{first.text} {second.text}"]
    close = SYNONYMS.get(f"{first.text} {second.text}") or near_miss(second.text, known)
    raise InvalidUsage(
        f"%train {first.text} has no {second.text!r}.",
        hint=f"Did you mean %train {first.text} {close}?" if close else f"There is: {', '.join(known)}.",
        errors=[Problem("unknown verb", line=1, column=len("%train ") + second.start + 1)],
    )


def parse(command: Command, line: str, *, offset: int) -> Parsed:
    """Read the words behind a command. ``offset`` is the length of what stands before ``line`` in its cell.

    Raises:
        InvalidUsage: an unknown option, a missing or wrong value, a word too many; with the column and a hint.
    """
    return _Reader(command, offset).read(split(line, offset=offset))


class _Reader:
    """Reads one line; keeps what was found so far."""

    def __init__(self, command: Command, offset: int) -> None:
        self.command = command
        self.offset = offset
        self.operands: list[str] = []
        self.written: list[tuple[str, int]] = []
        self.options: dict[str, object] = {}
        self.values: dict[str, object] = {}
        self.texts: dict[str, str] = {}
        self.places: dict[str, tuple[int, int]] = {}

    def read(self, words: list[Word]) -> Parsed:
        waiting = list(reversed(words))
        while waiting:
            word = waiting.pop()
            if word.raw.startswith("-") and word.raw != "-" and not _is_number(word.raw):
                self._option(word, waiting)
            elif self.command.takes_values and _assigns(unquoted(word.raw)):
                self._assignment(word)
            else:
                self._operand(word)
        if len(self.operands) < self.command.least:
            first = self.command.operands.strip("[]").split(".")[0].split()[0]
            example = {"JOB": "last", "ITEM": "last.priority=1", "EXPERIMENT": "last"}.get(first, "big")
            example += " 20" if self.command.least > 1 else ""
            raise InvalidUsage(
                f"{self.command.magic} needs {self.command.needs}.",
                hint=f"Usage: {self.command.usage}, e.g. {self.command.magic} {example}.",
            )
        return Parsed(
            self.command,
            tuple(self.operands),
            tuple(self.written),
            self.options,
            self.values,
            self.texts,
            self.places,
        )

    def _option(self, word: Word, waiting: list[Word]) -> None:
        flag, equals, joined = word.text.partition("=")
        option = self.command.option(flag)
        if option is None:
            raise self._fault(word, f"{self.command.magic} has no option {flag}.", self._unknown_hint(flag))
        self._place(option.key or option.name, word)
        if option.excludes and option.excludes.lstrip("-").replace("-", "_") in self.options:
            raise self._fault(word, f"{flag} and {option.excludes} exclude each other.")
        if option.kind == "switch":
            if equals:
                raise self._fault(word, f"{flag} takes no value.")
            self.options[option.name] = True
            return
        if not equals:
            following = waiting[-1] if waiting else None
            if following is None or (self.command.option(following.text.partition("=")[0]) is not None):
                raise self._fault(word, f"{flag} needs a value.", f"Write {flag} {option.metavar}.")
            word = waiting.pop()
            joined = word.text
            self._place(option.key or option.name, word)
        self._keep(option, flag, joined, word)

    def _keep(self, option: Option, flag: str, text: str, word: Word) -> None:
        try:
            value = _value(option, text)
        except ValueError as error:
            hint = f"Write {flag} {option.metavar}."
            if option.choices:
                close = near_miss(text, option.choices)
                hint = f"Did you mean {close}?" if close else f"Known: {', '.join(option.choices)}."
            raise self._fault(word, f"{flag}: {error}.", hint) from None
        if not option.repeats:
            if option.name in self.options and self.options[option.name] != value:
                raise self._fault(word, f"{flag} is given twice, with different values.")
            self.options[option.name] = value
        elif isinstance(value, tuple) and option.kind in ("pair", "setting", "assign"):
            pairs = self.options.setdefault(option.name, {})
            assert isinstance(pairs, dict)
            if option.kind != "setting" and pairs.get(value[0], value[1]) != value[1]:
                raise self._fault(word, f"{flag}: {value[0]!r} is given twice.")
            pairs[value[0]] = value[1]
            self._place(f"{option.key}.{value[0]}", word)
        else:
            names = self.options.setdefault(option.name, [])
            assert isinstance(names, list)
            assert isinstance(value, tuple)
            names.extend(name for name in value if name not in names)

    def _assignment(self, word: Word) -> None:
        key, _, text = unquoted(word.raw).partition("=")
        key = as_in_code(key.strip())
        if keyword.iskeyword(key):
            raise self._fault(word, f"{key!r} is a word of Python and can't be a parameter.")
        if key in self.values:
            raise self._fault(word, f"{key} is given twice.")
        try:
            self.values[key] = literal(text)
        except ValueError as error:
            raise self._fault(word, f"{key}: {error}.") from None
        self.texts[key] = text
        self._place(f"params.{key}", word)

    def _operand(self, word: Word) -> None:
        most = self.command.most
        if most is not None and len(self.operands) >= most:
            if self.command.takes_values and word.text.isidentifier():
                hint = f"A name is one word, e.g. {self.operands[-1]}-{word.text}; parameters are written key=value."
            elif self.command.takes_values:
                hint = "Parameters are written key=value, without spaces around the '='."
            else:
                hint = f"Usage: {self.command.usage}."
            raise self._fault(word, f"{word.text!r} is one word too many.", hint)
        if not self.operands and self.command.name.startswith("%%"):
            self._place("name", word)
        self.operands.append(word.text)
        self.written.append((word.raw, self.offset + word.start + 1))

    def _unknown_hint(self, flag: str) -> str:
        close = near_miss(flag, self.command.flags)
        if close is None:  # a prefix is a near miss too, however long the rest
            close = next((known for known in self.command.flags if known.startswith(flag) and len(flag) > 2), None)
        if close:
            return f"Did you mean {close}?"
        if not self.command.flags:
            return f"It has none; usage: {self.command.usage}."
        return f"Known: {', '.join(max(option.flags, key=len) for option in self.command.options)}."

    def _place(self, key: str, word: Word) -> None:
        self.places[key] = (self.offset + word.start + 1, len(word.raw))

    def _fault(self, word: Word, detail: str, hint: str | None = None) -> InvalidUsage:
        place = Problem(detail, line=1, column=self.offset + word.start + 1)
        return InvalidUsage(detail, hint=hint, errors=[place])


def _value(option: Option, text: str) -> object:
    """The option's value, or a ValueError with a sentence. What only the server can judge is left to it."""
    if not text:
        raise ValueError("the value is empty")
    if option.choices and text not in option.choices:
        raise ValueError(f"{text!r} is not known")
    if option.kind == "whole":
        return _whole(text)
    if option.kind == "number":
        return _number(text)
    if option.kind == "amount":
        return amount(text)
    if option.kind == "size":
        return size_bytes(text)
    if option.kind == "span":
        return span(text)
    if option.kind == "pair":
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ValueError(f"{text!r} is not KEY=VALUE")
        return (key, value)
    if option.kind == "assign":
        key, equals, given = text.partition("=")
        if not equals or not key.isidentifier():
            raise ValueError(f"{text!r} is not KEY=VALUE")
        return (key, literal(given))
    if option.kind == "setting":
        return _setting(text)
    if option.kind == "names":
        return _variable_names(text) if option.lists == "environment" else _names(text)
    if option.kind == "jobs":
        return _parts(text)
    if option.kind == "variable":
        return _variable(text)
    return text


def _variable(text: str) -> str:
    name = as_in_code(text)
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"{text!r} can't be a variable's name")
    return name


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def _number(text: str) -> float:
    value = literal(text)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{text!r} is not a number")
    return value


def _setting(text: str) -> tuple[str, str | None]:
    """An environment variable: with its value, or only named."""
    name, equals, value = text.partition("=")
    if not name.isidentifier():
        raise ValueError(f"{name!r} is not the name of an environment variable")
    return name, value if equals else None


def _variable_names(text: str) -> tuple[str, ...]:
    names = _parts(text)
    for name in names:
        if "=" in name:
            raise ValueError(f"{name.partition('=')[0]} is enough: the value is read here and stays out of the cell")
        if not name.isidentifier():
            raise ValueError(f"{name!r} is not the name of an environment variable")
    return names


def _names(text: str) -> tuple[str, ...]:
    names = tuple(map(as_in_code, _parts(text)))
    for name in names:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise ValueError(f"{name!r} is not a variable's name")
    return names


def _parts(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def _assigns(raw: str) -> bool:
    key, equals, _ = raw.partition("=")
    return bool(equals) and key.isidentifier()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
