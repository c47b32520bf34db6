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
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from jupyter_training.store import faults
from jupyter_training.store.filesystems import is_network

__all__ = ["Journal", "SqliteFile", "open_file", "reader", "writer"]

Journal = Literal["wal", "delete"]

_WRITES = "jupyter_training_writes"


@dataclass(frozen=True)
class SqliteFile:
    """An opened file. ``read_only``: it, or its folder, can't be written."""

    path: Path
    engine: Engine
    journal: Journal
    read_only: bool


def open_file(
    path: Path, *, synchronous: Literal["FULL", "NORMAL"], patience: float, journal: Journal | None = None
) -> SqliteFile:
    """Open the file, making it (0600) where it is not there yet.

    ``patience``: seconds to wait for other writers. ``journal`` forces a
    journal; None finds the best one that the folder allows.

    Raises:
        StoreReadOnly: it is not there and can't be made.
        StoreFull, StoreBusy, Unavailable: see ``faults``.
    """
    where = str(path)
    with faults.naming(where, path):
        if not _writable(path):
            return _open_read_only(path, patience)
        _create(path)
        chosen = _settle_journal(path, journal, patience)
        engine = _engine(f"file:{_quoted(path)}?mode=rw", synchronous, patience)
        return SqliteFile(path, engine, chosen, read_only=False)


def writer(engine: Engine) -> Connection:
    """A connection whose transactions write: they begin by taking the file's one write lock."""
    return engine.connect().execution_options(**{_WRITES: True})


def reader(engine: Engine) -> Connection:
    """A connection whose transactions see one state of the file."""
    return engine.connect()


def _engine(uri: str, synchronous: str, patience: float) -> Engine:
    engine = create_engine(
        "sqlite+pysqlite://",
        creator=lambda: sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None, check_same_thread=False),
        pool_size=4,
        max_overflow=28,
        pool_timeout=patience,
        poolclass=QueuePool,
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
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _open_read_only(path: Path, patience: float) -> SqliteFile:
    """Open without writing a byte, not even the log's shared memory where that is not there."""
    if not path.is_file():
        raise faults.read_only(str(path))
    wal = path.with_name(path.name + "-wal")
    uri = f"file:{_quoted(path)}?mode=ro"
    try:
        _touch(uri, patience)
    except sqlite3.OperationalError:
        # A log with content belongs to the database: without its shared memory it can't be read here.
        if wal.exists() and wal.stat().st_size > 0:
            raise
        uri = f"file:{_quoted(path)}?immutable=1"
        _touch(uri, patience)
    engine = _engine(uri, "FULL", patience)
    return SqliteFile(path, engine, "wal" if _header_says_wal(path) else "delete", read_only=True)


def _touch(uri: str, patience: float) -> None:
    connection = sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        connection.close()


def _settle_journal(path: Path, wish: Journal | None, patience: float) -> Journal:
    """Put the file into the journal mode that is right for its folder, and say which.

    The write-ahead log is tried by a transaction, not asked for: some file
    systems grant the mode and fail at the first page.
    """
    wish = wish or ("delete" if is_network(path) else "wal")
    connection = sqlite3.connect(f"file:{_quoted(path)}?mode=rw", uri=True, timeout=patience, isolation_level=None)
    try:
        if wish == "wal":
            if _try_wal(connection):
                return "wal"
            connection.close()
            connection = sqlite3.connect(
                f"file:{_quoted(path)}?mode=rw", uri=True, timeout=patience, isolation_level=None
            )
        return _use_rollback_journal(connection)
    finally:
        connection.close()


def _try_wal(connection: sqlite3.Connection) -> bool:
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            return False
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (
            sqlite3.SQLITE_READONLY,
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_PROTOCOL,
            sqlite3.SQLITE_IOERR,
        ):
            return False
        raise
    return True


def _use_rollback_journal(connection: sqlite3.Connection) -> Journal:
    """Leave the log mode; exclusively, as that needs no shared memory."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchone()
    connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    connection.execute("PRAGMA locking_mode = NORMAL").fetchone()
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return "delete"


def _writable(path: Path) -> bool:
    """Whether the folder, and the file if there is one, may be written (asked of the kernel, mount included)."""
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK) and (not path.exists() or os.access(path, os.W_OK))


def _create(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def _header_says_wal(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(20)[18:20] == b"\x02\x02"


def _quoted(path: Path) -> str:
    """The path inside a URI."""
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
