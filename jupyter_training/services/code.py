"""A job's code as it was sent."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from jupyter_training.core.job import BundleFile
from jupyter_training.services.jobs import known
from jupyter_training.services.site import Site

__all__ = ["CodeFile", "CodeView", "code", "text_of"]

_SHOWN_BYTES = 1_000_000  # of one file
_SHOWN_IN_ALL = 8_000_000


class CodeFile(BaseModel):
    model_config = ConfigDict(frozen=True)

    path: str
    size: int
    text: str | None  # None: it is no text, or too long to be shown


class CodeView(BaseModel):
    model_config = ConfigDict(frozen=True)

    entry: str  # the path of the file that is run
    files: tuple[CodeFile, ...]


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
    return CodeView(entry=spec.entry.path, files=tuple(files))


def text_of(site: Site, file: BundleFile) -> str | None:
    """A bundle file's text; None for what is no text, or no longer there."""
    try:
        return (site.settings.blobs / file.sha256).read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
