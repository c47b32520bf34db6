"""From a text of the grammar to a domain; and which texts are one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

from pydantic import JsonValue

from jupyter_training.core.expression import condition
from jupyter_training.core.expression.syntax import Call, Node, Sweep, Value, parse, plain
from jupyter_training.core.expression.text import refused
from jupyter_training.core.space.domains import Choice, Const, Domain
from jupyter_training.core.space.functions import FUNCTIONS, made
from jupyter_training.core.space.given import Arg, a_value
from jupyter_training.core.space.when import with_when
from jupyter_training.errors import InvalidSpec

__all__ = ["domain_of_text", "is_expression", "unquoted"]

_CALL = re.compile(r"\s*([A-Za-z_]\w*)[ \t]*\(", re.ASCII)
_NUMBERS_ONLY = re.compile(r"[\s\d.,eE+-]*,[\s\d.,eE+-]*\)\s*\Z")
_WHEN = re.compile(
    r"""\s*(?:"[^"]*"|'[^']*'|\S+|\[.*\])\s+when\s+(?:not\s+|\()*[\w./+-]+\s*(?:[=!<>]|(?:not\s+)?in\b)""", re.DOTALL
)
_IN_QUOTES = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_CLOSE = 0.8
# Samplers of other libraries that have no like here: a text that calls one is meant as one.
_ELSEWHERE = ("normal", "lognormal", "qnormal", "qlognormal", "randn", "qrandn", "glob", "sample_from", "grid_search")


def domain_of_text(text: str) -> Domain:
    """The domain that a text of the grammar is; a Const for a single value.

    Raises:
        InvalidSpec: with the column in the text, from 1.
    """
    written = parse(text)
    node = written.node
    if isinstance(node, Sweep):
        values = tuple(_item(one) for one in node.items)
        found: Domain = _at(node.column, lambda: Choice(values))
    else:
        found = _outermost(node)
    if written.when is None:
        return found
    if found.when is not None:
        raise refused("a condition is given twice", written.when_column, "Join them by and.")
    return with_when(found, condition.parse(written.when, column=written.when_column))


def is_expression(text: str) -> bool:
    """Whether a text is one of the grammar, or was meant as one; every other text is a value.

    Calls of its names and of what is close to them, ``a,b`` (with spaces after the commas only between numbers
    and quoted texts), and a value with ``when``. What is in quotes as a whole is the text within.
    """
    call = _CALL.match(text)
    if call is not None:
        name = call[1]
        if name in FUNCTIONS or name in _ELSEWHERE:
            return True
        if text.rstrip().endswith(")") and difflib.get_close_matches(name.lower(), FUNCTIONS, n=1, cutoff=_CLOSE):
            return True
        return _NUMBERS_ONLY.match(text, call.end()) is not None
    if _WHEN.match(text):
        return True
    return "," in text and _is_sweep(text)


def unquoted(text: str) -> str:
    """The text within, where a text is in quotes as a whole, as the grammar has it; every other one is itself."""
    if text[:1] not in ("'", '"') or text[-1:] != text[:1]:
        return text
    try:
        written = parse(text)
    except InvalidSpec:
        return text
    is_one = isinstance(written.node, Value) and isinstance(written.node.value, str) and written.when is None
    return written.node.value if is_one else text  # type: ignore[union-attr, return-value]


def _is_sweep(text: str) -> bool:
    try:
        written = parse(text)
    except InvalidSpec:
        return False
    if not isinstance(written.node, Sweep):
        return False
    has_words = any(isinstance(one, Value) and one.is_bare for one in written.node.items)
    return not has_words or not re.search(r"\s", _IN_QUOTES.sub("", text.strip()))


def _outermost(node: Node) -> Domain:
    if not isinstance(node, Call):
        return Const(plain(node))
    named = dict(node.named)
    when = named.pop("when", None)
    found = _called(node, named)
    if when is None:
        return found
    written = plain(when)
    if not isinstance(written, str):
        raise refused("a condition is a text in quotes", when.column, "Write e.g. when='optimizer == \"sgd\"'.")
    return with_when(found, condition.parse(written, column=when.column + 1))


def _called(call: Call, named: dict[str, Node]) -> Domain:
    args = [_argument(one) for one in call.args]
    options = {name: _argument(one) for name, one in named.items()}
    return _at(call.column, lambda: made(call.name, args, options, call.columns))


def _argument(node: Node) -> Arg:
    if not isinstance(node, Call):
        return Arg(plain(node), node.column)
    if "when" in node.named:
        raise refused("only the outermost call can have a condition", node.columns["when"])
    return Arg(_called(node, dict(node.named)), node.column)


def _item(node: Node) -> JsonValue:
    return a_value(_argument(node), "a list of values")


def _at(column: int, make: Callable[[], Domain]) -> Domain:
    """What it makes; an error without a column gets this one."""
    try:
        return make()
    except InvalidSpec as error:
        problem = error.errors[0]
        if problem.column is not None:
            raise
        raise refused(problem.detail, column, problem.hint) from None
