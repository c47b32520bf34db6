"""What the person's code imports from ``jupyter_training``.

In a job this file is the package itself (``archive`` puts it there as
``__init__``), made of runtime, spool and supervisor only; names are loaded when
they are asked for. Where the job's interpreter has the whole product installed,
the rest of it is found behind, so that a job may submit others.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jupyter_training.runtime import checkpoint
    from jupyter_training.runtime.invalid import InvalidConfig
    from jupyter_training.runtime.mode import test_mode
    from jupyter_training.runtime.output import output
    from jupyter_training.runtime.params import params
    from jupyter_training.runtime.report import report
    from jupyter_training.runtime.stopping import should_stop

__all__ = ["InvalidConfig", "checkpoint", "output", "params", "report", "should_stop", "test_mode"]

_HOMES = {
    "InvalidConfig": "jupyter_training.runtime.invalid",
    "output": "jupyter_training.runtime.output",
    "params": "jupyter_training.runtime.params",
    "report": "jupyter_training.runtime.report",
    "should_stop": "jupyter_training.runtime.stopping",
    "test_mode": "jupyter_training.runtime.mode",
    "Client": "jupyter_training.client.client",
    "Handle": "jupyter_training.client.handle",
}


def __getattr__(name: str) -> Any:
    if name == "checkpoint":  # a module: its functions are the name's
        globals()[name] = _imported("jupyter_training.runtime.checkpoint")
        return globals()[name]
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(_imported(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("jupyter_training"):
            raise
        raise AttributeError(
            f"jupyter_training offers {', '.join(__all__)} in a job;"
            f" {name} needs the package jupyter-training in the job's own environment"
        ) from None
    globals()[name] = value
    return value


def _imported(module: str) -> Any:
    """As importlib does it, which a job that reports need not import."""
    return __import__(module, fromlist=["*"])


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
