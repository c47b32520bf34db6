"""A checkpoint on disk: a folder that is there as a whole or not at all, and how one knows that it is whole.

    <folder>/step-000000010.2/manifest.json      what it is and the size and hash of each file
    <folder>/step-000000010.2/...                the files themselves
    <folder>/.tmp-...                            one that is being written; nobody's, if its writer is gone

The name says the step, the attempt that wrote it, and, once the attempt has begun
its steps anew, for the how manyeth time it goes through them. A checkpoint is committed by renaming its
folder after everything in it is on disk; the manifest is written last. The
manifest's own hash travels in the event that tells of the checkpoint, so that a
damaged manifest is noticed too.

A service that copies the folder while the code runs makes markers beside the
files, which come and go at any moment. They are nobody's files: no manifest has
them, and no check asks for them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re

from jupyter_training.spool import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jupyter_training.spool.layout import StrPath

__all__ = [
    "MANIFEST", "MARKERS", "MISSING", "TEMPORARY", "UPLOADED", "UPLOADING",
    "digest", "fault", "is_marker", "is_name", "name", "parts", "read",
]  # fmt: skip

MANIFEST = "manifest.json"
MISSING = "it is missing"  # what is wrong with one of which nothing is there
TEMPORARY = ".tmp-"
UPLOADING, UPLOADED = ".sagemaker-uploading", ".sagemaker-uploaded"  # behind the name of the file that is copied
MARKERS = (UPLOADING, UPLOADED)

_NAME = re.compile(r"step-(\d{9,15})\.(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)
_PIECE = 1024 * 1024


def name(step: int, attempt: int, count: int = 1) -> str:
    """The folder's name. ``count``: goes up when the attempt's steps begin anew, so that no name is given twice."""
    return f"step-{step:09}.{attempt}" + (f".{count}" if count > 1 else "")


def parts(text: str) -> tuple[int, int, int] | None:
    """Step, attempt and count of a name; None if it is no checkpoint's name, and so safe in no path."""
    found = _NAME.fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3] or 1)) if found else None


def is_name(text: object) -> bool:
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def is_marker(path: str) -> bool:
    """Whether a file is a mark of a service's own copying."""
    return path.endswith(MARKERS)


def read(folder: StrPath) -> dict[str, Any] | None:
    """The manifest, unchecked; None where there is none that can be read."""
    return layout.read_json(os.path.join(folder, MANIFEST))


def digest(path: StrPath) -> str:
    """A file's hash, as manifests have it.

    Raises:
        OSError: it can't be read.
    """
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def fault(folder: StrPath, sha256: str | None = None) -> str | None:
    """What is wrong with a checkpoint, as the end of a sentence; None if it is whole.

    ``sha256`` is what its manifest shall have, where that is known. Reads all
    that is in it.

    Raises:
        OSError: the system does not let us look, which says nothing about the checkpoint.
    """
    root = os.fspath(folder)
    try:
        with open(os.path.join(root, MANIFEST), "rb") as file:
            content = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return f"its {MANIFEST} is missing" if os.path.isdir(root) else MISSING
    if sha256 and hashlib.sha256(content).hexdigest() != sha256:
        return f"its {MANIFEST} has changed since it was written"
    try:
        files = [(str(one["path"]), int(one["size"]), str(one["sha256"])) for one in json.loads(content)["files"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return f"its {MANIFEST} can't be read"
    for path, size, wanted in files:
        if os.path.isabs(path) or os.pardir in path.split("/"):
            return f"{path!r} leads out of it"
        if is_marker(path):
            continue  # in a manifest of an earlier version; gone by now, or not
        why = _file_fault(os.path.join(root, path), size, wanted)
        if why is not None:
            return f"{path} {why}"
    return None


def _file_fault(path: str, size: int, wanted: str) -> str | None:
    try:
        found = os.stat(path).st_size
        if found != size:
            return f"has {found} bytes, not {size}"
        return None if digest(path) == wanted else "has changed since it was written"
    except (FileNotFoundError, NotADirectoryError):
        return "is missing"
