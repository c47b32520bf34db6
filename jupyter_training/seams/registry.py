"""Find a plug-in by seam and name: built-in ones first, then entry points."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from jupyter_training.errors import UnknownPlugin, near_miss

__all__ = ["BUILT_IN", "load", "names"]

# Kept as text, so that a plug-in costs nothing until somebody uses it.
BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "backends": {"local": "jupyter_training.backends.local:LocalBackend"},
    "launchers": {
        "plain": "jupyter_training.launchers.plain:PlainLauncher",
        "driver": "jupyter_training.launchers.driver:DriverLauncher",
    },
    "environments": {
        "current": "jupyter_training.environments.current:CurrentEnvironment",
        "dispatcher": "jupyter_training.environments.dispatcher:DispatcherEnvironment",
    },
    "trackers": {"mlflow": "jupyter_training.tracking.mlflow_tracker:MlflowTracker"},
}


def names(seam: str) -> list[str]:
    """Every name that ``load`` would find, sorted."""
    found = set(BUILT_IN[seam])
    found.update(point.name for point in entry_points(group=f"jupyter_training.{seam}"))
    return sorted(found)


def load(seam: str, name: str) -> Any:
    """The class or factory behind a name.

    Raises:
        UnknownPlugin: no such name, with the list of those there are.
    """
    text = BUILT_IN[seam].get(name)
    if text is not None:
        module, _, attribute = text.partition(":")
        return getattr(importlib.import_module(module), attribute)
    for point in entry_points(group=f"jupyter_training.{seam}"):
        if point.name == name:
            return point.load()
    known = names(seam)
    close = near_miss(name, known)
    raise UnknownPlugin(
        f"There is no {seam[:-1]} {name!r}; there is: {', '.join(known)}.",
        hint=f"Did you mean {close!r}?" if close else None,
    )
