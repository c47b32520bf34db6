"""Train models from a notebook: durable jobs, a queue, live curves and a record of every run.

Public names are lazy, so that importing the package costs next to nothing:
``Client`` from anywhere; ``report``, ``checkpoint``, ``should_stop``, ``output``,
``params`` and ``test_mode`` inside a job (outside one they do nothing, or say so). A job itself imports a
small package of the same name that is made of ``runtime`` and ``spool`` only.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_training.client.client import Client
    from jupyter_training.client.handle import Handle
    from jupyter_training.runtime.public import checkpoint, output, params, report, should_stop, test_mode

__all__ = [
    "Client",
    "Handle",
    "__version__",
    "checkpoint",
    "output",
    "params",
    "report",
    "should_stop",
    "test_mode",
]

_HOMES = {
    "Client": "jupyter_training.client.client",
    "Handle": "jupyter_training.client.handle",
    "checkpoint": "jupyter_training.runtime.public",
    "output": "jupyter_training.runtime.public",
    "params": "jupyter_training.runtime.public",
    "report": "jupyter_training.runtime.public",
    "should_stop": "jupyter_training.runtime.public",
    "test_mode": "jupyter_training.runtime.public",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        try:
            return importlib.import_module("jupyter_training._version").__version__
        except ModuleNotFoundError:  # a source tree that was never built
            return "0+unknown"
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from jupyter_training.server.app import TrainingApp

    return [{"module": "jupyter_training", "app": TrainingApp}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "_labextension", "dest": "jupyter-training"}]


def load_ipython_extension(shell: InteractiveShell) -> None:
    from jupyter_training.kernel import magics

    magics.load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    from jupyter_training.kernel import magics

    magics.unload(shell)
