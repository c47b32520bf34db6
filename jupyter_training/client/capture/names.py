"""Which names a piece of code takes from around it, found without running it.

For a definition: the names its scopes look up globally, and whether already when
it is defined (decorators, defaults, bases, class bodies) or when it is called.
For a body of statements: also whether a name that it binds somewhere is surely
bound where it is used. Loops count as entered, ``if __name__ == "__main__"`` as
true; of other branches each may be left out.
"""

from __future__ import annotations

import ast
import functools
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["BodyNames", "Names", "of_body", "of_definition"]

_AT_ONCE = frozenset({"listcomp", "setcomp", "dictcomp", "genexpr"})
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Names:
    """What a definition takes from around it. ``chains`` are dotted accesses: ("os", "path", "join")."""

    early: frozenset[str]
    late: frozenset[str]
    chains: frozenset[tuple[str, ...]]

    @property
    def all(self) -> frozenset[str]:
        return self.early | self.late


@dataclass(frozen=True)
class BodyNames:
    """What statements take from around them: each name with the line of its first use.

    ``perhaps`` are bound in the body too, but not on every way to their use.
    """

    needed: dict[str, int]
    perhaps: dict[str, int]
    bound: frozenset[str]  # surely, at the end
    every: frozenset[str]  # all that occur
    chains: frozenset[tuple[str, ...]]
    star: bool  # it imports * itself


@functools.lru_cache(maxsize=512)
def of_definition(source: str, *, postponed: bool = False) -> Names:
    """The names of source that defines something. ``postponed``: its annotations are not evaluated."""
    head = "from __future__ import annotations\n" if postponed else ""
    early: set[str] = set()
    late: set[str] = set()
    top = symtable.symtable(head + source, "<definition>", "exec")
    bound = {one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported()}
    waiting = [(top, True)]
    while waiting:
        table, at_once = waiting.pop()
        for symbol in table.get_symbols():
            name = symbol.get_name()
            if symbol.is_referenced() and not _is_ours(name) and (table is top or symbol.is_global()):
                (early if at_once else late).add(name)
        for child in table.get_children():
            inside = at_once and (child.get_type() == "class" or child.get_name() in _AT_ONCE)
            waiting.append((child, inside))
    early -= bound
    tree = ast.parse(source)
    late |= _changed(tree)
    return Names(frozenset(early), frozenset(late - early - bound), frozenset(_chains(tree)))


def of_body(source: str, *, given: frozenset[str] = frozenset()) -> BodyNames:
    """The names of a cell's body. ``given`` are bound before it runs."""
    tree = ast.parse(source)
    flow = _Flow(given, postponed=_postpones(tree))
    flow.bound.maybe.update(_declared(tree))
    flow.block(tree.body)
    ends = flow.bound
    for name, line in _later(symtable.symtable(source, "<body>", "exec"), inside=False):
        if name not in ends.sure:
            (flow.perhaps if name in ends.maybe else flow.needed).setdefault(name, line)
    flow.perhaps.update(dict.fromkeys(_changed(tree) - ends.sure, 0))
    perhaps = {name: line for name, line in flow.perhaps.items() if name not in flow.needed}
    every = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return BodyNames(flow.needed, perhaps, frozenset(ends.sure), every, frozenset(_chains(tree)), flow.star)


def _is_ours(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _later(table: symtable.SymbolTable, *, inside: bool) -> Iterator[tuple[str, int]]:
    """Global names that functions below this scope look up when they are called."""
    for child in table.get_children():
        is_function = child.get_type() == "function" and child.get_name() not in _AT_ONCE
        if inside or is_function:
            for symbol in child.get_symbols():
                if symbol.is_referenced() and symbol.is_global() and not _is_ours(symbol.get_name()):
                    yield symbol.get_name(), child.get_lineno()
        yield from _later(child, inside=inside or is_function)


def _declared(tree: ast.AST) -> set[str]:
    """Names that functions declare global, which they may bind."""
    return {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}


def _changed(tree: ast.AST) -> set[str]:
    """Global names that functions change by ``+=`` and the like, for which they need a value."""
    targets = [node.target for node in ast.walk(tree) if isinstance(node, ast.AugAssign)]
    return _declared(tree) & {target.id for target in targets if isinstance(target, ast.Name)}


def _chains(tree: ast.AST) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(tree):
        parts: list[str] = []
        here: ast.AST = node
        while isinstance(here, ast.Attribute):
            parts.append(here.attr)
            here = here.value
        if parts and isinstance(here, ast.Name):
            yield (here.id, *reversed(parts))


def _postpones(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "__future__" and node.names[0].name == "annotations"
        for node in tree.body
    )


@dataclass
class _Bound:
    sure: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)  # sure ones too

    def copy(self) -> _Bound:
        return _Bound(set(self.sure), set(self.maybe))

    def add(self, name: str) -> None:
        self.sure.add(name)
        self.maybe.add(name)


class _Flow:
    """Goes through statements in the order in which they run, and notes what is used before it is bound."""

    def __init__(self, given: frozenset[str], *, postponed: bool) -> None:
        self.bound = _Bound(set(given), set(given))
        self.needed: dict[str, int] = {}
        self.perhaps: dict[str, int] = {}
        self.star = False
        self._is_tried = False  # for a NameError: a name that is not there is no mistake
        self._postponed = postponed

    def block(self, nodes: list[ast.stmt]) -> bool:
        """Go through statements; whether the end is reached."""
        for node in nodes:
            self._statement(node)
            if isinstance(node, _LEAVES):
                return False
        return True

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, _FUNCTIONS):
            self._function_head(node)
            self.bound.add(node.name)
        elif isinstance(node, ast.ClassDef):
            self._expressions(*node.decorator_list, *node.bases, *(one.value for one in node.keywords))
            outside = self.bound.copy()
            self.block(node.body)
            self.bound = outside
            self.bound.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                self.star = self.star or alias.name == "*"
                name = alias.asname or (alias.name.partition(".")[0] if isinstance(node, ast.Import) else alias.name)
                self.bound.add(name)
        elif isinstance(node, ast.Assign):
            self._expressions(node.value, *node.targets)
        elif isinstance(node, ast.AnnAssign):
            self._expressions(None if self._postponed else node.annotation, node.value)
            if node.value is not None:
                self._expressions(node.target)
        elif isinstance(node, ast.AugAssign):
            if isinstance(node.target, ast.Name):
                self._use(node.target)
            self._expressions(node.value, node.target)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self._expressions(node.iter, node.target)
            self.block([*node.body, *node.orelse])
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                self._expressions(item.context_expr, item.optional_vars)
            self.block(node.body)
        elif isinstance(node, ast.If):
            self._if(node)
        elif isinstance(node, ast.While):
            self._expressions(node.test)
            self.block([*node.body, *node.orelse])
        elif isinstance(node, ast.Match):
            self._match(node)
        elif isinstance(node, (ast.Try, ast.TryStar)):
            self._try(node)
        elif isinstance(node, ast.Delete):
            self._expressions(*(one for one in node.targets if not isinstance(one, ast.Name)))
            for one in node.targets:
                if isinstance(one, ast.Name):
                    self._use(one)
                    self.bound.sure.discard(one.id)
        elif type(node).__name__ == "TypeAlias":
            self.bound.add(node.name.id)  # type: ignore[attr-defined]
        else:
            self._expressions(*(one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)))

    def _if(self, node: ast.If) -> None:
        self._expressions(node.test)
        guard = any(isinstance(one, ast.Name) and one.id == "__name__" for one in ast.walk(node.test))
        if guard and not node.orelse:
            self.block(node.body)
        else:
            self._branches([node.body, node.orelse])

    def _match(self, node: ast.Match) -> None:
        self._expressions(node.subject)
        before, ends = self.bound, []
        always = False
        for case in node.cases:
            self.bound = before.copy()
            for one in ast.walk(case.pattern):
                name = getattr(one, "name", None) or getattr(one, "rest", None)
                if isinstance(name, str):
                    self.bound.add(name)
                elif isinstance(one, ast.expr):
                    self._expressions(one)
            self._expressions(case.guard)
            if self.block(case.body):
                ends.append(self.bound)
            always = always or (
                isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None
            )
        self._merge(before, ends if always else [*ends, before])

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        before, ends = self.bound.copy(), []
        outside = self._is_tried
        self._is_tried = outside or any(_catches_names(handler) for handler in node.handlers)
        reached = self.block(node.body)
        self._is_tried = outside
        if reached and self.block(node.orelse):
            ends.append(self.bound)
        tried = self.bound.maybe
        for handler in node.handlers:
            self.bound = _Bound(set(before.sure), before.maybe | tried)
            self._expressions(handler.type)
            if handler.name:
                self.bound.add(handler.name)
            if self.block(handler.body):
                if handler.name:
                    self.bound.sure.discard(handler.name)
                ends.append(self.bound)
        self._merge(before, ends)
        self.block(node.finalbody)

    def _branches(self, blocks: list[list[ast.stmt]]) -> None:
        before, ends = self.bound, []
        for block in blocks:
            self.bound = before.copy()
            if self.block(block):
                ends.append(self.bound)
        self._merge(before, ends)

    def _merge(self, before: _Bound, ends: list[_Bound]) -> None:
        if not ends:
            self.bound = before
            return
        self.bound = _Bound(set.intersection(*(one.sure for one in ends)), set.union(*(one.maybe for one in ends)))

    def _function_head(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        spec = node.args
        self._expressions(*node.decorator_list, *spec.defaults, *(one for one in spec.kw_defaults if one))
        if not self._postponed:
            every = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *filter(None, (spec.vararg, spec.kwarg))]
            self._expressions(node.returns, *(one.annotation for one in every))

    def _expressions(self, *nodes: ast.expr | None) -> None:
        for node in nodes:
            if node is not None:
                self._expression(node)

    def _expression(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self._use(node)
            elif isinstance(node.ctx, ast.Store):
                self.bound.add(node.id)
        elif isinstance(node, ast.NamedExpr):
            self._expressions(node.value, node.target)
        elif isinstance(node, ast.Lambda):
            self._expressions(*node.args.defaults, *(one for one in node.args.kw_defaults if one))
        elif isinstance(node, _COMPREHENSIONS):
            self._comprehension(node)
        else:
            for child in ast.iter_child_nodes(node):
                self._expression(child)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        outside = self.bound.copy()
        for one in node.generators:
            self._expressions(one.iter, one.target, *one.ifs)
        elements = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        self._expressions(*elements)
        walrus = [one.target.id for one in ast.walk(node) if isinstance(one, ast.NamedExpr)]
        self.bound = outside
        for name in walrus:
            self.bound.add(name)

    def _use(self, node: ast.Name) -> None:
        if node.id in self.bound.sure or _is_ours(node.id):
            return
        is_perhaps = self._is_tried or node.id in self.bound.maybe
        (self.perhaps if is_perhaps else self.needed).setdefault(node.id, node.lineno)


def _catches_names(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and any(
        isinstance(one, ast.Name) and one.id == "NameError" for one in ast.walk(handler.type)
    )
