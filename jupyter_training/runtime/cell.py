"""Run a notebook cell's body, with parameters in place of the literals at its top.

First the values and the definitions that came along with it, in the same namespace.

The top of a cell are its first statements as far as they are imports,
definitions or assignments of a literal to one name. A parameter replaces the
literal of the first such assignment of its name; one that nothing there names
is set before the body. Line numbers stay. ``await`` may stand at the top level.

A process that multiprocessing spawns imports its parent's ``__main__`` again.
For a cell that must not run the training a second time, so there only the
definitions are repeated: imports, functions, classes and assignments that call
nothing, each with the parameters. A cell that guards itself with
``if __name__ == "__main__":`` is repeated as it stands, as a script is.
"""

from __future__ import annotations

import ast
import sys
from importlib.machinery import ModuleSpec

from jupyter_training.runtime import job, pieces, script, show_hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType
    from typing import Any

__all__ = ["repeat", "run"]

_AGAIN = "jupyter_training.runtime.again"
_IS_COROUTINE = 0x80  # inspect.CO_COROUTINE
_CALLS = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.comprehension, ast.Subscript)
_PASSIVE = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def run(path: str, content: bytes, shown_as: str, order: Mapping[str, Any]) -> None:
    """Run the cell as ``__main__``. Its exceptions come out as they are."""
    sys.argv = [path]
    params = order.get("params") or {}
    tree, others = _with_params(_parsed(content, shown_as), params)
    code = _compiled(tree, shown_as)
    main = script.become_main(path)
    # By this name, and not by the file, a spawned child imports its __main__: see `again`.
    main.__spec__ = ModuleSpec(_AGAIN, None)
    show_hook.closes = True
    main.__dict__.update(others, __loader__=_Lines(content), display=show_hook.display)
    _bring(order, main.__dict__)
    if code.co_flags & _IS_COROUTINE:
        import asyncio

        asyncio.run(eval(code, main.__dict__))  # noqa: S307 (a coroutine: the cell itself)
    else:
        script.execute(code, main)
    show_hook.keep_open()


def repeat(namespace: dict[str, Any]) -> None:
    """Define in a spawned child what the cell defined in its parent."""
    folder = job.folder()
    if folder is None:
        return
    order = job.order(folder)
    path = f"{order['code']}/{order['entry']['path']}"
    shown_as = order["entry"].get("shown_as") or path
    with open(path, "rb") as file:
        content = file.read()
    tree, others = _with_params(_parsed(content, shown_as), order.get("params") or {})
    if not any(_is_guard(node) for node in tree.body):
        tree.body = [node for node in tree.body if _only_defines(node)]
    namespace.update(others, __loader__=_Lines(content), __file__=path, display=show_hook.display)
    _bring(order, namespace)
    exec(_compiled(tree, shown_as), namespace)  # noqa: S102


def _bring(order: Mapping[str, Any], namespace: dict[str, Any]) -> None:
    """Define what came along: values first, as definitions may need them."""
    if order.get("data"):
        from jupyter_training.runtime import data

        data.load(order["data"], namespace)
    pieces.run_beside(order["code"], order["entry"].get("cells") or (), namespace)


class _Lines:
    """A loader that knows only the source: where tracebacks and ``inspect`` find the cell's lines."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def get_source(self, name: str) -> str:
        return self._content.decode("utf-8", "replace")


def _parsed(content: bytes, shown_as: str) -> ast.Module:
    return ast.parse(content, shown_as)


def _compiled(tree: ast.Module, shown_as: str) -> CodeType:
    code: CodeType = compile(tree, shown_as, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return code


def _with_params(tree: ast.Module, params: Mapping[str, Any]) -> tuple[ast.Module, dict[str, Any]]:
    """The tree with parameters in place of its literals, and the parameters that it does not name."""
    left = dict(params)
    for node in tree.body:
        name = _literal_target(node)
        if name is not None and name in left:
            assert isinstance(node, (ast.Assign, ast.AnnAssign))
            node.value = _literal(left.pop(name), node.value)
        elif name is None and not isinstance(node, _PASSIVE) and not _is_text(node):
            break
    return tree, left


def _literal_target(node: ast.stmt) -> str | None:
    """The name to which this statement, if it does so, assigns a literal."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target = node.target
    else:
        return None
    if not isinstance(target, ast.Name):
        return None
    try:
        ast.literal_eval(node.value)  # type: ignore[arg-type]
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return target.id


def _literal(value: object, place: ast.AST | None) -> ast.expr:
    """An expression that gives the value, standing where the old one stood."""
    expression = ast.parse(repr(_like(value, place)), mode="eval").body
    for node in ast.walk(expression):
        if place is not None and "lineno" in node._attributes:
            ast.copy_location(node, place)
    return expression


def _like(value: object, place: ast.AST | None) -> object:
    """The value with tuples where the old literal had them: parameters travel as JSON, which knows lists only."""
    if isinstance(value, list) and isinstance(place, (ast.Tuple, ast.List)):
        old: list[ast.AST | None] = [*place.elts, *[None] * len(value)]
        items = [_like(one, old[index]) for index, one in enumerate(value)]
        return tuple(items) if isinstance(place, ast.Tuple) else items
    if isinstance(value, dict) and isinstance(place, ast.Dict):
        keys = enumerate(place.keys)
        places = {key.value: place.values[index] for index, key in keys if isinstance(key, ast.Constant)}
        return {key: _like(one, places.get(key)) for key, one in value.items()}
    return value


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_guard(node: ast.stmt) -> bool:
    """``if __name__ == "__main__":``"""
    return isinstance(node, ast.If) and any(
        isinstance(one, ast.Name) and one.id == "__name__" for one in ast.walk(node.test)
    )


def _only_defines(node: ast.stmt) -> bool:
    if isinstance(node, _PASSIVE):
        return True
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return node.value is not None and not any(isinstance(one, _CALLS) for one in ast.walk(node))
    if isinstance(node, ast.If):
        parts = [node.body, node.orelse]
    elif isinstance(node, ast.Try):  # try: import a, except ImportError: a = None
        parts = [node.body, node.orelse, node.finalbody, *(handler.body for handler in node.handlers)]
    else:
        return False
    return all(_only_defines(one) for part in parts for one in part)
