"""A job's code as it was sent, and what a folder that was sent along has in it."""

from __future__ import annotations

import contextlib

from pydantic import BaseModel, ConfigDict

from jupyter_training.backends import context
from jupyter_training.core.job import BundleFile, ContextRef
from jupyter_training.services.jobs import known
from jupyter_training.services.site import Site

__all__ = ["CodeFile", "CodeView", "ContextFile", "ContextView", "code", "text_of"]

_SHOWN_BYTES = 1_000_000  # of one file
_SHOWN_IN_ALL = 8_000_000
_LISTED = 2_000  # files of a context


class CodeFile(BaseModel):
    model_config = ConfigDict(frozen=True)

    path: str
    size: int
    text: str | None  # None: it is no text, or too long to be shown


class ContextFile(BaseModel):
    model_config = ConfigDict(frozen=True)

    path: str
    size: int
    target: str | None = None  # of a link, as it is written


class ContextView(BaseModel):
    """A folder that was sent along. ``size`` is that of its files; ``listed`` names the first of them, by path."""

    model_config = ConfigDict(frozen=True)

    files: int
    size: int
    listed: tuple[ContextFile, ...] | None  # None: its archive is no longer kept


class CodeView(BaseModel):
    model_config = ConfigDict(frozen=True)

    entry: str  # the path of the file that is run
    files: tuple[CodeFile, ...]
    context: ContextView | None = None


def code(site: Site, job_id: str) -> CodeView:
    """The files of the job's bundle, by path.

    Raises:
        UnknownJob: no job has that id.
    """
    spec = known(site, job_id).spec
    room = _SHOWN_IN_ALL
    files = []
    for file in spec.files:
        text = text_of(site, file) if file.size <= min(_SHOWN_BYTES, room) else None
        room -= file.size if text is not None else 0
        files.append(CodeFile(path=file.path, size=file.size, text=text))
    along = None if spec.context is None else _context(site, spec.context)
    return CodeView(entry=spec.entry.path, files=tuple(files), context=along)


def _context(site: Site, sent: ContextRef) -> ContextView:
    listed = None
    with contextlib.suppress(OSError, context.Unusable):
        members = sorted(context.read(site.settings.data / sent.sha256), key=lambda one: one.path)
        listed = tuple(
            ContextFile(path=one.path, size=one.size, target=one.target if one.kind == "link" else None)
            for one in members
            if one.kind != "folder"
        )[:_LISTED]
    return ContextView(files=sent.files, size=sent.size, listed=listed)


def text_of(site: Site, file: BundleFile) -> str | None:
    """A bundle file's text; None for what is no text, or no longer there."""
    try:
        return (site.settings.blobs / file.sha256).read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
