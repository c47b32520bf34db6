"""Train models from a notebook: durable jobs, a queue, live curves and a record of every run.

Public names are lazy, so that importing the package costs next to nothing: ``Client`` from anywhere, and
``uniform``, ``choice`` and the like for what a search varies; ``report``, ``checkpoint``, ``should_stop``,
``output``, ``params`` and ``test_mode`` inside a job (outside one they do nothing, or say so). A job itself imports
a small package of the same name that is made of ``runtime`` and ``spool`` only.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_training.client.client import Client
    from jupyter_training.client.default_spaces import config_space
    from jupyter_training.client.experiment_handle import ExperimentHandle
    from jupyter_training.client.handle import Handle
    from jupyter_training.client.space import (
        choice,
        const,
        finrange,
        logfinrange,
        logordinal,
        lograndint,
        loguniform,
        ordinal,
        qlograndint,
        qloguniform,
        qrandint,
        quniform,
        randint,
        reverseloguniform,
        uniform,
    )
    from jupyter_training.client.tuning_job import execute_tuning_job, run_training_job
    from jupyter_training.runtime.public import (
        InvalidConfig,
        checkpoint,
        output,
        params,
        report,
        should_stop,
        test_mode,
    )

__all__ = [
    "Client",
    "ExperimentHandle",
    "Handle",
    "InvalidConfig",
    "__version__",
    "checkpoint",
    "choice",
    "config_space",
    "const",
    "execute_tuning_job",
    "finrange",
    "logfinrange",
    "logordinal",
    "lograndint",
    "loguniform",
    "ordinal",
    "output",
    "params",
    "qlograndint",
    "qloguniform",
    "qrandint",
    "quniform",
    "randint",
    "report",
    "reverseloguniform",
    "run_training_job",
    "should_stop",
    "test_mode",
    "uniform",
]

_HOMES = {
    "Client": "jupyter_training.client.client",
    "ExperimentHandle": "jupyter_training.client.experiment_handle",
    "Handle": "jupyter_training.client.handle",
    "InvalidConfig": "jupyter_training.runtime.public",
    "checkpoint": "jupyter_training.runtime.public",
    "choice": "jupyter_training.client.space",
    "const": "jupyter_training.client.space",
    "finrange": "jupyter_training.client.space",
    "logfinrange": "jupyter_training.client.space",
    "logordinal": "jupyter_training.client.space",
    "lograndint": "jupyter_training.client.space",
    "loguniform": "jupyter_training.client.space",
    "ordinal": "jupyter_training.client.space",
    "config_space": "jupyter_training.client.default_spaces",
    "execute_tuning_job": "jupyter_training.client.tuning_job",
    "output": "jupyter_training.runtime.public",
    "params": "jupyter_training.runtime.public",
    "qlograndint": "jupyter_training.client.space",
    "qloguniform": "jupyter_training.client.space",
    "qrandint": "jupyter_training.client.space",
    "quniform": "jupyter_training.client.space",
    "randint": "jupyter_training.client.space",
    "report": "jupyter_training.runtime.public",
    "run_training_job": "jupyter_training.client.tuning_job",
    "reverseloguniform": "jupyter_training.client.space",
    "should_stop": "jupyter_training.runtime.public",
    "test_mode": "jupyter_training.runtime.public",
    "uniform": "jupyter_training.client.space",
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


def __dir__() -> list[str]:
    return sorted(__all__)


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
