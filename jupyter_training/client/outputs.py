"""The files that a job kept: as paths on this machine, and as values.

Where the job's output folder is on this machine (same home, same file), its
file is given as it is. Elsewhere a copy is fetched once per content and kept in
the person's cache folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from jupyter_training.errors import InvalidUsage, NotFound, near_miss

if TYPE_CHECKING:
    from jupyter_training.client.client import Client

__all__ = ["load", "path"]

_UNPICKLES = {".joblib": "joblib", ".pkl": "pickle", ".pickle": "pickle"}


def path(client: Client, job: str, store: str, name: str) -> Path:
    """See ``Handle.path``."""
    found = client.artifacts(job)
    for artifact in found:
        if name in (artifact["name"], artifact["id"]):
            local = client.settings.outputs / job / artifact["name"]
            try:
                same = local.stat().st_size == artifact["size"]
            except OSError:
                same = False
            return local if same else _fetched(client, job, store, artifact)
    names = [artifact["name"] for artifact in found]
    close = near_miss(name, names) or near_miss(PurePosixPath(name).name, names)
    if close:
        hint = f"Did you mean {close!r}?"
    else:
        hint = f"It kept {', '.join(names[:5])}." if names else 'Code keeps a file by writing to output("name").'
    raise NotFound(f"The job {job} kept no file {name!r}.", hint=hint)


def load(file: Path, *, allow_pickle: bool = False) -> Any:
    """The content of a file by its suffix.

    json, csv and parquet give what Python, and pandas for the last two, make of
    them; npy and npz arrays, txt, log and md text. A joblib or pickle file runs
    code of whoever wrote it when it is read: only with ``allow_pickle``.

    Raises:
        InvalidUsage: an unknown suffix, a pickle without permission, or a library that is not here.
    """
    suffix = file.suffix.lower()
    if suffix in _UNPICKLES:
        if not allow_pickle:
            raise InvalidUsage(
                f"{file.name!r} is a pickle: reading it runs code of whoever wrote it.",
                hint="If that was you: load(..., allow_pickle=True).",
            )
        module = _library(_UNPICKLES[suffix], file)
        if suffix == ".joblib":
            return module.load(file)
        with open(file, "rb") as content:
            return module.load(content)
    if suffix == ".json":
        return json.loads(file.read_text("utf-8"))
    if suffix in (".txt", ".log", ".md"):
        return file.read_text("utf-8")
    if suffix in (".npy", ".npz"):
        return _library("numpy", file).load(file, allow_pickle=False)
    if suffix == ".csv":
        return _library("pandas", file).read_csv(file)
    if suffix == ".parquet":
        return _library("pandas", file).read_parquet(file)
    raise InvalidUsage(
        f"{file.name!r} has no suffix that can be loaded.",
        hint="Known: .json .txt .csv .npy .npz .parquet (.joblib .pkl with allow_pickle=True); path() gives the file.",
    )


def _library(name: str, file: Path) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InvalidUsage(
            f"Loading {file.name!r} needs {name}, which is not installed here.", hint=f"pip install {name}"
        ) from error


def _fetched(client: Client, job: str, store: str, artifact: Mapping[str, Any]) -> Path:
    """A copy in the cache, fetched unless this very content is there."""
    stamp = hashlib.sha256(f"{artifact['modified']} {artifact['size']}".encode()).hexdigest()[:12]
    folder = _cache() / store / job / f"{artifact['id']}-{stamp}"
    target = folder / PurePosixPath(artifact["name"]).name
    if target.is_file():
        return target
    content = client.artifact(job, artifact["id"])
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    os.replace(temporary, target)
    return target


def _cache() -> Path:
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "jupyter-training"
