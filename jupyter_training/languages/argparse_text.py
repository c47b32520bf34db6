"""The parameters of a script, as its text gives them to argparse. Nothing is run.

Every ``x.add_argument("--lr", type=float, ...)`` in the file counts, whatever the
parser is called: a group of arguments and a parser that a function is given are
read like the first one. What is computed rather than written out can't be known
from the text; a note says which argument and what of it.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeGuard

from pydantic import JsonValue

__all__ = ["Kind", "Parameter", "Parameters", "read"]

Kind = Literal["str", "int", "float", "bool", "choice", "list"]

_KINDS: dict[str, Kind] = {"str": "str", "int": "int", "float": "float", "bool": "bool"}
_FLAG_ACTIONS = {"store_true": False, "store_false": True, "BooleanOptionalAction": None}
_MANY_ACTIONS = ("append", "extend")
_LONGEST_BITS = 1024  # of a whole number; Python itself refuses to write much longer ones
# These take no value and mean nothing to a form.
_NO_PARAMETERS = ("help", "version")


@dataclass(frozen=True)
class Parameter:
    """One argument. ``flags`` is empty for one that goes by position. ``default`` None: none, or one that is None."""

    name: str
    flags: tuple[str, ...]
    type: Kind
    default: JsonValue
    choices: tuple[JsonValue, ...] | None
    required: bool
    help: str | None


@dataclass(frozen=True)
class Parameters:
    """Arguments in the order of the text. ``notes``: what could not be read, in sentences."""

    parameters: tuple[Parameter, ...]
    notes: tuple[str, ...]


def read(tree: ast.Module) -> Parameters:
    """The parameters that a module's text says it has."""
    found: dict[str, Parameter] = {}
    notes: list[str] = []
    for call in _calls(tree):
        reader = _Reader(call)
        parameter = reader.parameter()
        notes += reader.notes
        if parameter is not None and parameter.name not in found:
            found[parameter.name] = parameter
    notes += _other_ways(tree)
    return Parameters(tuple(found.values()), tuple(dict.fromkeys(notes)))


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    """Calls of ``add_argument``, in the order of the text."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    named = [one for one in calls if isinstance(one.func, ast.Attribute) and one.func.attr == "add_argument"]
    yield from sorted(named, key=lambda one: (one.lineno, one.col_offset))


def _other_ways(tree: ast.Module) -> Iterator[str]:
    """What gives arguments in a way that is not read here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "add_subparsers":
                yield f"Line {node.lineno}: it has sub-commands; name one in the arguments."
            elif node.func.attr == "set_defaults":
                yield f"Line {node.lineno}: set_defaults() may give other defaults than those shown."
        elif isinstance(node, ast.For) and any(_is_add(inner) for inner in ast.walk(node)):
            yield f"Line {node.lineno}: arguments are added in a loop; those whose names are computed are not shown."
    modules = {name for node in ast.walk(tree) for name in _imported(node)}
    for module in sorted(modules & {"click", "typer", "fire", "absl", "hydra", "tyro", "docopt"}):
        yield f"It reads its arguments by {module}, which is not read here; give them as arguments."


def _is_add(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument"


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module.partition(".")[0]


class _Reader:
    """One call of ``add_argument``."""

    def __init__(self, call: ast.Call) -> None:
        self.notes: list[str] = []
        self._call = call
        self._given = {word.arg: word.value for word in call.keywords if word.arg is not None}
        self._more = any(word.arg is None for word in call.keywords)
        self._shown = f"Line {call.lineno}"

    def parameter(self) -> Parameter | None:
        words = [one.value for one in self._call.args if _is_text(one)]
        if not words or len(words) != len(self._call.args):
            self.notes.append(f"{self._shown}: an argument's name is computed; it is not shown.")
            return None
        flags = tuple(word for word in words if word.startswith("-"))
        name = self._name(words, flags)
        self._shown = f"Line {self._call.lineno}, {flags[-1] if flags else name}"
        if self._more:
            self.notes.append(f"{self._shown}: some of its properties are computed and not shown.")
        action = self._word("action")
        if action in _NO_PARAMETERS:
            return None
        kind = self._kind(action)
        choices = self._choices()
        if choices is not None and kind != "list":
            kind = "choice"
        default = self._default(action)
        return Parameter(name, flags, kind, default, choices, self._required(flags), self._help(default))

    def _name(self, words: list[str], flags: tuple[str, ...]) -> str:
        dest = self._given.get("dest")
        if dest is not None and _is_text(dest):
            return dest.value
        long = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else words[0])
        return long.lstrip("-").replace("-", "_") if flags else words[0]

    def _kind(self, action: str | None) -> Kind:
        if action in _FLAG_ACTIONS:
            return "bool"
        if action in _MANY_ACTIONS or self._takes_many():
            return "list"
        if action == "count":
            return "int"
        given = self._given.get("type")
        if given is None:
            return "str"
        kind = _KINDS.get(given.id) if isinstance(given, ast.Name) else None
        if kind is None:
            if not (isinstance(given, ast.Attribute) and given.attr == "Path") and _written(given) != "Path":
                self.notes.append(f"{self._shown}: its values go through {_written(given)}; shown as text.")
            return "str"
        if kind == "bool":
            self.notes.append(f"{self._shown}: type=bool takes every text but the empty one for true.")
        return kind

    def _takes_many(self) -> bool:
        given = self._given.get("nargs")
        if given is None or not isinstance(given, ast.Constant):
            return given is not None
        return given.value in ("*", "+", "...") or isinstance(given.value, int)

    def _choices(self) -> tuple[JsonValue, ...] | None:
        given = self._given.get("choices")
        if given is None:
            return None
        if isinstance(given, ast.Call) and isinstance(given.func, ast.Name) and given.func.id == "range":
            bounds = [_literal(one) for one in given.args]
            whole = [one for one in bounds if isinstance(one, int)]
            if len(whole) == len(bounds) and 1 <= len(whole) <= 3 and 0 not in whole[2:]:
                numbers = range(*whole)
                if len(numbers) <= 1000:
                    return tuple(numbers)
        found = _literal(given)
        if isinstance(found, dict):
            return tuple(found)
        if isinstance(found, list):
            return tuple(found)
        self.notes.append(f"{self._shown}: its choices are computed and not shown.")
        return None

    def _default(self, action: str | None) -> JsonValue:
        given = self._given.get("default")
        if given is None:
            return _FLAG_ACTIONS.get(action or "")
        found = _literal(given)
        if isinstance(found, _Unknown):
            self.notes.append(f"{self._shown}: its default is computed ({_written(given)}) and not shown.")
            return None
        return found

    def _required(self, flags: tuple[str, ...]) -> bool:
        if flags:
            given = self._given.get("required")
            return given is not None and _literal(given) is True
        nargs = self._given.get("nargs")
        return not (isinstance(nargs, ast.Constant) and nargs.value in ("?", "*", "..."))

    def _help(self, default: JsonValue) -> str | None:
        given = self._given.get("help")
        if given is None or not _is_text(given):
            return None
        return given.value.replace("%(default)s", str(default)).replace("%%", "%")

    def _word(self, key: str) -> str | None:
        given = self._given.get(key)
        if given is not None and _is_text(given):
            return given.value
        if isinstance(given, ast.Attribute):
            return given.attr
        return given.id if isinstance(given, ast.Name) else None


class _Text(ast.Constant):
    """A constant that is a text, and can be sent as one."""

    value: str


def _is_text(node: ast.expr) -> TypeGuard[_Text]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_whole(node.value)


def _written(node: ast.expr) -> str:
    """The beginning of an expression as it is written; some are nested too deeply or too long to be written again."""
    try:
        return ast.unparse(node)[:60]
    except (RecursionError, ValueError):
        return "..."


def _is_whole(text: str) -> bool:
    """Whether a text can be sent: an escape may write half a sign, a lone surrogate."""
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


class _Unknown:
    """Stands for what is computed."""


_UNKNOWN = _Unknown()


def _literal(node: ast.expr) -> JsonValue | _Unknown:
    """The JSON value that an expression writes out."""
    try:
        return _json(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _UNKNOWN


def _json(value: object) -> JsonValue | _Unknown:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if _is_whole(value) else _UNKNOWN
    if isinstance(value, int):
        return value if value.bit_length() <= _LONGEST_BITS else _UNKNOWN
    if isinstance(value, float):
        return value if math.isfinite(value) else _UNKNOWN
    if isinstance(value, (list, tuple, set)):
        ordered = sorted(value, key=str) if isinstance(value, set) else value
        items = [one for one in map(_json, ordered) if not isinstance(one, _Unknown)]
        return items if len(items) == len(value) else _UNKNOWN
    if isinstance(value, dict):
        pairs = {str(key): _json(one) for key, one in value.items()}
        known = {key: one for key, one in pairs.items() if _is_whole(key) and not isinstance(one, _Unknown)}
        return known if len(known) == len(value) else _UNKNOWN
    return _UNKNOWN
