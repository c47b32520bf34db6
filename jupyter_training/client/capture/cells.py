"""Where a live function or class was written.

A function knows its code object, and that the file and line it was compiled
from; a notebook's cells are files that only ``linecache`` has. The text found
there counts only if it compiles to that very code, so that a cell which was
edited, or another text under the same name, is not mistaken for it. A class is
found by the code of its methods, and where it has none by what its body says.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import functools
import linecache
import operator
import sys
import types
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

__all__ = ["Cell", "Cells", "Place", "first_line", "shell_of"]

_FUTURES = functools.reduce(
    operator.or_, (getattr(__future__, one).compiler_flag for one in __future__.all_feature_names)
)
_POSTPONED = __future__.annotations.compiler_flag

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


@dataclass(frozen=True, eq=False)
class Cell:
    """One text that was compiled, and how often cells had run when it last was."""

    file: str
    text: str
    tree: ast.Module
    number: int | None
    blank: int  # lines above the text in the cell as it was written
    parents: dict[ast.AST, ast.AST]
    definitions: dict[str, list[Definition]]
    imports: list[ast.ImportFrom]
    _codes: dict[int, frozenset[object]] = field(default_factory=dict)

    def shown_as(self, notebook: str | None) -> str:
        """What a traceback calls it; ``notebook`` is a path."""
        if self.number is None:
            return "a cell" if "ipykernel" in self.file else self.file
        return f"cell [{self.number}]" + (f" of {PurePath(notebook).name}" if notebook else "")

    @property
    def lines(self) -> list[str]:
        """As the parser counts them; not by ``splitlines``, which knows more ends of lines."""
        return [line + "\n" for line in self.text.removesuffix("\n").split("\n")]

    def compiles_to(self, code: types.CodeType) -> bool:
        """Whether this very code comes out of this text; without its file's name, but with lines and columns."""
        futures = code.co_flags & _FUTURES
        if futures not in self._codes:
            self._codes[futures] = frozenset(map(_content, self._compiled(futures)))
        return _content(code) in self._codes[futures]

    def _compiled(self, futures: int) -> Iterator[types.CodeType]:
        """As a whole, and as IPython does it, statement by statement: calls of imported modules differ then."""
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | futures
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield from _inside(compile(self.text, self.file, "exec", flags, dont_inherit=True))
            for node in self.tree.body:
                yield from _inside(compile(ast.Module([node], []), self.file, "exec", flags, dont_inherit=True))


@dataclass(frozen=True)
class Place:
    """A definition in its cell. ``around``: the innermost function or class that it stands in, if any."""

    cell: Cell
    node: Definition
    around: ast.AST | None
    postponed: bool = False  # its annotations are not evaluated

    @property
    def parent(self) -> ast.AST:
        return self.cell.parents[self.node]


class Cells:
    """The texts that this interpreter's live code was compiled from."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._read: dict[str, Cell | None] = {}
        self._script = namespace.get("__file__")  # of a __main__ that is a script
        self._shell = shell_of(namespace)
        noted = getattr(getattr(self._shell, "compile", None), "_filename_map", None)
        self._numbers: dict[str, int] = dict(noted) if isinstance(noted, dict) else {}  # of the last cell with a text

    def of_function(self, code: types.CodeType) -> Place | None:
        """Where this code was written, or None when that text is gone."""
        cell = self._cell(code.co_filename)
        if cell is None and code.co_filename.startswith("<"):
            cell = next((one for one in self._below_magics(code.co_name) if one.compiles_to(code)), None)
        if cell is None or not cell.compiles_to(code):
            return None
        found = [
            node
            for node in cell.definitions.get(code.co_name, ())
            if not isinstance(node, ast.ClassDef) and first_line(node) == code.co_firstlineno
        ]
        if len(found) > 1:
            found = [node for node in found if _spans(node, code) and _looks_like(node, code)]
        if not found:
            return None
        return Place(cell, found[0], _around(cell, found[0]), bool(code.co_flags & _POSTPONED))

    def of_class(self, kind: type) -> Place | None:
        """Where this class was written, or None when that text is gone."""
        for code in _own_codes(kind):
            cell = self._cell(code.co_filename)
            if cell is not None and cell.compiles_to(code):
                for node in cell.definitions.get(kind.__name__, ()):
                    is_class = isinstance(node, ast.ClassDef)
                    if is_class and node.lineno <= code.co_firstlineno <= (node.end_lineno or 0):
                        return Place(cell, node, _around(cell, node), bool(code.co_flags & _POSTPONED))
        found = [
            Place(cell, node, None, _says_so(kind, node))
            for cell in self._with("class", kind.__name__)
            for node in cell.definitions.get(kind.__name__, ())
            if isinstance(node, ast.ClassDef) and _around(cell, node) is None and _fits(node, kind)
        ]
        return found[0] if found else None

    def imports_of(self, name: str) -> Iterator[tuple[str, str]]:
        """The (module, name there) that ``from`` imports in the cells bind to a name; the latest cell first."""
        for cell in self._with("import", name, "*"):
            for node in cell.imports:
                for alias in node.names:
                    if node.module and (alias.name == "*" or (alias.asname or alias.name) == name):
                        yield node.module, name if alias.name == "*" else alias.name

    def _below_magics(self, name: str) -> Iterator[Cell]:
        """The bodies of cells that begin with a magic, which may compile them under a name of its own, as %%time."""
        for cell in self._with("run_cell_magic", name):
            call = cell.tree.body[0].value if isinstance(cell.tree.body[0], ast.Expr) else None
            body = call.args[-1] if isinstance(call, ast.Call) and call.args else None
            if isinstance(body, ast.Constant) and isinstance(body.value, str):
                text = body.value.lstrip("\n")
                inner = _read(cell.file, text, *self._in_history(cell.number, text))
                if inner is not None:
                    yield inner

    def _with(self, word: str, *others: str) -> Iterator[Cell]:
        """The script and each typed text with the word and one of the others in it, the newest first."""
        # A file has a time of change, and one that was not read yet has no lines.
        typed = [file for file, entry in linecache.cache.items() if len(entry) == 4 and entry[1] is None]
        if self._numbers:
            typed = sorted(filter(self._numbers.__contains__, typed), key=self._numbers.__getitem__)
        for file in [*([self._script] if isinstance(self._script, str) else []), *reversed(typed)]:
            text = "".join(linecache.getlines(file))
            cell = self._cell(file) if word in text and any(one in text for one in others) else None
            if cell is not None:
                yield cell

    def _cell(self, file: str) -> Cell | None:
        if file not in self._read:
            text = "".join(linecache.getlines(file)) or self._transformed(file)
            number, above = self._in_history(self._numbers.get(file), text)
            self._read[file] = _read(file, text, number, above) if text else None
        return self._read[file]

    def _transformed(self, file: str) -> str:
        """The text of a cell that somebody has cleared from ``linecache``, from the shell's history."""
        number = self._numbers.get(file, 0)
        raw = getattr(getattr(self._shell, "history_manager", None), "input_hist_raw", None) or [""]
        return str(self._shell.transform_cell(raw[number])) if 0 < number < len(raw) else ""

    def _in_history(self, number: int | None, text: str) -> tuple[int | None, int]:
        """The number of the cell that a text stands in as a person wrote it, and how many lines stand above it there.

        IPython drops blank lines at the top before it compiles, and gives the body of
        a cell magic the number of the cell to come.
        """
        raw = getattr(getattr(self._shell, "history_manager", None), "input_hist_raw", None) or [""]
        for one in (number, number - 1) if number is not None else ():
            written = raw[one] if 0 < one < len(raw) else ""
            place = written.find(text.strip("\n"))
            if place >= 0:
                return one, written[:place].count("\n")
        written = raw[number] if number is not None and 0 < number < len(raw) else ""
        return number, written[: len(written) - len(written.lstrip())].count("\n")


def first_line(node: ast.AST) -> int:
    """The line of a definition, or of its first decorator; where its code object begins."""
    lines: list[int] = [one.lineno for one in (node, *getattr(node, "decorator_list", ()))]
    return min(lines)


@functools.lru_cache(maxsize=512)
def _read(file: str, text: str, number: int | None, blank: int) -> Cell | None:
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
        parents: dict[ast.AST, ast.AST] = {}
        definitions: dict[str, list[Definition]] = {}
        imports: list[ast.ImportFrom] = []
        for node in ast.walk(tree):
            parents.update(dict.fromkeys(ast.iter_child_nodes(node), node))
            if isinstance(node, Definition):
                definitions.setdefault(getattr(node, "name", "<lambda>"), []).append(node)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imports.append(node)
        return Cell(file, text, tree, number, blank, parents, definitions, imports)
    return None


def shell_of(namespace: Mapping[str, Any]) -> Any:
    """The IPython shell whose variables these are; None where there is none."""
    getter = namespace.get("get_ipython")
    is_shell_s = str(getattr(getter, "__module__", "")).startswith("IPython")
    return getter() if is_shell_s and callable(getter) else None


def _inside(code: types.CodeType) -> Iterator[types.CodeType]:
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield one
            yield from _inside(one)


def _around(cell: Cell, node: ast.AST) -> ast.AST | None:
    here = cell.parents.get(node)
    while here is not None:
        if isinstance(here, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            return here
        here = cell.parents.get(here)
    return None


def _content(code: types.CodeType) -> object:
    """All of a code object but its file's name. Code that has run is not equal to itself anew in every Python."""
    consts = tuple(_content(one) if isinstance(one, types.CodeType) else _constant(one) for one in code.co_consts)
    variables = (code.co_varnames, code.co_freevars, code.co_cellvars, code.co_names)
    arguments = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
    places = (code.co_name, code.co_qualname, code.co_firstlineno, code.co_linetable)
    return (places, arguments, variables, code.co_flags, code.co_code, consts)


def _constant(value: object) -> object:
    inside = sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)
    return (type(value).__name__, str(inside))


def _looks_like(node: ast.AST, code: types.CodeType) -> bool:
    """Whether arguments and lambdas inside are the same; for a lambda that gives a lambda on the same line."""
    spec = node.args  # type: ignore[attr-defined]
    arguments = [one.arg for one in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
    lambdas = sum(isinstance(one, ast.Lambda) for one in ast.walk(node)) - isinstance(node, ast.Lambda)
    inside = sum(one.co_name == "<lambda>" for one in _inside(code))
    return arguments == list(code.co_varnames[: len(arguments)]) and lambdas == inside


def _spans(node: ast.AST, code: types.CodeType) -> bool:
    """Whether every instruction of the code stands inside of the node; for several lambdas on one line."""
    begin, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
    for line, last, column, beyond in code.co_positions():
        if None in (line, last, column, beyond) or (line == last and column == beyond):
            continue
        if (line, column) < begin or (last, beyond) > end:
            return False
    return True


def _own_codes(kind: type) -> Iterator[types.CodeType]:
    """The code of functions that were written in the class's own body."""
    for value in vars(kind).values():
        seen = 0
        one: Any = value
        while one is not None and seen < 5:
            if isinstance(one, types.FunctionType):
                if one.__code__.co_qualname.startswith(f"{kind.__qualname__}."):
                    yield one.__code__
                one = getattr(one, "__wrapped__", None)
            else:
                one = next(
                    (getattr(one, key) for key in ("__func__", "fget", "func", "__wrapped__") if hasattr(one, key)),
                    None,
                )
            seen += 1


def _says_so(kind: type, node: ast.ClassDef) -> bool:
    """Whether the class's annotations were left as the texts they are."""
    found = vars(kind).get("__annotations__")
    written = [
        one for one in node.body if isinstance(one, ast.AnnAssign) and not isinstance(one.annotation, ast.Constant)
    ]
    return bool(written) and isinstance(found, dict) and all(isinstance(one, str) for one in found.values())


def _fits(node: ast.ClassDef, kind: type) -> bool:
    """Whether a class without methods of its own may come from this text: its names, its literals, its docstring."""
    line = getattr(kind, "__firstlineno__", None)  # from Python 3.13 on
    if line is not None and line != first_line(node):
        return False
    if ast.get_docstring(node) is not None and ast.get_docstring(node) != _docstring(kind):
        return False
    annotated: set[str] = set()
    literals: dict[str, object] = {}
    for one in node.body:
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False  # then its code would have been found
        if not isinstance(one, (ast.Assign, ast.AnnAssign)):
            continue
        targets = one.targets if isinstance(one, ast.Assign) else [one.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if isinstance(one, ast.AnnAssign):
            annotated.update(names)
        if one.value is not None:
            with contextlib.suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                literals.update(dict.fromkeys(names, ast.literal_eval(one.value)))
    for name, literal in literals.items():
        live = _live(kind, name)
        if live is kind:
            continue  # its class has taken it away, and does not say where to
        if type(live) is not type(literal) or live != literal:
            return False
    members = getattr(kind, "__members__", None)
    if members is not None and not set(members) <= {name for one in node.body for name in _assigned(one)}:
        return False
    return sys.version_info >= (3, 14) or annotated == set(vars(kind).get("__annotations__", ()))


def _live(kind: type, name: str) -> object:
    """The value that a class has now for a name that its body assigns; the class itself where that can't be told."""
    keepers = (("__members__", "value"), ("__dataclass_fields__", "default"), ("__pydantic_fields__", "default"))
    for keeper, attribute in keepers:
        kept = getattr(kind, keeper, {})
        if name in kept:
            return getattr(kept[name], attribute)
    return getattr(kind, "_field_defaults", {}).get(name, vars(kind).get(name, kind))


def _assigned(node: ast.stmt) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id


def _docstring(kind: type) -> str | None:
    import inspect

    text = kind.__doc__
    return inspect.cleandoc(text) if isinstance(text, str) else None
