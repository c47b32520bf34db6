"""Pools as rows: every one there is, made, changed and removed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.job import Instant
from jupyter_training.core.resources import Pool
from jupyter_training.store import changelog
from jupyter_training.store.engine import Store
from jupyter_training.store.tables import pools

__all__ = ["read", "read_all", "remove", "write"]


def read_all(store: Store) -> dict[str, Pool]:
    """Every pool by name, in the order of names."""
    with store.read() as connection:
        return read(connection)


def read(connection: Connection) -> dict[str, Pool]:
    """The same within a transaction."""
    return {row.name: _pool(row) for row in connection.execute(select(pools).order_by(pools.c.name))}


def write(store: Store, pool: Pool, *, now: Instant) -> None:
    """Make a pool, or change the one of that name. If it is the default one, no other is any more."""
    values = _row(pool)
    with store.write() as connection:
        before = connection.execute(select(pools).where(pools.c.name == pool.name)).first()
        if before is None:
            connection.execute(insert(pools).values(**values))
        elif {**before._mapping} == values:
            return
        else:
            connection.execute(update(pools).where(pools.c.name == pool.name).values(**values))
        if pool.is_default:
            connection.execute(update(pools).where(pools.c.name != pool.name).values(is_default=False))
        changelog.append(connection, [(ChangeKind.POOL, None)], now)


def remove(connection: Connection, name: str, *, now: Instant) -> None:
    """Take a pool's row away; whether jobs are left in it is the caller's to see, in the same transaction."""
    connection.execute(delete(pools).where(pools.c.name == name))
    changelog.append(connection, [(ChangeKind.POOL, None)], now)


def _pool(row: Row[Any]) -> Pool:
    return Pool(**{**row._mapping, "devices": tuple(row.devices.split(",")) if row.devices else ()})


def _row(pool: Pool) -> dict[str, Any]:
    return {**vars(pool), "devices": ",".join(pool.devices)}
