"""A tuning job's arguments for SageMaker, as the options of its backend, and the files that go along."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_training.client import target
from jupyter_training.client.config_job import refused
from jupyter_training.client.imports import Sources
from jupyter_training.client.target import Target

__all__ = ["OPTIONS", "placed"]

# What an argument is called among the backend's options, as errors speak of them.
OPTIONS: Mapping[str, str] = {
    "instance_type": "options.instance",
    "instance_count": "options.instances",
    "role": "options.role",
    "requirements_file": "options.requirements",
}


def placed(asked: Mapping[str, Any], ready: Target, *, limit: int) -> tuple[dict[str, Any], Target]:
    """What a request says beside the training, and the code with what goes along; nothing for this machine.

    Raises:
        InvalidSpec: a file that is not there.
        TooLarge: more code than ``limit``.
    """
    if asked["backend"] != "sagemaker":
        return {}, ready
    if not isinstance(asked["options"] or {}, Mapping):
        raise refused("options", f"it is a {type(asked['options']).__name__}, no mapping from names to values")
    options: dict[str, object] = {"instance": asked["instance_type"], "instances": asked["instance_count"]}
    if asked["role"] is not None:
        options["role"] = asked["role"]
    files = dict(target.contents(ready))
    if asked["requirements_file"] is not None:
        path = _there(asked["requirements_file"], "requirements_file")
        options["requirements"] = path.name
        files[path.name] = path.read_bytes()
    for one in asked["dependencies"] or ():
        files.update(_along(_there(one, "dependencies")))
    timeout = asked["instance_max_time"]
    request = {"backend": "sagemaker", "options": {**options, **(asked["options"] or {})}, "timeout": timeout}
    whole = target.of_sources(ready.entry, Sources(files), limit)
    return request, replace(whole, foreign=ready.foreign)


def _along(path: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a file or a folder, each by its place beside the code."""
    if path.is_file():
        yield path.name, path.read_bytes()
        return
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if not name.startswith(".") and name != "__pycache__")
        for name in sorted(files):
            file = Path(folder) / name
            yield file.relative_to(path.parent).as_posix(), file.read_bytes()


def _there(given: str | os.PathLike[str], name: str) -> Path:
    path = Path(given).expanduser().absolute()
    if not path.exists():
        raise refused(name, f"there is no {os.fspath(given)!r}")
    return path
