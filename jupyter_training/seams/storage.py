"""The file system of a place under a URL, reached with the rights with which its job reached it.

A backend whose jobs write to places of their own may have a function in the registry's "storages",
``reach(settings, url)``: what fsspec has to be told for this URL, e.g. which credentials; nothing, where the place is
found as fsspec finds every other.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from jupyter_training.seams import registry
from jupyter_training.settings import Settings

__all__ = ["opened"]


def opened(settings: Settings, url: str) -> tuple[Any, str]:
    """fsspec's file system, and the place's path in it.

    Raises:
        Exception: there is no library for such URLs, or its own errors: each storage library has others.
    """
    told: dict[str, Any] = {}
    for name in registry.names("storages"):
        told |= registry.load("storages", name)(settings, url)
    system, root = import_module("fsspec").core.url_to_fs(url, **told)
    return system, root
