"""What came out of a job: the files below its output folder."""

from __future__ import annotations

import contextlib
import hashlib
import mimetypes
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict

from jupyter_training.core.ids import JobId
from jupyter_training.errors import InvalidUsage, NotFound
from jupyter_training.schema import ArtifactView
from jupyter_training.services.instants import instant
from jupyter_training.services.site import Site

__all__ = ["ArtifactQuery", "folder", "kept", "open_artifact", "view"]

LIMIT = 10_000  # files that a list names
_LONGEST = 4_000  # characters of a folder's path; one that is longer, nobody opens by its path
# What a page of ours may show: pictures and plain text. An SVG comes in a sandbox; HTML and PDF are only downloaded.
_SHOWN = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/svg+xml",
        "text/plain",
        "text/csv",
        "application/json",
    }
)

# What Python's table lacks or calls by a name that nobody shows.
_TYPES = {".webp": "image/webp"} | dict.fromkeys((".log", ".md", ".yaml", ".yml", ".jsonl"), "text/plain")


class ArtifactQuery(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    inline: bool = False  # to be shown in a page, not saved; only what is safe there


def folder(site: Site, job: JobId) -> Path:
    """A job's output folder, whether or not it is there yet."""
    return site.settings.outputs / job


def kept(site: Site, job: JobId) -> list[ArtifactView]:
    """The job's output files, by name. Links and special files are left out."""
    root = folder(site, job)
    found = []
    for name, status in _files(root):
        found.append(view(name, status))
        if len(found) == LIMIT:
            break
    return sorted(found, key=lambda artifact: artifact.name)


def view(name: str, status: os.stat_result) -> ArtifactView:
    """A kept file, by its path below the output folder."""
    return ArtifactView(
        id=_artifact_id(name),
        name=name,
        size=status.st_size,
        type=_type_of(name),
        modified=instant(status.st_mtime) or "",
    )


def open_artifact(site: Site, job: JobId, artifact: str, query: ArtifactQuery) -> tuple[BinaryIO, ArtifactView]:
    """An open file and its view. Opened beneath the output folder without following links.

    Raises:
        NotFound: no output of the job has that id.
        InvalidUsage: it is to be shown in a page, and is of a kind that is only downloaded.
    """
    for view in kept(site, job):
        if view.id == artifact:
            if query.inline and view.type not in _SHOWN:
                raise InvalidUsage(f"{view.name} ({view.type}) is not shown in a page.", hint="Download it instead.")
            try:
                return _open_beneath(folder(site, job), view.name), view
            except OSError:
                break
    raise NotFound(f"The job {job} has no output {artifact[:40]!r}.", hint="The list of its artifacts gives the ids.")


def _type_of(name: str) -> str:
    own = _TYPES.get(os.path.splitext(name)[1].lower())
    if own is not None:
        return own
    kind, packed = mimetypes.guess_type(name)
    if packed is not None:  # an SVG that is packed is no SVG to a browser that is not told so
        return f"application/{packed}"
    return kind or "application/octet-stream"


def _artifact_id(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _files(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Regular files below ``root`` with their relative names; links are neither followed nor named."""
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        for name, status in _entries(root, prefix):
            if stat.S_ISREG(status.st_mode):
                yield f"{prefix}{name}", status
            elif stat.S_ISDIR(status.st_mode) and len(prefix) < _LONGEST:
                waiting.append(f"{prefix}{name}/")


def _entries(root: Path, prefix: str) -> list[tuple[str, os.stat_result]]:
    """What is in one folder, by name; nothing where it is a link or is reached by one."""
    found = []
    try:
        here = _folder_beneath(root, prefix.split("/")[:-1])
    except OSError:
        return []
    try:
        with os.scandir(here) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    found.append((entry.name, entry.stat(follow_symlinks=False)))
    except OSError:
        return []
    finally:
        os.close(here)
    return sorted(found, key=lambda one: one[0])


def _open_beneath(root: Path, name: str) -> BinaryIO:
    *folders, last = name.split("/")
    here = _folder_beneath(root, folders)
    try:
        return os.fdopen(os.open(last, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=here), "rb")
    finally:
        os.close(here)


def _folder_beneath(root: Path, folders: list[str]) -> int:
    """Open a folder step by step, each step refusing links, the root's too: a job can't point us elsewhere."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    here = os.open(root, flags)
    try:
        for name in folders:
            below = os.open(name, flags, dir_fd=here)
            os.close(here)
            here = below
    except OSError:
        os.close(here)
        raise
    return here
