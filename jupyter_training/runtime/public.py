"""What the person's code imports from ``jupyter_training``.

In a job this file is the package itself (``archive`` puts it there as
``__init__``), made of runtime, spool and supervisor only. Where the job's
interpreter has the whole product installed, the rest of it is found behind, so
that a job may submit others.
"""

from __future__ import annotations

from jupyter_training.runtime.output import output
from jupyter_training.runtime.params import params
from jupyter_training.runtime.report import report
from jupyter_training.runtime.stopping import should_stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["output", "params", "report", "should_stop"]

_ELSEWHERE = {"Client": "jupyter_training.client.client", "Handle": "jupyter_training.client.handle"}


def __getattr__(name: str) -> Any:
    if name not in _ELSEWHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    try:
        module = importlib.import_module(_ELSEWHERE[name])
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("jupyter_training"):
            raise
        raise AttributeError(
            f"jupyter_training offers {', '.join(__all__)} in a job;"
            f" {name} needs the package jupyter-training in the job's own environment"
        ) from None
    return getattr(module, name)


def _installed(here: list[str]) -> list[str]:
    """The folders of other packages of this name on ``sys.path``."""
    import os
    import sys

    found = []
    for entry in sys.path:
        folder = os.path.join(entry, "jupyter_training")
        if folder not in here and os.path.isfile(os.path.join(folder, "client", "client.py")):
            found.append(folder)
    return found


if __name__ == "jupyter_training":
    _here: list[str] = globals()["__path__"]
    _here += _installed(_here)
