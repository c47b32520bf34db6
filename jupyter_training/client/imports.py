"""Which local modules a piece of code imports, found without running it.

Looks only below one folder, as Python would with that folder on its path, and
follows what it finds. An import is *certain* when the module's own body makes
it, outside of ``if``, ``try``, ``with`` and functions, and its file is reached
by such imports alone: only these are worth a refusal when they are missing.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_training.errors import InvalidSpec, Problem

__all__ = ["Foreign", "Sources", "collect", "parsed"]


@dataclass(frozen=True)
class Foreign:
    """A top-level module that is not local, and the place that surely imports it."""

    module: str
    file: str
    line: int
    column: int


@dataclass
class Sources:
    """Files by their path below the root, and what they surely import from elsewhere.

    ``moves_path``: the code changes ``sys.path``, so where its imports come from can't be told.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    foreign: list[Foreign] = field(default_factory=list)
    moves_path: bool = False


def collect(root: Path, *entries: str, given: dict[str, bytes] | None = None, cell: str | None = None) -> Sources:
    """The entry files and every local module that they import, step by step.

    ``entries`` are paths below ``root``; ``given`` are files that exist only here
    and are looked at like the others. ``cell`` is the one among them, if there is
    one, that is a notebook's cell: ``await`` may stand at its top level.

    Raises:
        InvalidSpec: a file that will surely be imported can't be read as Python; at its line.
    """
    found = Sources(files=dict(given or {}))
    waiting = [(entry, True) for entry in (*(given or {}), *entries)]
    seen: dict[str, bool] = {}
    while waiting:
        path, certain = waiting.pop()
        if path in seen and (seen[path] or not certain):
            continue  # seen already, with the same or more certainty
        seen[path] = certain
        if path not in found.files:
            content = _read(root / path)
            if content is None:
                continue
            found.files[path] = content
        tree = _tree(found.files[path], path, certain=certain, cell=path == cell)
        if tree is None:
            continue
        found.moves_path = found.moves_path or _moves_path(tree)
        for wanted in _imports(tree, path):
            local = _local(root, wanted.module, wanted.names)
            waiting.extend((file, certain and wanted.certain) for file in local)
            if not local and certain and wanted.certain and not wanted.relative:
                top = wanted.module.partition(".")[0]
                found.foreign.append(Foreign(top, path, wanted.line, wanted.column))
    return found


def parsed(content: bytes | str, shown: str, *, cell: bool = False) -> ast.Module:
    """The syntax tree of Python code; in a ``cell`` await may stand at the top level.

    Raises:
        InvalidSpec: it is none; with file, line and column.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape is the job's own business
            tree = ast.parse(content, shown)
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if cell else 0
            compile(content, shown, "exec", flags, dont_inherit=True)  # finds `return` outside of a function, too
        return tree
    except SyntaxError as error:
        problem = Problem(error.msg, key="entry", line=error.lineno, column=error.offset)
        place = f"{shown}, line {error.lineno}" if error.lineno else shown
        raise InvalidSpec(f"{place}: {error.msg}.", errors=[problem]) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise InvalidSpec(f"{shown} can't be read as Python: {error}.") from None


@dataclass(frozen=True)
class _Import:
    module: str
    names: tuple[str, ...]  # of ``from module import names``, each possibly a module
    line: int
    column: int
    certain: bool
    relative: bool = False


def _imports(tree: ast.Module, path: str) -> Iterator[_Import]:
    certain = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _Import(alias.name, (), node.lineno, node.col_offset + 1, id(node) in certain)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, path)
            if module is not None:
                names = tuple(alias.name for alias in node.names)
                yield _Import(module, names, node.lineno, node.col_offset + 1, id(node) in certain, node.level > 0)
        elif isinstance(node, ast.Call):
            name = _dynamic(node)
            if name is not None:
                yield _Import(name, (), node.lineno, node.col_offset + 1, False)


def _absolute(node: ast.ImportFrom, path: str) -> str | None:
    """The full name of the module that a ``from`` names, or None when it leaves the root."""
    if node.level == 0:
        return node.module
    package = path.split("/")[:-1]
    if node.level - 1 > len(package):
        return None
    base = package[: len(package) - (node.level - 1)]
    return ".".join([*base, *([node.module] if node.module else [])])


def _dynamic(node: ast.Call) -> str | None:
    """The name in ``import_module("name")`` or ``__import__("name")``, when it is written out."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
    if called not in ("import_module", "__import__") or not node.args:
        return None
    first = node.args[0]
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and not first.value.startswith("."):
        return first.value
    return None


def _local(root: Path, module: str, names: tuple[str, ...]) -> list[str]:
    """The files below ``root`` that importing this runs, its packages first; nothing when it is not local."""
    parts = module.split(".") if module else []
    found: list[str] = []
    here = root
    for index, part in enumerate(parts):
        folder = here / part
        inside = _below(root, folder / "__init__.py")
        if inside is not None:
            found.append(inside)
            here = folder
            continue
        file = _below(root, here / f"{part}.py")
        if file is not None:
            return [*found, file] if index == len(parts) - 1 else found
        if not folder.is_dir():
            return found
        here = folder  # a folder without __init__.py: a namespace, local only if something in it is
    wanted = list(names)
    if "*" in names and found:
        wanted = _exported(root / found[-1])
    for name in wanted:
        if name != "*":
            found.extend(_local_child(root, here, name))
    return found


def _local_child(root: Path, here: Path, name: str) -> list[str]:
    for candidate in (here / name / "__init__.py", here / f"{name}.py"):
        inside = _below(root, candidate)
        if inside is not None:
            return [inside]
    return []


def _below(root: Path, file: Path) -> str | None:
    try:
        return file.relative_to(root).as_posix() if file.is_file() else None
    except (OSError, ValueError):
        return None


def _exported(file: Path) -> list[str]:
    """The texts in a package's ``__all__``; ``import *`` imports the modules among them."""
    content = _read(file)
    tree = _tree(content, str(file), certain=False) if content is not None else None
    for node in tree.body if tree is not None else []:
        if (
            isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets)
            and isinstance(node.value, (ast.List, ast.Tuple))
        ):
            texts = (item.value for item in node.value.elts if isinstance(item, ast.Constant))
            return [text for text in texts if isinstance(text, str)]
    return []


def _tree(content: bytes, path: str, *, certain: bool, cell: bool = False) -> ast.Module | None:
    try:
        return parsed(content, path, cell=cell)
    except InvalidSpec:
        if certain:
            raise
        return None  # perhaps never imported, or a template: it travels as it is


def _moves_path(tree: ast.Module) -> bool:
    """Whether the code touches ``sys.path`` or adds site folders."""
    return any(
        isinstance(node, ast.Attribute)
        and (
            (node.attr == "path" and isinstance(node.value, ast.Name) and node.value.id == "sys")
            or node.attr == "addsitedir"
        )
        for node in ast.walk(tree)
    ) or any(
        isinstance(node, ast.ImportFrom) and node.module == "sys" and any(alias.name == "path" for alias in node.names)
        for node in ast.walk(tree)
    )


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
