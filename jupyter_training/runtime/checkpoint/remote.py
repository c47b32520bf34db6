"""Checkpoints under a URL, by fsspec: ``s3://``, ``gs://``, ``abfs://``, ``file://`` and what else it knows.

The manifest goes last and is asked for first: a checkpoint without one is not there.
fsspec and the library for the URL's scheme come from the job's own environment.
"""

from __future__ import annotations

import json
import os
from importlib import import_module

from jupyter_training.spool import checkpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["Unreachable", "get", "put"]


class Unreachable(Exception):
    """The place under the URL does not answer; the text says why, as the end of a sentence."""


def put(folder: str, url: str, files: Iterable[str]) -> None:
    """Copy a finished checkpoint there.

    Raises:
        Unreachable: it is not there.
    """
    try:
        system, root = _opened(url)
        for path in [*files, checkpoints.MANIFEST]:
            target = f"{root}/{path}"
            system.makedirs(target.rpartition("/")[0], exist_ok=True)
            system.put_file(os.path.join(folder, path), target)
    except Exception as error:  # each storage library has errors of its own
        raise Unreachable(_told(error)) from error


def get(url: str, folder: str) -> bool:
    """Copy a checkpoint from there into an empty folder, unchecked. False: there is none.

    Raises:
        Unreachable: whether there is one can't be said, or not all of it came.
    """
    try:
        system, root = _opened(url)
        try:
            system.get_file(f"{root}/{checkpoints.MANIFEST}", os.path.join(folder, checkpoints.MANIFEST))
        except FileNotFoundError:
            return False
        for path in _paths(folder):
            target = os.path.join(folder, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            try:
                system.get_file(f"{root}/{path}", target)
            except FileNotFoundError:
                pass  # the check will say so
    except Exception as error:  # the same
        raise Unreachable(_told(error)) from error
    return True


def _opened(url: str) -> tuple[Any, str]:
    system, root = import_module("fsspec").core.url_to_fs(url)
    return system, str(root).rstrip("/")


def _paths(folder: str) -> list[str]:
    """The files that the manifest names, as far as they stay in the folder."""
    try:
        with open(os.path.join(folder, checkpoints.MANIFEST), "rb") as file:
            named = [str(one["path"]) for one in json.load(file)["files"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
    return [path for path in named if not os.path.isabs(path) and os.pardir not in path.split("/")]


def _told(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"a library for it is not installed in the job's environment ({error})"
    return f"{type(error).__name__}: {error}".rstrip(": .")
