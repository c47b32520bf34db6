"""The light side imports the standard library, IPython and itself; import-linter has no way to say "nothing else"."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "jupyter_training"

# In a person's environment of any age these run as they are.
OLD_PYTHON = ["runtime", "spool", "supervisor", "boot"]
# Rooms of text that the light side reads with, light themselves.
DOORS = ["config_file", "default_spaces", "quantities", "reported_names"]
LIGHT = ["kernel", "client", *OLD_PYTHON, "errors.py", "settings.py", "__init__.py"]
LIGHT += [f"languages/{name}.py" for name in DOORS]
NOT_LIGHT = {"client/local.py"}

ROOMS = {"kernel", "client", "runtime", "spool", "supervisor", "boot", "errors", "settings"}
ALLOWED = {"IPython", "jupyter_training", "__future__"}


def files(rooms: list[str]) -> Iterator[Path]:
    for room in rooms:
        path = PACKAGE / room
        yield from [path] if path.suffix else sorted(path.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Each imported module with its line; what only type checkers see is left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from imports(other)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names if not node.level)
        else:
            yield from imports(node)


@pytest.mark.parametrize("path", [p for p in files(LIGHT) if name_of(p) not in NOT_LIGHT], ids=name_of)
def test_light_side_imports_nothing_but_the_standard_library_and_ipython(path: Path) -> None:
    found = []
    for line, module in imports(ast.parse(path.read_text("utf-8"))):
        top = module.partition(".")[0]
        room = module.split(".")[1] if module.startswith("jupyter_training.") else None
        stray = top not in ALLOWED and top not in sys.stdlib_module_names
        crossing = room is not None and room not in ROOMS and not is_a_door(path, module)
        if stray or crossing:
            found.append(f"{name_of(path)}:{line} imports {module}")
    assert [] == found


def is_a_door(path: Path, module: str) -> bool:
    """The few ways out: light itself, or taken only where the heavy side is installed."""
    if name_of(path) == "__init__.py":
        return module.startswith("jupyter_training.server")
    return any(f"{module}.".startswith(f"jupyter_training.languages.{name}.") for name in DOORS)


@pytest.mark.parametrize("path", list(files(OLD_PYTHON)), ids=name_of)
def test_what_runs_in_a_job_is_python_3_9(path: Path) -> None:
    ast.parse(path.read_text("utf-8"), feature_version=(3, 9))


def test_the_package_names_what_it_has_before_anything_is_loaded() -> None:
    import jupyter_training

    assert sorted(jupyter_training.__all__) == dir(jupyter_training)
    assert {"Client", "choice", "report"} <= set(dir(jupyter_training))
    assert all(hasattr(jupyter_training, name) for name in dir(jupyter_training))
