"""Who a store is, and which machine it belongs to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from jupyter_training.errors import StoreElsewhere
from jupyter_training.store.machine import UNKNOWN_BOOT, Machine
from jupyter_training.store.tables import lease, meta

__all__ = ["Owner", "depose", "elsewhere", "note", "own", "owner_of", "read_meta", "stamp"]


@dataclass(frozen=True)
class Owner:
    """The machine that a store belongs to, as the store recorded it."""

    id: str
    host: str
    boot_id: str | None

    def is_here(self, machine: Machine) -> bool:
        """Whether this is that machine. Two containers on one running kernel are: they share locks and memory."""
        return self.id == machine.id or (self.boot_id is not None and self.boot_id == machine.boot_id)


def read_meta(connection: Connection) -> dict[str, str]:
    return {row.key: row.value for row in connection.execute(select(meta))}


def owner_of(known: dict[str, str]) -> Owner | None:
    """The owner; None on a server, where any machine may come."""
    if "machine_id" not in known:
        return None
    return Owner(known["machine_id"], known["machine_host"], known.get("machine_boot"))


def stamp(connection: Connection, machine: Machine | None) -> None:
    """Give a new store its identity."""
    note(connection, "store_id", uuid.uuid4().hex)
    if machine is not None:
        own(connection, machine)


def own(connection: Connection, machine: Machine) -> None:
    """Note the machine as the owner, as it is called now."""
    note(connection, "machine_id", machine.id)
    note(connection, "machine_host", machine.host)
    if machine.boot_id != UNKNOWN_BOOT:
        note(connection, "machine_boot", machine.boot_id)


def depose(connection: Connection, machine: Machine) -> None:
    """Make the machine the owner. Whoever holds the lease elsewhere writes under a stale epoch from now on."""
    own(connection, machine)
    connection.execute(update(lease).values(epoch=lease.c.epoch + 1, expires=0))


def elsewhere(where: str, owner: Owner, here: Machine) -> StoreElsewhere:
    return StoreElsewhere(
        f"{where} belongs to the machine {owner.host!r} and this is {here.host!r}; here it can only be read.",
        hint=f"Work on {owner.host!r}, or, if nothing uses it there any more, take it over: "
        "`jupyter training db adopt`.",
    )


def note(connection: Connection, key: str, value: str) -> None:
    """Set one entry of ``meta``."""
    if not connection.execute(update(meta).where(meta.c.key == key).values(value=value)).rowcount:
        connection.execute(insert(meta).values(key=key, value=value))
