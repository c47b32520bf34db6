"""One SQLite file of the embedded store: how it is opened so that it is durable and never torn.

Writes are ``BEGIN IMMEDIATE``: a transaction that reads first and writes later
fails at once with "busy" in SQLite, whatever the time-out says. The journal is
the write-ahead log, where several processes read while one writes, except on
network file systems and wherever its shared memory can't be had: there it is
the rollback journal, slower and safe.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from jupyter_training.store import faults, locks
from jupyter_training.store.filesystems import is_network

__all__ = ["Journal", "SqliteFile", "open_file", "reader", "writer"]

Journal = Literal["wal", "delete"]

_WRITES = "jupyter_training_writes"
_PAUSE = 0.01  # seconds

_handles: dict[tuple[int, int], int] = {}  # by device and inode; see ``_held``
_holding = Lock()


@dataclass(frozen=True)
class SqliteFile:
    """An opened file. ``read_only``: it, or its folder, can't be written."""

    path: Path
    engine: Engine
    journal: Journal
    read_only: bool


def open_file(path: Path, *, synchronous: Literal["FULL", "NORMAL"], patience: float) -> SqliteFile:
    """Open the file, making it (0600) where it is not there yet. ``patience``: seconds to wait for other writers.

    Raises:
        StoreReadOnly: it is not there and can't be made.
        StoreFull, StoreBusy, Unavailable: see ``faults``.
    """
    with faults.naming(str(path), path), faults.naming_files(path):
        if not _writable(path):
            return _open_read_only(path, patience)
        journal = _settle_journal(path, patience)
        return SqliteFile(path, _engine(_uri(path, "mode=rw"), synchronous, patience), journal, read_only=False)


def writer(engine: Engine) -> Connection:
    """A connection whose transactions write: they begin by taking the file's one write lock."""
    return engine.connect().execution_options(**{_WRITES: True})


def reader(engine: Engine) -> Connection:
    """A connection whose transactions see one state of the file."""
    return engine.connect()


def _engine(uri: str, synchronous: str, patience: float) -> Engine:
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=lambda: _connect(uri, patience),
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=28,
        pool_timeout=patience,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -8000")
        connection.execute("PRAGMA journal_size_limit = 67108864")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        _begin(connection, "BEGIN IMMEDIATE" if writes else "BEGIN", time.monotonic() + patience)

    return engine


def _begin(connection: Connection, statement: str, deadline: float) -> None:
    """Begin, also past the moments where SQLite says busy without waiting, as while a log is recovered."""
    while True:
        try:
            connection.exec_driver_sql(statement)
            return
        except OperationalError as error:
            code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
            if code not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL) or time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)


def _open_read_only(path: Path, patience: float) -> SqliteFile:
    """Open without writing a byte, not even the log's shared memory where that is not there."""
    if not path.is_file():
        raise faults.read_only(str(path))
    uri = _uri(path, "mode=ro")
    try:
        _look(uri, patience)
    except sqlite3.OperationalError:
        wal = path.with_name(path.name + "-wal")
        if wal.exists() and wal.stat().st_size > 0:
            raise  # a log with content belongs to the database, and can't be read here
        uri = _uri(path, "immutable=1")
        _look(uri, patience)
    journal: Journal = "wal" if _header_says_wal(path) else "delete"
    return SqliteFile(path, _engine(uri, "FULL", patience), journal, read_only=True)


def _settle_journal(path: Path, patience: float) -> Journal:
    """Which journal the file has, deciding it where that is still open: when the file is made.

    After that it stays as it is, as other processes may be at work in it, with
    one exception: a log whose shared memory can't be had here is given up, or
    the file could not be opened at all.
    """
    if path.exists() and path.stat().st_size > 0:
        if not _header_says_wal(path):
            return "delete"
        if _log_works(path):
            return "wal"
    with locks.alone(path, patience=patience):
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        if path.stat().st_size > 0 and (not _header_says_wal(path) or _log_works(path)):
            return "wal" if _header_says_wal(path) else "delete"  # another process was faster
        if not is_network(path) and _try_wal(path, patience):
            return "wal"
        return _use_rollback_journal(path, patience)


def _log_works(path: Path) -> bool:
    """Whether a write could begin; that another process is just writing is as good an answer."""
    with closing(_connect(_uri(path, "mode=rw"), 0)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return True
            if not _means_no_shared_memory(error):
                raise
            return False
    return True


def _try_wal(path: Path, patience: float) -> bool:
    """Switch to the write-ahead log, by a transaction: some file systems grant the mode and fail at the first page."""
    with closing(_connect(_uri(path, "mode=rw"), patience)) as connection:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode != "wal":
                return False
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("PRAGMA user_version = 1")
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if not _means_no_shared_memory(error):
                raise
            return False
    return True


def _use_rollback_journal(path: Path, patience: float) -> Journal:
    """Leave the log mode; exclusively, as that needs no shared memory."""
    with closing(_connect(_uri(path, "mode=rw"), patience)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchone()
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        connection.execute("PRAGMA user_version = 1")
    return "delete"


def _means_no_shared_memory(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_IOERR,
    )


def _look(uri: str, patience: float) -> None:
    """Read one page, which takes what the journal needs."""
    with closing(_connect(uri, patience)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _connect(uri: str, patience: float) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None, check_same_thread=False)


def _uri(path: Path, mode: str) -> str:
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{quoted}?{mode}"


def _writable(path: Path) -> bool:
    """Whether the folder, and the file if there is one, may be written (asked of the kernel, mount included)."""
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK) and (not path.exists() or os.access(path, os.W_OK))


def _header_says_wal(path: Path) -> bool:
    return os.pread(_held(path), 20, 0)[18:20] == b"\x02\x02"


def _held(path: Path) -> int:
    """A handle of the file that stays open for ever, one for each file.

    To close any handle of it would drop all locks that SQLite has on it in this
    process (so POSIX says): other processes would take the log for nobody's and
    remove it, and what is written here afterwards would be lost.
    """
    with _holding:
        status = path.stat()
        known = _handles.get((status.st_dev, status.st_ino))
        if known is not None:
            return known
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        status = os.fstat(handle)
        return _handles.setdefault((status.st_dev, status.st_ino), handle)
