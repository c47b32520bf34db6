"""The archive of a context, written: entries in their order, without times and owners."""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from jupyter_training.client.context_walk import Entry, refused, shown
from jupyter_training.errors import InvalidSpec

__all__ = ["write"]


def write(archive: Path, root: Path, entries: Iterable[Entry]) -> str:
    """Write the archive; its SHA-256.

    Raises:
        InvalidSpec: a file can't be read, or is no longer what it was in ``entries``; it is named.
        OSError: the archive can't be written.
    """
    with open(archive, "wb") as out:
        hashing = _Hashing(out)
        with tarfile.open(fileobj=hashing, mode="w|", bufsize=65_536, format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
            for entry in entries:
                _add(tar, root, entry)
    return hashing.digest.hexdigest()


class _Hashing:
    """A file that is hashed as it is written."""

    def __init__(self, out: IO[bytes]) -> None:
        self.digest = hashlib.sha256()
        self._out = out

    def write(self, piece: bytes) -> int:
        self.digest.update(piece)
        return self._out.write(piece)


def _add(tar: tarfile.TarFile, root: Path, entry: Entry) -> None:
    info = tarfile.TarInfo(entry.path)  # without time and owner
    info.mode = 0o755 if entry.kind == "folder" or entry.executable else 0o644
    if entry.kind == "folder":
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
    elif entry.kind == "link":
        info.type, info.linkname = tarfile.SYMTYPE, entry.target
        tar.addfile(info)
    else:
        with _opened(root, entry) as source:
            info.size = entry.size
            try:
                tar.addfile(info, source)
            except OSError as error:
                if error.errno is not None:
                    raise
                raise _changed(entry) from None  # tarfile's own: it is shorter than it was
            if source.read(1):
                raise _changed(entry)


def _opened(root: Path, entry: Entry) -> IO[bytes]:
    """The file, if it is still one: what has become a link or a pipe meanwhile is not followed and not waited for."""
    try:
        handle = os.open(root / entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        words = f"The context's {shown(entry.path)} can't be read: {error.strerror}."
        raise refused(words, "To leave it out, put a line for it into the context's .trainignore.") from None
    source = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        source.close()
        raise _changed(entry)
    return source


def _changed(entry: Entry) -> InvalidSpec:
    return refused(f"The context's {shown(entry.path)} changed while it was packed.", "Submit again once it rests.")
