"""Which options a script takes, where its text tells all of them. Nothing is run.

Behind this stands a refusal, so a text that may take more than it shows gives no
answer: one that parses only what it knows, adds what is computed, gets options
from other files, or looks at ``sys.argv`` itself. To see that, each place is
followed to which a parser goes:

    parser = ArgumentParser()     a name: where that goes, too
    return parser                 what the function's calls give
    add_more(parser)              a function of this file: its parameter; of another: no answer
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from jupyter_training.errors import near_miss

__all__ = ["Options", "read"]

_PARTS = frozenset({"add_argument_group", "add_mutually_exclusive_group", "add_parser", "add_subparsers"})
_ALL, _KNOWN = frozenset({"parse_args", "parse_intermixed_args"}), frozenset({"parse_known_args"})
_KNOWN |= {"parse_known_intermixed_args"}
_WIDER = frozenset({None, "parents", "prefix_chars"})  # words of ArgumentParser() that mean more than is read here
_OTHER_WAYS = frozenset({"absl", "click", "configargparse", "docopt", "fire", "hydra", "jsonargparse", "typer", "tyro"})

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Options:
    """``names``: without their dashes, in the order of the text. ``abbreviates``: the start of a name is enough."""

    names: tuple[str, ...]
    abbreviates: bool

    def take(self, name: str) -> bool:
        return name in self.names or (self.abbreviates and any(one.startswith(name) for one in self.names))

    def near(self, name: str) -> str | None:
        return near_miss(name, self.names)


class _More(Exception):
    """The script may take more than its text shows."""


def read(tree: ast.Module) -> Options | None:
    """The options of a module's one way to read them, argparse; None where there may be others."""
    try:
        return _Script(tree).options()
    except (_More, RecursionError):
        return None


class _Script:
    def __init__(self, tree: ast.Module) -> None:
        self._nodes = list(ast.walk(tree))
        self._above = {id(below): node for node in self._nodes for below in ast.iter_child_nodes(node)}
        self._functions = [node for node in self._nodes if isinstance(node, _Function)]
        self._modules: set[str] = set()  # what argparse is called here
        self._makers: set[str] = set()  # and ArgumentParser
        self._held: set[str] = set()  # names and attributes that hold a parser or a part of one
        self._giving: set[str] = set()  # functions that give one

    def options(self) -> Options:
        self._read_imports()
        _need(bool(self._modules or self._makers))
        made = [node for node in self._nodes if isinstance(node, ast.Call) and self._is_maker(node.func)]
        _need(bool(made))
        _need(not any(word.arg in _WIDER for call in made for word in call.keywords))
        notes = {id(below) for node in self._annotations() for below in ast.walk(node)}
        makers = [node for node in self._nodes if self._is_maker(node) and id(node) not in notes]
        _need(len(makers) == len(made))  # the others are base classes, or have another name somewhere
        self._follow()
        self._check_parsing()
        full = [word.value for call in made for word in call.keywords if word.arg == "allow_abbrev"]
        return Options(self._names(), abbreviates=len(full) < len(made) or not all(map(_is_false, full)))

    def _read_imports(self) -> None:
        for node in self._nodes:
            if isinstance(node, ast.Import):
                _need(not any(alias.name.partition(".")[0] in _OTHER_WAYS for alias in node.names))
                self._modules.update(alias.asname or alias.name for alias in node.names if alias.name == "argparse")
            elif isinstance(node, ast.ImportFrom):
                names = {alias.name: alias.asname or alias.name for alias in node.names}
                _need((node.module or "").partition(".")[0] not in _OTHER_WAYS)
                _need(not (node.module == "sys" and "argv" in names))
                if node.module == "argparse":
                    self._makers.update(shown for name, shown in names.items() if name == "ArgumentParser")

    def _is_maker(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Attribute) and node.attr == "ArgumentParser":
            return isinstance(node.value, ast.Name) and node.value.id in self._modules
        return isinstance(node, ast.Name) and node.id in self._makers

    def _annotations(self) -> list[ast.expr]:
        found = [node.annotation for node in self._nodes if isinstance(node, (ast.arg, ast.AnnAssign))]
        found += [node.returns for node in self._nodes if isinstance(node, _Function)]
        return [one for one in found if one is not None]

    def _follow(self) -> None:
        """See where parsers go, until nothing new is found."""
        known = -1
        while known < len(self._held) + len(self._giving):
            known = len(self._held) + len(self._giving)
            for node in [node for node in self._nodes if self._gives(node)]:
                self._see(node)

    def _gives(self, node: ast.AST) -> bool:
        """Whether an expression gives a parser or a part of one."""
        if isinstance(node, (ast.Name, ast.Attribute)):
            return isinstance(node.ctx, ast.Load) and _called(node) in self._held
        if not isinstance(node, ast.Call):
            return False
        is_part = isinstance(node.func, ast.Attribute) and node.func.attr in _PARTS
        return is_part or self._is_maker(node.func) or _called(node.func) in self._giving

    def _see(self, node: ast.AST) -> None:
        """Note who has what this expression gives."""
        above = self._above[id(node)]
        if isinstance(above, ast.Call) and node is not above.func:
            self._held.add(self._parameter(above, node))
        elif isinstance(above, ast.keyword):
            self._held.add(self._parameter(self._above[id(above)], above))
        elif isinstance(above, ast.Return):
            self._giving.add(self._around(above).name)
        elif isinstance(above, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            for target in above.targets if isinstance(above, ast.Assign) else [above.target]:
                _need(isinstance(target, (ast.Name, ast.Attribute)))
                self._held.add(_called(target))
        else:
            _need(isinstance(above, (ast.Attribute, ast.Compare, ast.Expr)))

    def _parameter(self, call: ast.AST, given: ast.AST) -> str:
        """What a function of this file calls what it is given here."""
        if not isinstance(call, ast.Call):
            raise _More
        functions = [one for one in self._functions if one.name == _called(call.func)]
        _need(len(functions) == 1)
        (function,) = functions
        names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        if isinstance(given, ast.keyword):
            _need(given.arg in {*names, *(one.arg for one in function.args.kwonlyargs)})
            return str(given.arg)
        place = next(number for number, one in enumerate(call.args) if one is given)
        _need(not any(isinstance(one, ast.Starred) for one in call.args[:place]))
        place += isinstance(call.func, ast.Attribute) and names[:1] in (["self"], ["cls"])
        _need(place < len(names))
        return names[place]

    def _around(self, node: ast.AST) -> _Function:
        """The function that a statement belongs to."""
        while not isinstance(node, _Function):
            _need(id(node) in self._above)
            node = self._above[id(node)]
        return node

    def _check_parsing(self) -> None:
        """See that all words of the command line are parsed, and by nobody else."""
        methods = [node for node in self._nodes if isinstance(node, ast.Attribute)]
        _need(not any(node.attr in _KNOWN for node in methods))
        parsing = [node for node in methods if node.attr in _ALL]
        _need(bool(parsing))
        for method in parsing:
            call = self._above[id(method)]
            if not isinstance(call, ast.Call) or not self._gives(method.value):
                raise _More
            words = [*call.args[:1], *(word.value for word in call.keywords if word.arg in ("args", None))]
            _need(all(map(self._is_command_line, words)))
        for node in methods:
            if node.attr == "argv" and isinstance(node.value, ast.Name) and node.value.id == "sys":
                above = self._above[id(node)]
                is_count = isinstance(above, ast.Call) and _called(above.func) == "len"
                is_read = isinstance(above, ast.Subscript) and isinstance(above.ctx, ast.Load)
                _need(is_count or (is_read and ast.unparse(above) in ("sys.argv[0]", "sys.argv[1:]")))

    def _is_command_line(self, node: ast.expr) -> bool:
        """Whether what is parsed is what the script was given: so it is called by default, or by its name."""
        if isinstance(node, ast.Name):
            arguments = [one.args for one in self._functions]
            return any(node.id == one.arg for group in arguments for one in (*group.args, *group.kwonlyargs))
        return ast.unparse(node) in ("None", "sys.argv[1:]")

    def _names(self) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for node in self._nodes:
            if not (isinstance(node, ast.Attribute) and node.attr == "add_argument"):
                continue
            call = self._above[id(node)]
            if not isinstance(call, ast.Call) or call.func is not node:
                raise _More
            words = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            _need(len(words) == len(call.args) > 0)
            flags = [word[2:] for word in words if word.startswith("--")]
            action = next((word.value for word in call.keywords if word.arg == "action"), None)
            if isinstance(action, (ast.Name, ast.Attribute)) and _called(action) == "BooleanOptionalAction":
                flags += [f"no-{flag}" for flag in flags]
            names.update(dict.fromkeys(flags))
        return tuple(names)


def _need(holds: bool) -> None:
    if not holds:
        raise _More


def _called(node: ast.AST) -> str:
    """The last word of a name; empty for what has none."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False
