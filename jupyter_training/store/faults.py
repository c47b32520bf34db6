"""What a database says when it can't, in words that name the file and the remedy."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from jupyter_training.errors import StoreBusy, StoreFull, StoreReadOnly, Unavailable

__all__ = ["busy", "naming", "naming_files", "read_only"]

_NEARLY_FULL = 256 * 1024  # bytes free below which an I/O error is taken for a full disk


@contextmanager
def naming(where: str, file: Path | None = None) -> Iterator[None]:
    """Turn a database's errors of state into ours. ``where`` is what a person calls the database.

    Errors of content (a broken constraint, wrong SQL) pass as they are: those
    are mistakes of this room and must be seen.

    Raises:
        StoreFull, StoreReadOnly, StoreBusy, Unavailable: as the database said.
    """
    try:
        yield
    except PoolTimeout:
        raise busy(where) from None
    except DBAPIError as error:
        found = _translated(error.orig, where, file)
        if found is None:
            raise
        raise found from error
    except sqlite3.Error as error:
        found = _sqlite(error, where, file)
        if found is None:
            raise
        raise found from error


@contextmanager
def naming_files(file: Path) -> Iterator[None]:
    """The same for what the operating system says while a database's files are made."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(str(file), file) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise read_only(str(file)) from error
        raise Unavailable(f"{file} could not be opened: {error.strerror}.") from error


def busy(where: str) -> StoreBusy:
    return StoreBusy(
        f"{where} is in use by another process that does not let go.",
        hint="Try again; if it lasts, `jupyter training doctor` tells who holds it.",
    )


def read_only(where: str) -> StoreReadOnly:
    return StoreReadOnly(
        f"{where} can't be written: its folder or file is read-only.",
        hint="Make it writable, or set JUPYTER_TRAINING_HOME to a folder that is.",
    )


def _full(where: str, file: Path | None) -> StoreFull:
    free = _free_bytes(file)
    left = f" ({free // 1024} kB left)" if free is not None else ""
    return StoreFull(
        f"There is no room left on the disk of {where}{left}; nothing of this request was stored.",
        hint="Free some space, e.g. with `jupyter training db gc`, and repeat it.",
    )


def _damaged(where: str) -> Unavailable:
    return Unavailable(
        f"{where} is damaged or is not a database of this program.",
        hint="`jupyter training db check` tells more; put a backup in its place.",
    )


def _translated(cause: BaseException | None, where: str, file: Path | None) -> Exception | None:
    if isinstance(cause, sqlite3.Error):
        return _sqlite(cause, where, file)
    state = getattr(cause, "sqlstate", None)
    if state in ("53100", "53200"):
        return _full(where, file)
    if state in ("25006", "42501"):
        return StoreReadOnly(
            f"{where} can't be written: it is a copy for reading, or this user may not.",
            hint="Name the primary server and a user with rights in JUPYTER_TRAINING_STORE.",
        )
    if state in ("55P03", "40P01", "57014"):
        return busy(where)
    if state is not None and (state[:2] in ("08", "57", "53") or state[:2] == "28"):
        return _unreachable(where)
    if state is None and type(cause).__name__ == "OperationalError":
        return _unreachable(where)
    return None


def _unreachable(where: str) -> Unavailable:
    return Unavailable(
        f"{where} does not answer, or does not let this user in.",
        hint="See that the server runs and that JUPYTER_TRAINING_STORE names it with the right user.",
    )


def _sqlite(cause: sqlite3.Error, where: str, file: Path | None) -> Exception | None:
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return _full(where, file)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return busy(where)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return read_only(where)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _damaged(where)
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        # The index of the write-ahead log is grown by hand; on a full disk that is an I/O error, not FULL.
        free = _free_bytes(file)
        if free is not None and free < _NEARLY_FULL:
            return _full(where, file)
        if file is not None and not os.access(file.parent, os.W_OK):
            return read_only(where)
        return Unavailable(
            f"{where} could not be opened or read: {cause}.",
            hint="See that the folder exists and that the disk is well.",
        )
    return None


def _free_bytes(file: Path | None) -> int | None:
    if file is None:
        return None
    try:
        status = os.statvfs(file.parent)
    except OSError:
        return None
    return status.f_bavail * status.f_frsize
