"""The code of one function, so that it can run elsewhere.

A function of a module is taken from its file. One that was written in a
notebook or at a prompt is taken by its source, together with what it needs of
the things around it: modules become imports, other functions and classes of the
same place come along, small literals are written out. Whatever else it uses
stays behind, and that is a refusal which names it.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import inspect
import linecache
import math
import symtable
import sys
import textwrap
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import jupyter_training
from jupyter_training.client.imports import parsed
from jupyter_training.errors import InvalidSpec, Problem

__all__ = ["Captured", "captured_source", "module_of"]

_LITERAL_LIMIT = 10_000  # characters; a longer one is data


@dataclass(frozen=True)
class Captured:
    """Source that defines the function. ``shown_as`` is what a traceback calls it."""

    source: str
    shown_as: str


def module_of(function: Callable[..., Any]) -> types.ModuleType | None:
    """The importable module that a function stands in; None for ``__main__`` and what has no file.

    Raises:
        InvalidSpec: it is no plain function at the top level of something.
    """
    name = getattr(function, "__qualname__", None)
    if not isinstance(function, types.FunctionType) or name is None:
        raise InvalidSpec(
            f"{function!r} is not a plain function.",
            hint="Give a function that was written with def, or a script's path.",
        )
    if name == "<lambda>" or "<locals>" in name or "." in name:
        raise InvalidSpec(
            f"{name!r} is not defined at the top level, so it can't be found again elsewhere.",
            hint="Define it with def, outside of any class and function.",
        )
    module = sys.modules.get(function.__module__)
    if module is None or module.__name__ == "__main__" or not getattr(module, "__file__", None):
        return None
    return module if getattr(module, name, None) is function else None


def captured_source(function: types.FunctionType) -> Captured:
    """The source of a function of ``__main__`` and of what it needs, in an order that runs.

    Its own lines keep the numbers they had where they were written, as far as
    there is room above them.

    Raises:
        InvalidSpec: no source, a closure, or names that can't travel; they are named.
    """
    taken = _Taken(function.__name__)
    taken.take(function)
    if taken.refused:
        names = sorted(taken.refused)
        listed = ", ".join(f"{name} ({taken.refused[name]})" for name in names)
        raise InvalidSpec(
            f"{function.__name__} uses names that can't travel with it: {listed}.",
            hint=f"Make them parameters, e.g. def {function.__name__}({names[0]}), or create them inside the function.",
            errors=[Problem(f"{name}: {taken.refused[name]}", key=name) for name in names],
        )
    return Captured(taken.text(), _shown_as(function))


@dataclass
class _Taken:
    """What was taken so far, by name. ``pieces`` are definitions in the order in which they run."""

    wanted: str
    imports: dict[str, str] = field(default_factory=dict)
    literals: dict[str, str] = field(default_factory=dict)
    pieces: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    early: set[str] = field(default_factory=set)  # what the wanted one needs when it is defined, not when it is called
    first_line: int = 1
    future: bool = False

    def take(self, thing: types.FunctionType | type) -> None:
        name = thing.__name__
        self.begun.add(name)
        try:
            lines, first = _lines_of(thing)
        except (OSError, TypeError):
            if name != self.wanted:
                self.refused[name] = "its source is not known"
                return
            raise InvalidSpec(
                f"The source of {name} is not known here.", hint="Put it into a file or a notebook cell."
            ) from None
        source = textwrap.dedent("".join(lines))
        if isinstance(thing, types.FunctionType):
            if thing.__code__.co_freevars:
                self.refused[name] = f"it closes over {', '.join(thing.__code__.co_freevars)}"
                return
            self.future = self.future or bool(thing.__code__.co_flags & annotations.compiler_flag)
        parsed(source, f"the source of {name}")
        names = _free_names(source, postponed=self.future)
        if name == self.wanted:
            self.first_line = first
            self.early = {free for free, early in names.items() if early}
        around = _globals_of(thing)
        for free in names:
            if free in around:
                self._need(free, around[free])
            elif not hasattr(builtins, free):
                self.refused.setdefault(free, "not defined")
            elif _is_added(getattr(builtins, free)):
                self._need(free, getattr(builtins, free))
        self.pieces[name] = source if source.endswith("\n") else source + "\n"

    def _need(self, name: str, value: object) -> None:
        if name in self.begun or name in self.imports or name in self.literals:
            return
        statement = _import_of(name, value)
        if statement is not None:
            self.imports[name] = statement
        elif _from_main(value) and getattr(value, "__name__", None) == name:
            assert isinstance(value, (types.FunctionType, type))
            self.take(value)
        else:
            literal = _literal(value)
            if literal is None:
                self.refused[name] = _described(value)
            else:
                self.literals[name] = literal

    def text(self) -> str:
        """All of it, with the wanted definition on the lines where it was written, if there is room above."""
        own = self.pieces.pop(self.wanted)
        lines = {**self.imports, **{name: f"{name} = {value}" for name, value in self.literals.items()}}
        above = _block(lines.values(), self.pieces.values(), self.future)
        below = ""
        if above.count("\n") >= self.first_line and self.early.isdisjoint(self.pieces):
            above = _block((lines[name] for name in lines if name in self.early), (), self.future)
            below = _block((lines[name] for name in lines if name not in self.early), self.pieces.values(), False)
        return above + "\n" * max(0, self.first_line - 1 - above.count("\n")) + own + below


def _lines_of(thing: types.FunctionType | type) -> tuple[list[str], int]:
    """Its source lines and the number of the first.

    ``inspect`` knows no classes that were written at a prompt. One is looked for in
    what was typed there, and taken only where a single text defines that name.

    Raises:
        OSError, TypeError: the source is not known.
    """
    try:
        return inspect.getsourcelines(thing)
    except (OSError, TypeError):
        if not isinstance(thing, type):
            raise
    found = {}
    for entry in list(linecache.cache.values()):
        if len(entry) != 4 or entry[1] is not None:  # a file, or one that was not read yet: nothing that was typed
            continue
        text = "".join(entry[2])
        if f"class {thing.__name__}" not in text:
            continue
        with contextlib.suppress(SyntaxError, ValueError):
            for node in ast.parse(text).body:
                if isinstance(node, ast.ClassDef) and node.name == thing.__name__:
                    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                    lines = entry[2][first - 1 : node.end_lineno]
                    found["".join(lines)] = (lines, first)
    if len(found) != 1:
        raise OSError("no single text defines it")
    return next(iter(found.values()))


def _block(lines: Iterable[str], pieces: Iterable[str], future: bool) -> str:
    """One line of simple statements, then definitions."""
    simple = "; ".join([*(["from __future__ import annotations"] if future else []), *lines])
    return (simple + "\n" if simple else "") + "".join(pieces)


def _import_of(name: str, value: object) -> str | None:
    """The statement that gives ``name`` this value in another process, if an import does."""
    if isinstance(value, types.ModuleType):
        top = value.__name__
        if top == "__main__":
            return None
        return f"import {top}" if name == top else f"import {top} as {name}"
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, type)):
        module, qualified = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        if not module or not qualified or module == "__main__" or "." in qualified:
            return None
        if module.startswith("jupyter_training.") and qualified in jupyter_training.__all__:
            module = "jupyter_training"  # the job's own small package has the public names there
        if getattr(sys.modules.get(module), qualified, None) is not value:
            return None
        return f"from {module} import {qualified}" + ("" if qualified == name else f" as {name}")
    return None


def _from_main(value: object) -> bool:
    return isinstance(value, (types.FunctionType, type)) and getattr(value, "__module__", None) == "__main__"


def _literal(value: object) -> str | None:
    """A small constant as source, or None."""
    if not _is_plain(value):
        return None
    text = repr(value)
    return text if len(text) <= _LITERAL_LIMIT else None


def _is_plain(value: Any, depth: int = 0) -> bool:
    if value is None or type(value) in (bool, int, str, bytes):
        return True
    if type(value) is float:
        return math.isfinite(value)
    if depth > 20:
        return False
    if type(value) in (list, tuple):
        return all(_is_plain(one, depth + 1) for one in value)
    if type(value) is dict:
        return all(_is_plain(key, depth + 1) and _is_plain(one, depth + 1) for key, one in value.items())
    return False


def _described(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]} {kind.__name__}"


def _globals_of(thing: types.FunctionType | type) -> dict[str, Any]:
    if isinstance(thing, types.FunctionType):
        return thing.__globals__
    module = sys.modules.get(thing.__module__)
    return vars(module) if module is not None else {}


def _free_names(source: str, *, postponed: bool) -> dict[str, bool]:
    """Names that the code takes from the globals around it, and whether already when it is defined."""
    head = "from __future__ import annotations\n" if postponed else ""
    table = symtable.symtable(head + source, "<function>", "exec")
    bound = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    found: dict[str, bool] = {}
    waiting = [table]
    while waiting:
        here = waiting.pop(0)
        for symbol in here.get_symbols():
            name = symbol.get_name()
            if not symbol.is_referenced() or name in bound or name.startswith("__"):
                continue
            if here is table or symbol.is_global():
                found[name] = found.get(name, False) or here is table or here.get_type() == "class"
        waiting.extend(here.get_children())
    return found


def _is_added(value: object) -> bool:
    """Whether something in ``builtins`` was put there by a shell, like IPython's ``display``."""
    return str(getattr(value, "__module__", None) or "").startswith("IPython")


def _shown_as(function: types.FunctionType) -> str:
    file = function.__code__.co_filename
    return f"function {function.__name__}" if file.startswith("<") or "ipykernel" in file else file
