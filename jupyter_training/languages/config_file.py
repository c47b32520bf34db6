"""A config file of Renate's kind, read by its text: which functions it defines and what they take. Nothing is run.

    def model_fn(model_state_url: Optional[str] = None, width: int = 64): ...
    def data_module_fn(data_path: str, seed: int, noise: float = 0.1): ...
    def train_fn(model, data_module, learning_rate: float): ...

What a function is given by us goes by fixed names. Every other parameter is a
custom argument: a key of the search space, with a type that says how a value
arrives. One name is one value, whichever functions take it. Standard library only.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jupyter_training.errors import InvalidSpec, Problem, near_miss

__all__ = ["GIVEN", "OPTIMIZER_OPTIONS", "REQUIRED", "SETTINGS", "Argument", "ConfigFile", "Kind", "read"]

# What each function is given by name, beside what it takes of its own.
GIVEN: Mapping[str, frozenset[str]] = {
    "model_fn": frozenset({"model_state_url"}),
    "data_module_fn": frozenset({"data_path", "seed"}),
    "loss_fn": frozenset(),
    "optimizer_fn": frozenset(),
    "lr_scheduler_fn": frozenset(),
    "train_transform": frozenset(),
    "train_target_transform": frozenset(),
    "test_transform": frozenset(),
    "test_target_transform": frozenset(),
    "buffer_transform": frozenset(),
    "buffer_target_transform": frozenset(),
    "metrics_fn": frozenset(),
    "scheduler_fn": frozenset(),
    # Ours: what trains, where no updater's plug-in does.
    "train_fn": frozenset(
        {
            "model", "data_module", "loss", "optimizer", "lr_scheduler", "metrics", "learner", "seed",
            "train_transform", "train_target_transform", "test_transform", "test_target_transform",
            "buffer_transform", "buffer_target_transform",
        }
    ),
}  # fmt: skip
REQUIRED = ("model_fn", "data_module_fn")

# Of the training as a whole; any function may take them.
SETTINGS = frozenset(
    {
        "max_epochs", "task_id", "chunk_id", "updater", "accelerator", "devices", "strategy", "precision",
        "deterministic_trainer", "gradient_clip_val", "gradient_clip_algorithm",
    }
)  # fmt: skip

# What an optimizer_fn takes the place of.
OPTIMIZER_OPTIONS = ("optimizer", "momentum", "weight_decay", "learning_rate")

_SIMPLE = ("bool", "float", "int", "str")
_MANY = {"list": "list", "List": "list", "tuple": "tuple", "Tuple": "tuple"}
_ALLOWED = "bool, float, int, str, list, tuple, and Optional, List and Tuple of these"
_ONE_SLIP = 0.85


@dataclass(frozen=True)
class Kind:
    """A type as it was written: ``item`` is that of a list's or tuple's items, where it says one."""

    name: str  # bool, float, int, str, list, tuple
    item: str | None = None
    optional: bool = False

    def __str__(self) -> str:
        text = f"{self.name.capitalize()}[{self.item}]" if self.item else self.name
        return f"Optional[{text}]" if self.optional else text

    @property
    def bare(self) -> Kind:
        return Kind(self.name, self.item)


@dataclass(frozen=True)
class Argument:
    """A custom argument. ``functions`` take it; ``required``: one of them has no default. Places count from 1."""

    name: str
    kind: Kind
    required: bool
    functions: tuple[str, ...]
    line: int
    column: int


@dataclass(frozen=True)
class ConfigFile:
    """``takes``: all names that each of its functions takes. ``open``: those that take any name (``**kwargs``).

    ``returns``: those that give something back.
    """

    shown: str
    takes: Mapping[str, tuple[str, ...]]
    arguments: Mapping[str, Argument]
    open: frozenset[str] = field(default=frozenset())
    returns: frozenset[str] = field(default=frozenset())

    def wants(self, name: str) -> bool:
        """Whether any of its functions gets a value of this name."""
        return bool(self.open) or any(name in names for names in self.takes.values())


def read(text: str | bytes, shown: str = "config_file") -> ConfigFile:
    """What a config file's text says; ``shown`` is what errors call it.

    Raises:
        InvalidSpec: it is no Python, a function is missing, or a parameter has no type that can be kept; at its line.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        words = f"it is no Python: {getattr(error, 'msg', None) or error}"
        raise _refused(shown, [Problem(words, "config_file", line, getattr(error, "offset", None))]) from None
    return _Reader(tree, shown).config()


class _Reader:
    def __init__(self, tree: ast.Module, shown: str) -> None:
        self._shown = shown
        self._problems: list[Problem] = []
        statements = list(_top_level(tree.body))
        # Python keeps the last one of a name.
        self._defined = {
            one.name: one for one in statements if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        self._bound = dict(_bound_otherwise(statements))

    def config(self) -> ConfigFile:
        functions = {name: self._defined[name] for name in GIVEN if name in self._defined}
        self._check_names(functions)
        takes: dict[str, tuple[str, ...]] = {}
        arguments: dict[str, Argument] = {}
        is_open = set()
        for name, function in functions.items():
            takes[name] = tuple(one.arg for one in (*function.args.args, *function.args.kwonlyargs))
            if function.args.kwarg is not None:
                is_open.add(name)
            self._take(name, function, arguments)
        if self._problems:
            raise _refused(self._shown, self._problems)
        returning = frozenset(name for name, function in functions.items() if _gives_back(function))
        return ConfigFile(self._shown, takes, arguments, frozenset(is_open), returning)

    def _check_names(self, functions: Mapping[str, ast.AST]) -> None:
        for name, statement in self._bound.items():
            if name in GIVEN and name not in functions:
                words = f"{name} is not defined here by def, so what it takes can't be read"
                hint = f"Write def {name}(...) in this file and call the other one in it."
                self._problem(words, statement, name, hint)
        missing = [name for name in REQUIRED if name not in functions and name not in self._bound]
        for name in missing:
            close = near_miss(name, [one for one in self._defined if one not in GIVEN])
            line = self._defined[close].lineno if close else None
            hint = (
                f"Is {close} (line {line}) meant?" if close else f"Write def {name}({', '.join(sorted(GIVEN[name]))})."
            )
            self._problems.append(Problem(f"it defines no {name}", name, line, None, hint))
        guessed = {near_miss(name, self._defined) for name in missing}
        absent = [one for one in GIVEN if one not in functions]
        for name, function in self._defined.items():
            # A helper may end in _fn, too: only what is one slip away is meant.
            meant = difflib.get_close_matches(name, absent, n=1, cutoff=_ONE_SLIP)
            if name not in GIVEN and name not in guessed and meant:
                self._problem(f"nobody calls {name}", function, name, f"Did you mean {meant[0]}?")

    def _take(
        self, name: str, function: ast.FunctionDef | ast.AsyncFunctionDef, arguments: dict[str, Argument]
    ) -> None:
        """Note the custom arguments of one function."""
        args = function.args
        for one in (*args.posonlyargs, *filter(None, [args.vararg])):
            words = f"{name} takes {one.arg} by position; its parameters go by name"
            self._problem(words, one, one.arg, "Leave out the / and the *.")
        lacking: Sequence[ast.expr | None] = [None] * (len(args.args) - len(args.defaults))
        defaults = [*lacking, *args.defaults, *args.kw_defaults]
        for one, default in zip((*args.args, *args.kwonlyargs), defaults, strict=True):
            if one.arg in GIVEN[name] or one.arg in SETTINGS:
                continue
            if name == "scheduler_fn":
                self._problem(f"scheduler_fn takes no arguments, but has {one.arg}", one, one.arg)
                continue
            kind = self._kind(name, one)
            if kind is None:
                continue
            if isinstance(default, ast.Constant) and default.value is None:
                kind = Kind(kind.name, kind.item, optional=True)
            self._join(Argument(one.arg, kind, default is None, (name,), one.lineno, one.col_offset + 1), arguments)

    def _kind(self, function: str, one: ast.arg) -> Kind | None:
        hint = f"Write e.g. {one.arg}: int. There are {_ALLOWED}."
        if one.annotation is None:
            self._problem(f"{one.arg} of {function} has no type", one, one.arg, hint)
            return None
        kind = _kind_of(one.annotation)
        if kind is None:
            written = ast.unparse(one.annotation)
            self._problem(
                f"{one.arg} of {function} has the type {written}, which no value is given", one, one.arg, hint
            )
        return kind

    def _join(self, new: Argument, arguments: dict[str, Argument]) -> None:
        old = arguments.get(new.name)
        if old is None:
            arguments[new.name] = new
            return
        if old.kind.bare != new.kind.bare:
            first, second = f"{old.kind} in {old.functions[0]} (line {old.line})", f"{new.kind} in {new.functions[0]}"
            words = f"{new.name} is {first} and {second} (line {new.line}); one name is one value of one type"
            self._problems.append(Problem(words, new.name, new.line, new.column))
            return
        kind = Kind(old.kind.name, old.kind.item, optional=old.kind.optional and new.kind.optional)
        functions = (*old.functions, *new.functions)
        arguments[new.name] = Argument(new.name, kind, old.required or new.required, functions, old.line, old.column)

    def _problem(self, words: str, node: ast.AST, key: str, hint: str | None = None) -> None:
        line, column = getattr(node, "lineno", None), getattr(node, "col_offset", None)
        self._problems.append(Problem(words, key, line, None if column is None else column + 1, hint))


def _gives_back(function: ast.AST) -> bool:
    return any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(function))


def _top_level(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when the file is imported, also below ``if`` and ``try``."""
    for one in body:
        yield one
        for name in ("body", "orelse", "finalbody"):
            if isinstance(one, (ast.If, ast.Try, ast.With)):
                yield from _top_level(getattr(one, name, []))
        if isinstance(one, ast.Try):
            for handler in one.handlers:
                yield from _top_level(handler.body)


def _bound_otherwise(statements: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """Names that an import or an assignment gives."""
    for one in statements:
        if isinstance(one, (ast.Import, ast.ImportFrom)):
            yield from ((alias.asname or alias.name, one) for alias in one.names)
        elif isinstance(one, ast.Assign):
            yield from ((target.id, one) for target in one.targets if isinstance(target, ast.Name))
        elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            yield one.target.id, one


def _kind_of(written: ast.expr) -> Kind | None:
    """The kind that an annotation says, if it is one of those that there are."""
    if isinstance(written, ast.Constant) and isinstance(written.value, str):
        try:
            return _kind_of(ast.parse(written.value, mode="eval").body)
        except SyntaxError:
            return None
    if isinstance(written, ast.BinOp) and isinstance(written.op, ast.BitOr):
        return _optional([written.left, written.right])
    if isinstance(written, ast.Subscript):
        outer = _name(written.value)
        inside = written.slice.elts if isinstance(written.slice, ast.Tuple) else [written.slice]
        if outer == "Optional" and len(inside) == 1:
            return _optional([*inside, ast.Constant(None)])
        if outer == "Union":
            return _optional(inside)
        if outer in _MANY:
            return _many(_MANY[outer], inside)
        return None
    name = _name(written)
    if name in _SIMPLE:
        return Kind(name)
    return Kind(_MANY[name]) if name in _MANY else None


def _optional(parts: Sequence[ast.expr]) -> Kind | None:
    """One kind and None."""
    others = [one for one in parts if not (isinstance(one, ast.Constant) and one.value is None)]
    kind = _kind_of(others[0]) if len(others) == 1 else None
    return None if kind is None else Kind(kind.name, kind.item, optional=kind.optional or len(others) < len(parts))


def _many(name: str, inside: Sequence[ast.expr]) -> Kind | None:
    """A list or tuple of one kind: ``List[int]``, ``Tuple[int, ...]``, ``Tuple[int, int]``."""
    parts = [one for one in inside if not (isinstance(one, ast.Constant) and one.value is Ellipsis)]
    items = {_name(one) for one in parts}
    if len(items) != 1 or (name == "list" and len(inside) != 1):
        return None
    (item,) = items
    return Kind(name, item) if item in _SIMPLE else None


def _name(node: ast.expr) -> str:
    """The last word of a name; empty for what has none."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _refused(shown: str, problems: Sequence[Problem]) -> InvalidSpec:
    first = problems[0]
    place = f", line {first.line}" if first.line is not None else ""
    more = f" ({len(problems) - 1} more like it)" if len(problems) > 1 else ""
    return InvalidSpec(f"{shown}{place}: {first.detail}.{more}", hint=first.hint, errors=problems)
