"""A PostgreSQL database as the store, for a team's machine or a hub.

Both halves of the store live in one database. Where SQLite has one writer by
nature, a lock of the transaction's length makes one here: the change log counts
itself up and must be in the order of the commits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from jupyter_training.errors import Unavailable

__all__ = ["connect", "lock", "reader", "schema_lock"]

# Keys of advisory locks are numbers: "jt" and what for.
_KEYS = {"jobs": 0x6A740001, "points": 0x6A740002, "schema": 0x6A740003}


def connect(url: URL, patience: float) -> tuple[Engine, str]:
    """An engine for the URL, and what a person calls the database (no user, no password)."""
    url = url.set(drivername="postgresql+psycopg")
    where = f"The PostgreSQL database {url.database!r} on {url.host or 'this machine'}"
    try:
        engine = create_engine(
            url, pool_size=4, max_overflow=28, pool_timeout=patience, pool_pre_ping=True, hide_parameters=True
        )
    except (NoSuchModuleError, ModuleNotFoundError):
        raise Unavailable(
            "The driver for PostgreSQL is not installed here.",
            hint="pip install 'jupyter-training[postgres]'",
        ) from None
    milliseconds = int(patience * 1000)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {milliseconds}")
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.close()
        connection.commit()

    return engine, where


def lock(connection: Connection, name: Literal["jobs", "points"]) -> None:
    """Become the one writer until this transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _KEYS[name]})


@contextmanager
def schema_lock(engine: Engine) -> Iterator[None]:
    """Be the only one who makes or upgrades the tables."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _KEYS["schema"]})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _KEYS["schema"]})


def reader(engine: Engine) -> Connection:
    """A connection whose transactions see one state, as SQLite's do."""
    return engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
