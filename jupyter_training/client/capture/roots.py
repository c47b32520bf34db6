"""Where a module comes from: the interpreter's own folders, or a folder that a person has put on the path."""

from __future__ import annotations

import functools
import site
import sys
import sysconfig
from pathlib import Path, PurePosixPath
from types import ModuleType

__all__ = ["added_root", "is_installed", "root_of"]


def root_of(module: ModuleType) -> tuple[Path, str | None]:
    """The folder that a module's package stands in, and its file below that; None when the two don't agree."""
    file = Path(str(module.__file__)).resolve()
    parts = module.__name__.split(".")
    below = PurePosixPath(*parts)
    inside = below / "__init__.py" if file.name == "__init__.py" else below.with_suffix(".py")
    root = file
    for _ in inside.parts:
        root = root.parent
    return (root, str(inside)) if root / inside == file else (file.parent, None)


def is_installed(root: Path) -> bool:
    """Whether code from this folder belongs to the interpreter, so that the job has it anyway."""
    return any(root.is_relative_to(home) for home in _homes())


def added_root(module: str) -> str | None:
    """The folder on ``sys.path`` that a module was found in, if that is neither the interpreter's nor this one.

    As after ``sys.path.append("../src")``; a job looks there too.
    """
    top = sys.modules.get(module.partition(".")[0])
    if top is None or not getattr(top, "__file__", None) or top.__name__ == "jupyter_training":
        return None
    root, _ = root_of(top)
    if root == Path.cwd() or is_installed(root):
        return None
    return next((one for one in sys.path if one and Path(one).resolve() == root and Path(one).is_absolute()), str(root))


@functools.lru_cache(maxsize=1)
def _homes() -> frozenset[Path]:
    paths = sysconfig.get_paths()
    homes = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    homes.update(site.getsitepackages() if hasattr(site, "getsitepackages") else [])
    homes.add(site.getusersitepackages() if site.ENABLE_USER_SITE else paths["stdlib"])
    return frozenset(Path(home).resolve() for home in homes)
