"""What a cell's code says before it runs: that it is Python, and which parameters it has.

Parameters are the names that the code assigns a literal at its *top*: before
its first statement that is no import, definition, docstring or literal
assignment. Their literals are the defaults. Line numbers are those of the cell
as its notebook shows it: the magic line is line 1, and blank lines stand in the
source where the cell's own first lines were, so that a traceback agrees.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jupyter_training.errors import InvalidSpec, Problem, near_miss
from jupyter_training.kernel.values import json_value

__all__ = ["Body", "Resolved", "read", "resolve"]

_DEFAULT_LIMIT = 500  # characters of JSON; a longer literal is data, not a parameter
_SHELL = re.compile(r"\s*(?:[\w\s.,\[\]]+=\s*)?!")
_MAGIC = re.compile(r"\s*(?:[\w\s.,\[\]]+=\s*)?%{1,2}\s*[A-Za-z]")
# Magics that change nothing for a job, and what they are for.
_PASSED_OVER = (
    (re.compile(r"\s*%\s*matplotlib\b"), "a job keeps the figures that it shows"),
    (re.compile(r"\s*%\s*(?:autoreload\b|(?:re)?load_ext\s+autoreload\s*(?:#|$))"), "a job starts afresh"),
)
_HELP = re.compile(r"\s*\?{1,2}\s*[\w.%]+\s*$|\s*[\w.%]+\?{1,2}\s*$")


@dataclass(frozen=True)
class Body:
    """A cell's code, read. ``lines`` has the line of each default, ``bound`` of each other global assignment.

    ``passed``: magics that the code has as comments now, as they change nothing for a job.
    """

    source: str
    defaults: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    bound: Mapping[str, int] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    passed: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Resolved:
    """The parameters to send, and what should be said about them."""

    params: Mapping[str, object]
    warnings: tuple[Problem, ...] = ()


def read(cell: str, *, first_line: int = 2) -> Body:
    """Read a cell's code; ``first_line`` is the number its first line has in the cell.

    Raises:
        InvalidSpec: no Python, or a line that only a notebook understands; at its line and column.
    """
    source = "\n" * (first_line - 1) + cell
    if not source.endswith("\n"):
        source += "\n"
    tree, source, passed = _read(source)
    if not any(not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant) for node in tree.body):
        raise InvalidSpec("There is nothing to train in this cell.", hint="Write Python code below the %%train line.")
    top, rest = _top_and_rest(tree)
    defaults: dict[str, object] = {}
    lines: dict[str, int] = {}
    repeated: dict[str, int] = {}
    for node in top:
        for name, value in _literal(node):
            if name in defaults:
                repeated.setdefault(name, node.lineno)
            else:
                defaults[name] = value
                lines[name] = node.lineno
    bound = dict(repeated)
    for name, line in _bindings(rest):
        bound.setdefault(name, line)
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    used = frozenset(node.id for node in names if isinstance(node.ctx, ast.Load))
    return Body(source, defaults, lines, bound, used, passed)


def resolve(body: Body, given: Mapping[str, object]) -> Resolved:
    """The parameters: the code's defaults, and over them what the magic line gives.

    Raises:
        InvalidSpec: a name that nothing in the code has, but for which there is a near miss,
            or whose value the code would overwrite at once.
    """
    for name in given:
        if name in body.defaults:
            continue
        if name in body.bound:
            raise InvalidSpec(
                f"{name}={given[name]!r} would have no effect: the code assigns {name} itself.",
                hint=f"Give it a literal at the top of the code, e.g. {name} = {given[name]!r}.",
                errors=[
                    Problem(f"{name} is given here", key=f"params.{name}"),
                    Problem(f"{name} is assigned here", line=body.bound[name]),
                ],
            )
        close = near_miss(name, body.defaults)
        if close is not None and name not in body.used:
            raise InvalidSpec(
                f"The code has no parameter {name!r}.",
                hint=f"Did you mean {close!r} (line {body.lines[close]})?",
                errors=[Problem("unknown parameter", key=f"params.{name}")],
            )
    again = [
        Problem(f"{name} is assigned again here; the parameter's value is gone from then on.", line=body.bound[name])
        for name in sorted(set(body.defaults) & set(body.bound), key=lambda one: body.bound[one])
    ]
    return Resolved({**body.defaults, **given}, tuple(again))


def _read(source: str) -> tuple[ast.Module, str, tuple[Problem, ...]]:
    """The tree of a text, the text, and what was passed over to get there.

    A line is looked at only where Python stumbles over it: in a longer text it may stand as it likes.
    """
    passed: dict[str, Problem] = {}
    while True:
        try:
            return _tree(source), source, tuple(passed.values())
        except InvalidSpec as error:
            lines = source.split("\n")
            number = error.errors[0].line if error.errors else None
            line = lines[number - 1] if number is not None and 0 < number <= len(lines) else ""
            why = next((words for pattern, words in _PASSED_OVER if pattern.match(line)), None)
            if number is None or why is None:
                raise
            passed.setdefault(why, Problem(f"{line.strip()} is passed over: {why}.", line=number))
            indent = line[: len(line) - len(line.lstrip())]
            lines[number - 1] = f"{indent}{'pass  ' if indent else ''}# {line.strip()}"
            source = "\n".join(lines)


def _tree(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape is the job's own business, it says so in its log
            # Finds what a mere parse does not, as a `return` outside; `await` is allowed at the top, as in notebooks.
            compile(source, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
            return ast.parse(source)
    except SyntaxError as error:
        raise _not_python(source, error) from None
    except (RecursionError, MemoryError):
        raise InvalidSpec("The code is nested too deeply for Python to read.") from None
    except ValueError as error:  # null characters, lone surrogates
        raise InvalidSpec(f"The code can't be read as text: {error}.") from None


def _not_python(source: str, error: SyntaxError) -> InvalidSpec:
    line, column = error.lineno, error.offset
    lines = source.splitlines()
    text = lines[line - 1] if line is not None and 0 < line <= len(lines) else ""
    hint: str | None
    if _SHELL.match(text):
        words = "A line with ! is for the shell of a notebook; a job runs Python only."
        if "pip" in text or "conda" in text:
            hint = "Install in a cell of its own before (%pip install ...): the job uses this kernel's environment."
        else:
            hint = "Run it in a cell of its own before, or with subprocess.run([...]) in the code."
    elif _MAGIC.match(text):
        words = "A line with % is a magic of the notebook; a job runs Python only."
        hint = "Leave it out, or run it in a cell of its own before."
    elif _HELP.match(text):
        words, hint = "A line with ? asks the notebook for help; a job runs Python only.", "Leave it out."
    else:
        words, hint = f"The code is not valid Python: {error.msg}.", _syntax_hint(error.msg)
        return InvalidSpec(words, hint=hint, errors=[Problem(error.msg, line=line, column=column)])
    column = len(text) - len(text.lstrip()) + 1
    return InvalidSpec(words, hint=hint, errors=[Problem(words, line=line, column=column)])


def _syntax_hint(message: str) -> str | None:
    if "outside async function" in message:
        return "Make the function `async def`, and await its call."
    if "'return' outside" in message or "'yield' outside" in message:
        return "The cell's code runs as a script; end it early with sys.exit()."
    return None


def _top_and_rest(tree: ast.Module) -> tuple[list[ast.stmt], list[ast.stmt]]:
    for number, node in enumerate(tree.body):
        passive = isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not (passive or docstring or _assigned(node) is not None):
            return tree.body[:number], tree.body[number:]
    return tree.body, []


def _assigned(node: ast.stmt) -> tuple[str, object] | None:
    """Name and value, if this statement gives one name a literal."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, source = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target, source = node.target, node.value
    else:
        return None
    if not isinstance(target, ast.Name):
        return None
    try:
        return target.id, ast.literal_eval(source)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _literal(node: ast.stmt) -> Iterator[tuple[str, object]]:
    """The parameter that a statement of the top defines, if it is one: not private, not data, and JSON can carry it."""
    found = _assigned(node)
    if found is None or found[0].startswith("_"):
        return
    try:
        value = json_value(found[1])
    except ValueError:
        return
    if len(json.dumps(value)) <= _DEFAULT_LIMIT:
        yield found[0], value


def _bindings(nodes: list[ast.stmt]) -> Iterator[tuple[str, int]]:
    """Global names that these statements bind, with their lines, in the order of the text."""
    waiting: list[tuple[ast.AST, frozenset[str] | None]] = [(node, None) for node in reversed(nodes)]
    while waiting:
        node, declared = waiting.pop()  # declared None: we are at the global level; else what `global` named
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            if declared is None or node.id in declared:
                yield node.id, node.lineno
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and declared is None:
            yield node.name, node.lineno
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and declared is None:
            for alias in node.names:
                yield (alias.asname or alias.name).partition(".")[0], node.lineno
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            declared = frozenset(name for one in ast.walk(node) if isinstance(one, ast.Global) for name in one.names)
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            declared = frozenset()
        waiting.extend((child, declared) for child in reversed(list(ast.iter_child_nodes(node))))
