"""The dispatcher's own interpreter and settings, for the jobs that are ours: those that drive a search."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jupyter_training.core.job import EnvironmentWish
from jupyter_training.seams.environment import ResolvedEnvironment

__all__ = ["DispatcherEnvironment"]

_BASICS = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR")
# How the store of a team is reached; values may hold a password, so they go past the order.
_SECRET_PREFIXES = ("JUPYTER_TRAINING_", "PG")


class DispatcherEnvironment:
    def resolve(self, wish: EnvironmentWish) -> ResolvedEnvironment:
        variables = {name: os.environ[name] for name in _BASICS if name in os.environ}
        variables |= _import_path() | wish.variables
        secrets = {name: value for name, value in os.environ.items() if name.startswith(_SECRET_PREFIXES)}
        return ResolvedEnvironment(sys.executable, None, variables, secrets)


def _import_path() -> dict[str, str]:
    """What lets the child import this very package when it was found beside the dispatcher rather than installed."""
    place = str(Path(__file__).resolve().parents[2])
    return {"PYTHONPATH": place} if place in map(os.path.abspath, filter(None, sys.path)) else {}
