"""The magics and the client as a folder, for kernels whose environment has none of us.

    <home>/light/<hash>/jupyter_training/    the light side: it needs IPython and the standard library

Named by its content: a kernel that has loaded one keeps it while the program is upgraded.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

import jupyter_training
from jupyter_training.errors import Unavailable
from jupyter_training.runtime import archive
from jupyter_training.services.site import Site

__all__ = ["LightView", "light"]

_ROOMS = ("client", "kernel", "runtime", "spool", "supervisor")
_LANGUAGES = ("__init__", "config_file", "default_spaces", "quantities", "reported_names")  # standard library only
_FILES = ("__init__.py", "_version.py", "errors.py", "settings.py", *(f"languages/{name}.py" for name in _LANGUAGES))
_HEAVY = ("client/local.py",)


class LightView(BaseModel):
    """``path`` goes onto a kernel's ``sys.path``; ``python`` is this server's interpreter."""

    model_config = ConfigDict(frozen=True)

    path: str
    python: str
    version: str


def light(site: Site) -> LightView:
    """The folder, made if it is not there yet.

    Raises:
        Unavailable: the home can't be written.
    """
    try:
        folder = archive.put(site.settings.light, _contents(Path(jupyter_training.__file__).parent))
    except OSError as error:
        raise Unavailable(f"The folder for kernels can't be made: {error.strerror} ({error.filename}).") from None
    return LightView(path=str(folder), python=sys.executable, version=jupyter_training.__version__)


def _contents(package: Path) -> dict[str, bytes]:
    """The files by their path in the folder, in a fixed order."""
    found = [package / name for name in _FILES if (package / name).is_file()]  # a tree never built has no version
    for room in _ROOMS:
        found += sorted((package / room).rglob("*.py"))
    names = {path.relative_to(package).as_posix(): path for path in found}
    return {f"jupyter_training/{name}": path.read_bytes() for name, path in names.items() if name not in _HEAVY}
