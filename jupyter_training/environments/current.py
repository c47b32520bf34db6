"""The interpreter and folder of whoever submitted."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from jupyter_training.core.job import EnvironmentWish
from jupyter_training.errors import LaunchFailed
from jupyter_training.seams.environment import ResolvedEnvironment

__all__ = ["CurrentEnvironment"]

# What a program needs to find its files when the wish says nothing; never the dispatcher's whole environment.
_BASICS = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR")


class CurrentEnvironment:
    def resolve(self, wish: EnvironmentWish) -> ResolvedEnvironment:
        python = wish.python or sys.executable
        if not Path(python).is_absolute() or shutil.which(python) is None:
            raise LaunchFailed(
                f"The interpreter {python!r} is not there or can't be executed.",
                hint="Was its environment removed? Submit again from one that exists.",
            )
        if wish.folder is not None and not Path(wish.folder).is_dir():
            raise LaunchFailed(
                f"The working folder {wish.folder!r} does not exist on this machine.",
                hint="Make it again, or submit from another folder.",
            )
        variables = {name: os.environ[name] for name in _BASICS if name in os.environ}
        variables.update(wish.variables)
        return ResolvedEnvironment(python, wish.folder, variables)
