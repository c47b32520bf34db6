"""The YAML config of a job, read with positions.

Only plain YAML: mappings, lists and scalars; no tags that build objects, no
duplicate keys. Every error names the line and column in the person's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from jupyter_training.errors import InvalidSpec, Problem, near_miss

__all__ = ["Config", "colon_for_equals", "column_of_value", "read"]

_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")
)
# An alias may stand for a tree that holds aliases itself; these bounds keep a few lines from becoming gigabytes.
_DEEPEST = 50
_LONGEST_PATH = 1_000
_MOST_KEYS = 100_000
_LONGEST_NUMBER = 1_000  # characters; 1:59:59 is a number in YAML, and takes its time with very many colons
_LONGEST_LINE = 500
# YAML 1.1 wants a point and a sign for an exponent, so it reads 1e-4 as a text; everybody else means a number.
_FLOAT = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)[eE][-+]?\d+")
_ASSIGNMENT = re.compile(r"\s*([A-Za-z_][\w.]*)\s*=(?!=)\s*(\S.*?)\s*(?:\s#.*)?")
_KEY_AND_COLON = re.compile(r"""(?:"[^"]*"|'[^']*'|[^:{},]+?)\s*:\s+["']?(?=\S)""")
_NEEDS_NO_QUOTES = re.compile(
    r"\d+(?:\.\d+)?\s?[A-Za-z]+|(?!(?:true|false|yes|no|on|off|null)\Z)[A-Za-z][\w./-]*", re.IGNORECASE
)
_TOO_DEEP = "this is nested too deeply"
_IN_YAML = {"True": "true", "False": "false", "None": "null"}


@dataclass(frozen=True)
class Config:
    """A config as plain values, with the place of each key path (``params.lr``)."""

    values: dict[str, Any]
    places: dict[str, tuple[int, int]]  # line and column, from 1

    def has(self, path: str | None) -> bool:
        """Whether the text has this key, or a group that it would stand in."""
        return bool(path) and self.place(path or "") != (None, None)

    def place(self, path: str) -> tuple[int | None, int | None]:
        """Where a key path, or the nearest part of it that the text has, was written."""
        parts = path.split(".")
        while parts:
            found = self.places.get(".".join(parts))
            if found is not None:
                return found
            parts.pop()
        return (None, None)


def read(text: str, *, name: str, keys: Iterable[str]) -> Config:
    """The config in ``text``. ``keys`` are the allowed top-level keys, ``name`` is what errors call the text.

    Raises:
        InvalidSpec: not YAML, not a mapping, a key twice or unknown; with positions.
    """
    try:
        node = _Composer(text, name).get_single_node()
    except yaml.MarkedYAMLError as error:
        _check_no_assignment(text, name)
        mark = error.problem_mark or error.context_mark
        if mark and error.context_mark and mark.index >= len(text.rstrip()):
            mark = error.context_mark  # what was opened here is never closed
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        words = error.problem or error.context or "it can't be read"
        raise _at(name, f"this is not valid YAML: {words}", None, line, column) from None
    except yaml.YAMLError as error:
        raise _at(name, f"this is not valid YAML: {error}", None, None, None) from None
    if node is None:
        return Config({}, {})
    if not isinstance(node, yaml.MappingNode):
        _check_no_assignment(text, name)
        raise _at(name, "a config is a mapping of keys to values", None, *_mark(node), hint="Write e.g. name: digits.")
    places: dict[str, tuple[int, int]] = {}
    values = _value(node, "", 1, places, name)
    known = sorted(keys)
    for key in values:
        if key not in known:
            close = near_miss(str(key), known)
            hint = f"Did you mean {close!r}?" if close else f"Known keys: {', '.join(known)}."
            raise _at(name, f"there is no key {key!r}", str(key), *places[str(key)], hint=hint)
    return Config(values, places)


def column_of_value(text: str, line: int, column: int, within: int) -> int | None:
    """The column of what stands at the column ``within`` of the value whose key is at ``line`` and ``column``.

    None where the value does not begin on the line of its key.
    """
    lines = text.splitlines()
    found = _KEY_AND_COLON.match(lines[line - 1], column - 1) if 0 < line <= len(lines) else None
    if found is None or found.end() + within > len(lines[line - 1]) + 1:
        return None
    return found.end() + within


def colon_for_equals(line: str) -> str | None:
    """What ``timeout = '2h'`` is in YAML, ``timeout: 2h``; None for a line that is no such thing."""
    found = _ASSIGNMENT.fullmatch(line) if len(line) <= _LONGEST_LINE else None
    return f"{found[1]}: {_in_yaml(found[2])}" if found is not None else None


def _check_no_assignment(text: str, name: str) -> None:
    """Say of a text that is no config whether a line of it is Python's or TOML's way to write one."""
    for number, line in enumerate(text.splitlines(), 1):
        meant = colon_for_equals(line)
        if meant is not None:
            words, column = "YAML writes a key with a colon, not with =", len(line) - len(line.lstrip()) + 1
            raise _at(name, words, meant.partition(":")[0], number, column, hint=f"Write {meant}")


def _in_yaml(value: str) -> str:
    """A value as it is written in YAML: of words without their quotes, where they need none."""
    if value in _IN_YAML:
        return _IN_YAML[value]
    bare = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else None
    return bare if bare is not None and _NEEDS_NO_QUOTES.fullmatch(bare) else value


class _Composer(yaml.SafeLoader):
    """Makes the nodes of a text. It calls itself for each that is inside another, so they are counted on the way."""

    def __init__(self, text: str, called: str) -> None:
        super().__init__(text)
        self._called = called
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > _DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise _at(self._called, _TOO_DEEP, None, mark.line + 1, mark.column + 1)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _value(node: yaml.Node, path: str, depth: int, places: dict[str, tuple[int, int]], name: str) -> Any:
    """The plain value of a node; notes the place of every key below it."""
    if depth > _DEEPEST or len(path) > _LONGEST_PATH:  # by its aliases
        raise _at(name, _TOO_DEEP, None, *_mark(node))
    if len(places) > _MOST_KEYS:
        raise _at(name, "this has too many keys", None, *_mark(node))
    if node.tag not in _PLAIN_TAGS:
        raise _at(name, f"the tag {node.tag!r} is not allowed here", path, *_mark(node))
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = _key(key_node, name)
            below = f"{path}.{key}" if path else key
            if key in found:
                raise _at(name, f"the key {key!r} stands twice", below, *_mark(key_node))
            places[below] = _mark(key_node)
            found[key] = _value(value_node, below, depth + 1, places, name)
        return found
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            below = f"{path}.{index}"
            places[below] = _mark(item)  # counts as a key's, so that aliased lists are bounded too
            items.append(_value(item, below, depth + 1, places, name))
        return items
    return _scalar(node, path, name)


def _scalar(node: yaml.Node, path: str, name: str) -> Any:
    kind = node.tag.rpartition(":")[2]
    if kind == "timestamp":  # a date has no form in JSON; it is meant as text
        return str(node.value)
    is_bare = isinstance(node, yaml.ScalarNode) and node.style is None
    if is_bare and kind == "str" and _FLOAT.fullmatch(node.value):
        return float(node.value)
    if kind in ("int", "float") and len(node.value) > _LONGEST_NUMBER:
        words = f"a number has at most {_LONGEST_NUMBER:,} characters, not {len(node.value):,}"
        raise _at(name, words, path, *_mark(node))
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (ValueError, OverflowError) as error:
        raise _at(name, f"this value can't be read: {error}", path, *_mark(node)) from None
    except (KeyError, IndexError, yaml.YAMLError):  # a tag stands before it, as in !!bool maybe
        raise _at(name, f"this value can't be read as {kind}", path, *_mark(node)) from None


def _key(node: yaml.Node, name: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:merge":
        raise _at(name, "a key must be a plain word", None, *_mark(node))
    return str(node.value)


def _mark(node: yaml.Node) -> tuple[int, int]:
    return (node.start_mark.line + 1, node.start_mark.column + 1)


def _at(
    name: str, words: str, key: str | None, line: int | None, column: int | None, *, hint: str | None = None
) -> InvalidSpec:
    place = f" line {line}, column {column}" if line is not None else ""
    return InvalidSpec(
        f"{name}{place}: {words}.", hint=hint, errors=[Problem(words, key=key, line=line, column=column, hint=hint)]
    )
