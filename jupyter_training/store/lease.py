"""The dispatcher's term: who acts on this store, and under which epoch.

Each taking raises the epoch, and every fact is written only while the epoch is
the writer's own: a dispatcher that was suspended past its term can't write.

    nobody, released, or the holder itself           -> taken
    this machine, an earlier boot, or a dead process -> taken at once
    otherwise                                        -> waited out

Times are seconds of the boot-time clock of one machine, which never jumps; a
PostgreSQL store, which several machines use, has its own clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from jupyter_training.errors import StaleEpoch
from jupyter_training.store.engine import Store
from jupyter_training.store.tables import lease as table

__all__ = ["Holder", "Lease", "check", "current", "release", "renew", "take"]

_SCOPE = "store"


@dataclass(frozen=True)
class Holder:
    """A process, told apart from every other one on every machine. ``start_time`` in ticks since boot."""

    host: str
    pid: int
    start_time: int
    boot_id: str


@dataclass(frozen=True)
class Lease:
    """A term. ``expires`` on the clock that the store goes by; 0 = released."""

    holder: Holder
    epoch: int
    expires: float


def take(store: Store, holder: Holder, *, ttl: float, boot_now: float, alive: Callable[[Holder], bool]) -> Lease | None:
    """Begin a term of ``ttl`` seconds under a new epoch; None while another holder's lasts.

    ``alive`` is asked about a holder on this machine's present boot only.
    """
    with store.write() as connection:
        now = _now(connection, boot_now)
        row = connection.execute(select(table).where(table.c.scope == _SCOPE)).first()
        if row is not None and not _may_succeed(row, holder, now, alive):
            return None
        values = {**vars(holder), "epoch": row.epoch + 1 if row is not None else 1, "expires": now + ttl}
        if row is None:
            connection.execute(insert(table).values(scope=_SCOPE, **values))
        else:
            connection.execute(update(table).where(table.c.scope == _SCOPE).values(**values))
    return Lease(holder, int(values["epoch"]), float(values["expires"]))


def renew(store: Store, lease: Lease, *, ttl: float, boot_now: float) -> Lease:
    """Prolong a term, also one that ran out while nobody succeeded.

    Raises:
        StaleEpoch: somebody has.
    """
    with store.write() as connection:
        expires = _now(connection, boot_now) + ttl
        mine = (table.c.scope == _SCOPE) & (table.c.epoch == lease.epoch)
        if connection.execute(update(table).where(mine).values(expires=expires)).rowcount != 1:
            raise _stale(lease.epoch)
    return Lease(lease.holder, lease.epoch, expires)


def release(store: Store, lease: Lease) -> None:
    """End a term; nothing if it is over already. The epoch stays, for the successor to raise."""
    with store.write() as connection:
        mine = (table.c.scope == _SCOPE) & (table.c.epoch == lease.epoch)
        connection.execute(update(table).where(mine).values(expires=0.0))


def current(store: Store) -> Lease | None:
    """The term as it was written last, over or not; None if there never was one or it was released."""
    with store.read() as connection:
        row = connection.execute(select(table).where(table.c.scope == _SCOPE)).first()
    if row is None or row.expires <= 0:
        return None
    return Lease(_holder(row), row.epoch, row.expires)


def check(connection: Connection, epoch: int) -> None:
    """See, inside a write transaction, that the epoch is still the newest.

    Raises:
        StaleEpoch: it is not.
    """
    if connection.execute(select(table.c.epoch).where(table.c.scope == _SCOPE)).scalar() != epoch:
        raise _stale(epoch)


def _may_succeed(row: Row[Any], holder: Holder, now: float, alive: Callable[[Holder], bool]) -> bool:
    before = _holder(row)
    if row.expires <= 0 or before == holder:
        return True
    if before.host == holder.host:
        if before.boot_id != holder.boot_id:
            return True  # the machine was started anew since
        if not alive(before):
            return True
    return bool(row.expires <= now)


def _holder(row: Row[Any]) -> Holder:
    return Holder(row.host, row.pid, row.start_time, row.boot_id)


def _now(connection: Connection, boot_now: float) -> float:
    if connection.dialect.name == "postgresql":
        return float(connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())
    return boot_now


def _stale(epoch: int) -> StaleEpoch:
    return StaleEpoch(f"Another dispatcher has taken over; epoch {epoch} is past.")
