"""Values that notebooks send along with their code: kept once per content, beside the code's blobs.

They come by an upload of their own, before the submit that names them; the
server hashes them while they arrive.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Self

from pydantic import BaseModel, ConfigDict

from jupyter_training.core.job import DataFile
from jupyter_training.errors import InvalidRequest, InvalidSpec, NotFound, Problem, StoreFull, TooLarge, Unavailable
from jupyter_training.services.site import Site

__all__ = ["LIMIT", "DataStored", "Upload", "check", "store", "stored"]

LIMIT = 2 * 1024**3  # bytes of one value
_PIECE = 1024 * 1024
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_FULL = (28, 122)  # ENOSPC, EDQUOT


class DataStored(BaseModel):
    """A content that is kept. ``created`` False: it was there before."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    size: int
    created: bool


class Upload:
    """One content on its way in: written beside its place, hashed as it comes, renamed when it is whole and right.

    Use it as a context: what was not finished leaves nothing.
    """

    def __init__(self, folder: Path, sha256: str, size: int = 0) -> None:
        """``size``: how much is announced, so that too much is refused before anything is written.

        Raises:
            NotFound: what should be the hash is none.
            TooLarge: more is announced than a value may have.
            StoreFull, Unavailable: the folder can't be written.
        """
        if not _HASH.match(sha256):
            raise NotFound(
                f"{sha256[:70]!r} is no SHA-256.",
                hint="It has 64 digits and letters from a to f, as hexdigest() gives.",
            )
        if size > LIMIT:
            raise _too_large()
        self._folder = folder
        self._sha256 = sha256
        self._target = folder / sha256
        self._hash = hashlib.sha256()
        self._size = 0
        self._turn = Lock()  # an upload may be given up while a piece of it is written
        self._temporary: str | None = None
        self._handle = -1
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._handle, self._temporary = tempfile.mkstemp(dir=folder, prefix=".coming-")  # 0600
        except OSError as error:
            raise _refused(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def write(self, piece: bytes) -> None:
        """Take a piece in.

        Raises:
            TooLarge: it is more than a value may have.
            StoreFull, Unavailable: the disk does not take it.
        """
        self._size += len(piece)
        if self._size > LIMIT:
            raise _too_large()
        self._hash.update(piece)
        with self._turn:
            if self._handle < 0:
                raise Unavailable("The upload was given up.")
            try:
                view = memoryview(piece)
                while view:
                    view = view[os.write(self._handle, view) :]
            except OSError as error:
                raise _refused(error) from None

    def finish(self) -> DataStored:
        """Put it in its place, durably. Repeating an upload changes nothing.

        Raises:
            InvalidRequest: the content has another hash than its address says.
            StoreFull, Unavailable: the disk does not take it.
        """
        found = self._hash.hexdigest()
        if found != self._sha256:
            raise InvalidRequest(
                f"The content has another SHA-256 than the address says: {found[:12]}..., not {self._sha256[:12]}...",
                hint="Send it again; it may have changed on its way.",
            )
        with self._turn:
            if self._temporary is None:
                raise Unavailable("The upload was given up.")
            created = not self._target.exists()
            try:
                os.fsync(self._handle)
                os.rename(self._temporary, self._target)
                _sync(self._folder)
            except OSError as error:
                raise _refused(error) from None
            self._temporary = None
        return DataStored(sha256=self._sha256, size=self._size, created=created)

    def close(self) -> None:
        """Let go; removes what was not finished."""
        with self._turn:
            if self._handle >= 0:
                os.close(self._handle)
                self._handle = -1
            if self._temporary is not None:
                Path(self._temporary).unlink(missing_ok=True)
                self._temporary = None


def stored(site: Site, sha256: str) -> DataStored:
    """What is kept under a hash. Asking keeps it from being tidied away for a day, so that a submit may follow.

    Raises:
        NotFound: nothing is.
    """
    target = site.settings.data / sha256
    if _HASH.match(sha256):
        try:
            size = target.stat().st_size
            os.utime(target)
            return DataStored(sha256=sha256, size=size, created=False)
        except OSError:
            pass
    raise NotFound(f"No data are kept under {sha256[:70]!r}.", hint="Send them by PUT to this address.")


def store(site: Site, sha256: str, content: bytes | Path) -> DataStored:
    """Keep a content that is at hand as a whole, or in a file; see ``Upload``."""
    with Upload(site.settings.data, sha256) as upload, _opened(content) as source:
        while piece := source.read(_PIECE):
            upload.write(piece)
        return upload.finish()


def _opened(content: bytes | Path) -> BinaryIO:
    if isinstance(content, bytes):
        return io.BytesIO(content)
    try:
        return content.open("rb")
    except OSError as error:
        raise InvalidRequest(f"The data can't be read: {error.strerror}.") from None


def check(site: Site, files: Sequence[DataFile]) -> None:
    """See that what a submit names was sent before, with the size that it says.

    Raises:
        InvalidSpec: a name comes twice, or a content is not there.
    """
    names = [file.name for file in files]
    for place, file in enumerate(files):
        key = f"data[{place}]"
        if names.index(file.name) != place:
            raise InvalidSpec(f"data: {file.name!r} is there twice.", errors=[Problem("is there twice", key=key)])
        target = site.settings.data / file.sha256
        try:
            size = target.stat().st_size
            os.utime(target)  # `db gc` takes what is old and no job's; this one is about to be
        except OSError:
            raise InvalidSpec(
                f"data: the content of {file.name!r} has not been sent.",
                hint=f"PUT data/{file.sha256} comes before the submit.",
                errors=[Problem("has not been sent", key=key)],
            ) from None
        if size != file.size:
            raise InvalidSpec(f"data: {file.name!r} has {size} bytes, not {file.size}.")


def _too_large() -> TooLarge:
    words = f"A value that goes along may have {LIMIT / 1e9:.1f} GB."
    return TooLarge(words, hint="Save larger data to a file, and read that in the job.")


def _refused(error: OSError) -> StoreFull | Unavailable:
    if error.errno in _FULL:
        return StoreFull("The disk of the server's home is full: the data could not be kept.", hint="Make room there.")
    return Unavailable(f"The data can't be kept: {error.strerror}.")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network file systems refuse this for folders
    finally:
        os.close(handle)
