"""The wish that a cell stands for, in the wire's shape."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_training.client import environment, imports, interpreter
from jupyter_training.errors import InvalidUsage, Problem
from jupyter_training.kernel.arguments import Parsed
from jupyter_training.kernel.body import Body
from jupyter_training.kernel.commands import VERBS
from jupyter_training.kernel.notebook import Place

__all__ = ["build", "shown"]

_RESOURCES = ("slots", "gpus", "cpus", "memory")
_AS_THEY_ARE = ("pool", "priority", "timeout", "grace", "metrics")


def build(parsed: Parsed, body: Body, params: Mapping[str, object], place: Place) -> dict[str, Any]:
    """The request for a cell: its code with the local modules it imports, this interpreter and folder, what was given.

    Raises:
        InvalidUsage: the job's name can't be one.
        InvalidSpec: an import that the environment lacks, a local module that is no Python, a variable that is not set.
    """
    secrets = parsed.options.get("pass_env", ())
    assert isinstance(secrets, (list, tuple))
    wished = environment.captured(pass_env=secrets)
    folder = Path(wished["folder"])
    file = "cell.py" if not (folder / "cell.py").exists() else "_cell.py"
    sources = imports.collect(folder, given={file: body.source.encode()}, cell=file)
    if not sources.moves_path:
        written = [replace(one, file=place.shown_as) if one.file == file else one for one in sources.foreign]
        interpreter.check_imports(written, wished["python"], variables=wished["variables"])
    resources = {name: parsed.options[name] for name in _RESOURCES if name in parsed.options}
    request = {
        "key": uuid.uuid4().hex,
        "name": _name(parsed),
        "entry": {"kind": "cell", "path": file, "shown_as": place.shown_as},
        "files": [_file(path, content) for path, content in sorted(sources.files.items())],
        "params": dict(params),
        "resources": resources or None,
        "environment": wished,
        "secrets": environment.secret_values(secrets),
        "tags": parsed.options.get("tag"),
        "origin": {"notebook": place.notebook, "cell": place.cell, "client": "magic"},
        **{name: parsed.options.get(name) for name in _AS_THEY_ARE},
    }
    return {key: value for key, value in request.items() if value is not None}


def shown(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request as it may be shown: without its one-time key and the values of secrets."""
    kept = {key: value for key, value in request.items() if key != "key"}
    kept["secrets"] = dict.fromkeys(request.get("secrets", {}), "(kept out of sight)")
    return kept


def _file(path: str, content: bytes) -> dict[str, str]:
    try:
        return {"path": path, "text": content.decode()}
    except UnicodeDecodeError:  # a module in another encoding
        return {"path": path, "base64": base64.b64encode(content).decode()}


def _name(parsed: Parsed) -> str | None:
    given = parsed.operands[0] if parsed.operands else None
    option = parsed.text("name")
    if given is not None and option is not None and given != option:
        raise InvalidUsage(f"The job has two names: {given!r} and {option!r}.", errors=[Problem("name", key="name")])
    name = given or option
    if name in VERBS:
        raise InvalidUsage(
            f"{name!r} is a verb of %train and no good name for a job.",
            hint=f"For the verb write %train {name} with one %, in a cell of its own; else choose another name.",
            errors=[Problem("name", key="name")],
        )
    return name
