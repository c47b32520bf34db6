"""Variables that say how one machine is set up: they mean nothing on another one, and may do harm there."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase

from jupyter_training.core.job import EnvironmentWish

__all__ = ["at_home", "portable"]

_OF_A_MACHINE = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "XDG_CACHE_HOME", "HF_HOME", "TORCH_HOME", "MKLROOT"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV"),
    *("CUDA_HOME", "CUDA_PATH", "CUDA_ROOT", "CUDA_VISIBLE_DEVICES", "NVIDIA_*", "HIP_*", "ROCR_*"),
)


def portable(environment: EnvironmentWish) -> EnvironmentWish:
    """The environment without what is true only where it was submitted; for a job that runs at a service."""
    kept = {name: value for name, value in environment.variables.items() if not _is_of_a_machine(name)}
    return environment.model_copy(update={"variables": kept})


def at_home(environment: EnvironmentWish) -> EnvironmentWish:
    """The environment with what is true here, where it lacks that; for a job that comes back from a service."""
    here = {name: value for name, value in os.environ.items() if _is_of_a_machine(name) and "\0" not in value}
    return environment.model_copy(update={"variables": {**here, **environment.variables}})


def _is_of_a_machine(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _OF_A_MACHINE)
