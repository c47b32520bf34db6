"""The wish that a cell stands for, in the wire's shape."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_training.client import context as contexts
from jupyter_training.client import environment, imports, interpreter
from jupyter_training.client.context import Packed
from jupyter_training.kernel.body import Body
from jupyter_training.kernel.capture import carried
from jupyter_training.kernel.notebook import Place
from jupyter_training.kernel.take import Taken
from jupyter_training.kernel.wish import Wish, resolved

__all__ = ["Built", "build"]


@dataclass(frozen=True)
class Built:
    """A request that can be sent once the values it names are there, and what should be said about it."""

    request: dict[str, Any]
    taken: tuple[Taken, ...] = ()
    notes: tuple[str, ...] = ()
    context: Packed | None = None


def build(
    wish: Wish,
    body: Body,
    params: Mapping[str, object],
    place: Place,
    names: Mapping[str, object],
    *,
    context: Packed | None = None,
) -> Built:
    """The request for a cell: its code with what it uses, this interpreter and folder, what was wished.

    ``names`` are the kernel's variables, which the code may use; ``context`` is
    the folder that goes along. A cell that is
    run again while its job is active means the same job (``if_exists``), where
    nothing else was said.

    Raises:
        InvalidSpec: an import that the environment lacks, a local module that is no Python, a variable that is not set,
            names that can't travel.
    """
    secrets = tuple(wish.environment.get("pass_env") or ())
    wished = _environment(wish)
    here = Path.cwd()
    file = _free_name(here, context)
    given = [name for name in params if name not in body.defaults]
    along = carried(body.source, names, place=place, take=wish.take, params=given)
    sources = imports.collect(here, given={file: body.source.encode(), **along.files}, cell=file)
    folders = []
    if context is not None:
        contexts.check_names(context, sources.files)
        wished = contexts.surroundings(wished, wish.environment.get("folder"))
        folders = [str(context.folder)]
    if not sources.moves_path and not wish.is_served:
        written = [replace(one, file=place.shown_as) if one.file == file else one for one in sources.foreign]
        interpreter.check_imports(written, wished["python"], variables=wished["variables"], folders=folders)
    request = {
        "if_exists": "reuse",
        **wish.asked(),
        "key": uuid.uuid4().hex,
        "entry": {"kind": "cell", "path": file, "shown_as": place.shown_as, "cells": list(along.cells)},
        "files": [_file(path, content) for path, content in sorted(sources.files.items())],
        **wish.expressed(params),
        "data": [one.wire() for one in along.data],
        **({"context": context.wire()} if context is not None else {}),
        "environment": wished,
        "secrets": environment.secret_values(secrets),
        "origin": {"notebook": place.notebook, "cell": place.cell, "client": "magic"},
    }
    return Built(request, along.data, along.notes, context)


def _free_name(here: Path, context: Packed | None) -> str:
    """A name for the body that is no module's beside the notebook and nothing in the context."""
    names = ("cell.py", "_cell.py", *(f"_cell_{number}.py" for number in range(2, 100)))
    taken = context.paths if context is not None else frozenset[str]()
    return next(name for name in names if name not in taken and not (name == "cell.py" and (here / name).exists()))


def _environment(wish: Wish) -> dict[str, Any]:
    """This kernel's interpreter, folder and variables, and over them what was wished."""
    asked = wish.environment
    return environment.captured(
        kind=asked.get("kind"),
        python=asked.get("python"),
        folder=asked.get("folder"),
        variables={name: resolved(name, value) for name, value in (asked.get("variables") or {}).items()},
        pass_env=asked.get("pass_env") or (),
    )


def _file(path: str, content: bytes) -> dict[str, str]:
    try:
        return {"path": path, "text": content.decode()}
    except UnicodeDecodeError:  # a module in another encoding
        return {"path": path, "base64": base64.b64encode(content).decode()}
