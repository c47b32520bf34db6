"""Follow the names of some code through a namespace, and take along what can travel.

    name -> import, when an import gives the value
         -> text, when it is a small value
         -> its definition, when it was written here: a function, a class, or
            what a decorator made of one
         -> refused, by name

What is taken along uses names itself; those are followed in the same way. A
function that another one has made (a closure) is written with what it closes
over in place of the one that made it.
"""

from __future__ import annotations

import builtins
import inspect
import sys
import types
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

import jupyter_training
from jupyter_training.client.capture import definitions, names, roots, values
from jupyter_training.client.capture.cells import Cells
from jupyter_training.client.capture.found import Found, Thing
from jupyter_training.client.environment import holds_secret

__all__ = ["Capture", "Refusal"]

_FILLED: dict[type, tuple[str, str]] = {
    dict: ("{}", "{name}.clear(); {name}.update({text})"),
    list: ("[]", "{name}[:] = {text}"),
    set: ("set()", "{name}.clear(); {name}.update({text})"),
}
_SHELL_S = frozenset({"open", "exit", "quit"})


@dataclass(frozen=True)
class Refusal:
    """Why a name stays behind, as the end of a sentence that begins with it. ``used_by`` is what needs it."""

    words: str
    value: object = None
    used_by: str | None = None
    is_data: bool = False  # it is a value, and not a definition that can't be had
    is_secret: bool = False


class Capture:
    """Takes along what names mean in one namespace. ``given`` are names that the job has anyway."""

    def __init__(
        self,
        namespace: Mapping[str, Any],
        *,
        given: Container[str] = (),
        late: Container[str] = (),
        home: Mapping[str, Any] | None = None,
    ) -> None:
        """``late`` are names that the job has by the time functions are called, but not when they are defined.

        ``home`` are the globals of what was written here, where that is another mapping.
        """
        self.namespace = namespace
        self.home = namespace if home is None else home
        self.cells = Cells(namespace)
        self.found = Found()
        self.refused: dict[str, Refusal] = {}
        self.asked: set[str] = set()
        self.missing: dict[str, str | None] = {}  # defined nowhere, with what uses them
        self._given = given
        self._late = late
        self._begun: set[str] = set()
        self._writing: set[int] = set()
        self._hidden: dict[int, tuple[str, object]] = {}  # by identity; the value, so that it stays alive

    # -- names -----------------------------------------------------------------------------------------------------

    def need(self, name: str, *, used_by: str | None = None, early: bool = False) -> bool:
        """See to it that the job has a name; whether it was a name of the namespace. Refusals are noted."""
        self.asked.add(name)
        if name in self._given or (name in self._late and not early):
            return False
        if name not in self.namespace or self._is_shell_s(name):
            if name not in _SHELL_S:  # a shell hides some of them while a cell runs
                self._builtin(name, used_by)
            return False
        if name not in self._begun:
            self._begun.add(name)
            value = self.namespace[name]
            thing = self._thing(name, value, used_by)
            if thing is not None:
                self.found.things[name] = thing
        return True

    def _builtin(self, name: str, used_by: str | None) -> None:
        if not hasattr(builtins, name):
            self.missing.setdefault(name, used_by)
        elif name not in self.namespace and str(getattr(getattr(builtins, name), "__module__", "")).startswith(
            "IPython"
        ):
            statement = self._named_import(name, getattr(builtins, name))  # a shell's own, like display
            self.found.imports.update([statement] if statement else [])

    def perhaps(self, name: str) -> None:
        """Take a name along if it can travel, and leave it where it is if not."""
        other = Capture(self.namespace, given=self._given, late=self._late, home=self.home)
        if name not in self._begun and name in self.namespace and other.need(name, early=True) and not other.refused:
            self.need(name, early=True)

    def chains(self, chains: frozenset[tuple[str, ...]]) -> None:
        """Import the submodules that dotted accesses reach: ``import sklearn`` alone gives no sklearn.svm."""
        for chain in sorted(chains):
            value = self.namespace.get(chain[0])
            if chain[0] in self._given or not isinstance(value, types.ModuleType):
                continue
            path = value.__name__
            for part in chain[1:]:
                below = sys.modules.get(f"{path}.{part}")
                if below is None or getattr(sys.modules.get(path), part, None) is not below:
                    break
                path = f"{path}.{part}"
            if path != value.__name__ and path != "os.path":
                self.found.imports.add(
                    f"import {path}" if chain[0] == path.partition(".")[0] else f"__import__({path!r})"
                )

    def follow(self, used: names.Names, user: str) -> tuple[set[str], set[str]]:
        """Take along what a definition uses; which of it are things here: early, late."""
        early = {one for one in sorted(used.early) if self.need(one, used_by=user, early=True)}
        late = {one for one in sorted(used.late) if self.need(one, used_by=user)}
        self.chains(used.chains)
        return early, late

    def refer(self, value: Any) -> str:
        """A name for a function, class or other object that a value holds.

        Raises:
            Unwritable: it can't travel.
        """
        if id(value) in self._writing:
            raise values.Unwritable(value)
        named = inspect.getattr_static(value, "__name__", None) is not None
        own = str(getattr(value, "__name__", "")) if named else ""
        is_here = own in self.namespace and self.namespace[own] is value and own not in self._given
        if is_here and own not in self.refused and self.need(own) and own not in self.refused:
            return own
        if own and getattr(builtins, own, None) is value and own not in self.namespace:
            return own
        if id(value) in self._hidden:
            return self._hidden[id(value)][0]
        known = next((name for name in sorted(self._begun) if self.namespace.get(name) is value), None)
        if known is not None and known not in self.refused:
            return known
        name = f"_{len(self._hidden) + 1}_{own if own.isidentifier() else 'value'}"
        self._hidden[id(value)] = (name, value)
        if not isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)) and not callable(value):
            raise values.Unwritable(value)
        before = dict(self.refused)
        thing = self._thing(name, value, None)
        if name in self.refused:
            why = self.refused[name].words
            self.refused = before
            raise values.Unwritable(value, why)
        if thing is not None:
            self.found.things[name] = thing
        return name

    def module(self, name: str) -> str:
        """Import a module for the text of a value; by a name of its own, which nothing else has."""
        alias = "_" + name.replace(".", "_")
        self.found.imports.add(f"import {name} as {alias}")
        return alias

    def text_of(self, value: Any) -> tuple[str, set[str]]:
        """A value as an expression, and the things that it refers to.

        Raises:
            Unwritable: it can't be written.
        """
        referred: set[str] = set()
        if not isinstance(value, (type, types.FunctionType)):
            self._writing.add(id(value))

        def refer(one: Any) -> str:
            name = self.refer(one)
            referred.add(name)
            return name

        return values.written(value, refer, self.module), referred

    # -- one name --------------------------------------------------------------------------------------------------

    def _thing(self, name: str, value: Any, used_by: str | None) -> Thing | None:
        """What gives ``name`` this value; None when it is an import, or was refused."""
        if name == "get_ipython":
            self.refuse(name, "is there in notebooks only: a job runs no lines with % or !", None, used_by)
            return None
        statement = self._import(name, value)
        if statement is not None:
            self._bring(statement)
            return None
        if isinstance(value, types.ModuleType):
            self.refuse(name, "is a module that no import gives", None, used_by)
            return None
        if holds_secret(name, value):
            words = "looks like a secret, and a job's code is kept and shown"
            self.refused[name] = Refusal(words, used_by=used_by, is_secret=True)
            return None
        try:
            if isinstance(value, type):
                return definitions.of_class(self, name, value)
            if isinstance(value, types.FunctionType):
                return definitions.of_function(self, name, value)
        except definitions.Gone as gone:
            self.refuse(name, str(gone), None, used_by)
            return None
        try:
            found = definitions.decorated(self, name, value)
            if found is not None:
                return found
            text, referred = self.text_of(value) if self._may_be_written(value) else (None, set())
        except definitions.Gone as gone:
            self.refuse(name, str(gone), None, used_by)
            return None
        except values.Unwritable as fault:
            text, referred = None, set()
            reason = fault
        else:
            reason = values.Unwritable(value)
        if text is not None:
            empty, fill = _FILLED.get(type(value), ("", ""))
            filled = fill.format(name=name, text=text)
            return Thing(name, f"{name} = {text}\n", early=referred, empty=empty, fill=filled)
        statement = self._cell_import(name, value)
        if statement is not None:
            self._bring(statement)
            return None
        words = values.words_of(value)
        is_inside = reason.part is not value and reason.why != values.TOO_LONG
        inside = f", holding {type(reason.part).__name__}" if is_inside else ""
        self.refuse(name, f"lives only in this kernel ({words}{inside})", value, used_by, is_data=True)
        return None

    def refuse(self, name: str, words: str, value: object, used_by: str | None, *, is_data: bool = False) -> None:
        self.refused[name] = Refusal(words, value, used_by, is_data)

    def _may_be_written(self, value: Any) -> bool:
        """Bound methods and the like have names, but no definition of their own."""
        return not isinstance(value, (types.MethodType, types.GeneratorType, types.CoroutineType))

    # -- imports ---------------------------------------------------------------------------------------------------

    def _bring(self, statement: str) -> None:
        self.found.imports.add(statement)
        folder = roots.added_root(statement.split()[1])
        self.found.folders.update([folder] if folder is not None else [])

    def _import(self, name: str, value: Any) -> str | None:
        """The statement that gives ``name`` this value in another process, if an import does."""
        if isinstance(value, types.ModuleType):
            top = value.__name__
            if top == "__main__" or sys.modules.get(top) is not value or value.__spec__ is None:
                return None
            return f"import {top}" if name == top else f"import {top} as {name}"
        is_plain = isinstance(value, (types.FunctionType, types.BuiltinFunctionType, type))
        # Others are asked without their own __getattr__, which may do anything.
        if not is_plain and not (callable(value) and inspect.getattr_static(value, "__name__", None) is not None):
            return None
        if self._is_from_here(value):
            return None
        return self._cell_import(name, value) or self._named_import(name, value)

    def _cell_import(self, name: str, value: Any) -> str | None:
        """By an import that a cell has made, so that it reads as the person wrote it."""
        for module, attribute in self.cells.imports_of(name):
            if (
                module in sys.modules
                and module != "__main__"
                and getattr(sys.modules[module], attribute, None) is value
            ):
                return _from(module, attribute, name)
        return None

    def _named_import(self, name: str, value: Any) -> str | None:
        """By what the value itself says of where it comes from."""
        module, qualified = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        qualified = qualified or getattr(value, "__name__", None)
        if isinstance(value, types.BuiltinFunctionType) and isinstance(value.__self__, types.ModuleType):
            module = value.__self__.__name__
        if not module or not qualified or module == "__main__" or "." in qualified:
            return None
        if module.startswith("jupyter_training.") and qualified in jupyter_training.__all__:
            module = "jupyter_training"  # the job's own small package has the public names there
        if getattr(sys.modules.get(module), qualified, None) is not value:
            return None
        while "._" in module and getattr(sys.modules.get(module.rpartition(".")[0]), qualified, None) is value:
            module = module.rpartition(".")[0]  # the public place of what stands in a private module
        return _from(module, qualified, name)

    def is_home(self, function: types.FunctionType) -> bool:
        """Whether a function was written here, or in a script that ran as if it were (``%run``)."""
        around = function.__globals__
        was_main = function.__module__ == "__main__" and around.get("__name__", "__main__") == "__main__"
        return around is self.home or was_main

    def _is_from_here(self, value: Any) -> bool:
        if isinstance(value, types.FunctionType):
            return self.is_home(value)
        return getattr(value, "__module__", None) in ("__main__", self.namespace.get("__name__"))

    def _is_shell_s(self, name: str) -> bool:
        """IPython puts its own open, exit and quit into the namespace; a job has Python's."""
        value = self.namespace[name]
        module = value.__globals__.get("__name__") if isinstance(value, types.FunctionType) else type(value).__module__
        return name in _SHELL_S and str(module).startswith("IPython")


def _from(module: str, attribute: str, name: str) -> str:
    return f"from {module} import {attribute}" + ("" if attribute == name else f" as {name}")
