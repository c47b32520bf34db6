"""Make and upgrade the tables, each database by its own chain of revisions.

Opening a store of the current schema costs one look and imports no Alembic.
Anything else happens under a lock, with a copy of the file beside it first,
and not while a dispatcher of the older program is at work.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select, text

from jupyter_training.errors import StoreBusy, StoreReadOnly, StoreTooNew
from jupyter_training.store import copies, faults, identity, locks, postgres
from jupyter_training.store.databases import Database
from jupyter_training.store.machine import Machine

__all__ = ["HEADS", "bring_up", "revision_of", "upgrade", "version_table"]

# The newest revision of each database; a test holds them against the chains.
HEADS = {"jobs": "0007", "points": "0003"}

_UPGRADE_PATIENCE = 60.0  # seconds to wait for another process that upgrades


def version_table(database: Database) -> str:
    return f"{database.name}_schema"


def revision_of(connection: Connection, database: Database) -> str | None:
    """The revision that a database is at; None for an empty one."""
    table = Table(version_table(database), MetaData(), Column("version_num", String(32)))
    if not inspect(connection).has_table(table.name):
        return None
    found = connection.execute(select(table.c.version_num)).scalar()
    return str(found) if found is not None else None


def bring_up(jobs: Database, points: Database, *, machine: Machine, adopt: bool, program: str) -> None:
    """See that both databases are at the newest revision, and with ``adopt`` that this machine owns them.

    Raises:
        StoreTooNew: a newer program has upgraded it.
        StoreElsewhere: it would need an upgrade and belongs to another machine.
        StoreReadOnly: it would need an upgrade and can't be written.
        StoreBusy: a dispatcher is at work on the older schema, or another process upgrades for too long.
    """
    current = all(_is_current(database) for database in (jobs, points))
    if current and not adopt:
        return
    with _alone(jobs):
        if not current:
            _refuse_elsewhere(jobs, machine, adopt)
            with jobs.read() as connection:
                writer = _writer(connection, jobs)
            for database in (jobs, points):
                _bring_up(database, machine, program, writer)
        if adopt and jobs.path is not None:
            _adopt(jobs, machine)


def _refuse_elsewhere(jobs: Database, machine: Machine, adopt: bool) -> None:
    with jobs.read() as connection:
        if adopt or revision_of(connection, jobs) is None:
            return
        owner = identity.owner_of(identity.read_meta(connection))
        if owner is not None and not owner.is_here(machine):
            raise identity.elsewhere(jobs.where, owner, machine)


def _adopt(jobs: Database, machine: Machine) -> None:
    if jobs.read_only:
        raise faults.read_only(jobs.where)
    with jobs.write() as connection:
        owner = identity.owner_of(identity.read_meta(connection))
        if owner is None or not owner.is_here(machine):
            identity.depose(connection, machine)


def _is_current(database: Database) -> bool:
    with database.read() as connection:
        return revision_of(connection, database) == HEADS[database.name]


def _bring_up(database: Database, machine: Machine, program: str, writer: str) -> None:
    head = HEADS[database.name]
    with database.read() as connection:
        found = revision_of(connection, database)
        if found == head:
            return
        if found is not None and found > head:
            raise _too_new(database, found, program, writer)
        if database.read_only:
            raise StoreReadOnly(
                f"{database.where} was written by an older program and is read-only, so it can't be upgraded.",
                hint="Open it once where it can be written.",
            )
        if found is not None and database.name == "jobs":
            _refuse_while_at_work(connection, database, machine)
    if found is not None and database.path is not None:
        copies.copy_file(database.path, database.path.with_name(f"{database.path.name}.before-{head}"))
    upgrade(database, head)
    with database.write() as connection:
        if database.name == "jobs":
            if found is None:
                identity.stamp(connection, machine if database.path is not None else None)
            identity.note(connection, "program", program)


def upgrade(database: Database, revision: str) -> None:
    """Run the chain of migrations up to a revision, in one transaction."""
    from alembic import command
    from alembic.config import Config

    here = Path(__file__).parent / "alembic"
    config = Config()
    config.set_main_option("script_location", str(here).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(here / "versions" / database.name).replace("%", "%%"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        config.attributes["version_table"] = version_table(database)
        command.upgrade(config, revision)


def _writer(connection: Connection, jobs: Database) -> str:
    """The version of the program that upgraded the store last."""
    known = identity.read_meta(connection) if revision_of(connection, jobs) is not None else {}
    return known.get("program", "of an unknown version")


def _too_new(database: Database, found: str, program: str, writer: str) -> StoreTooNew:
    return StoreTooNew(
        f"{database.where} has schema {found}, written by jupyter_training {writer}; "
        f"this is jupyter_training {program}, which knows schema {HEADS[database.name]}.",
        hint="Upgrade this environment: pip install --upgrade jupyter-training",
    )


def _refuse_while_at_work(connection: Connection, database: Database, machine: Machine) -> None:
    row = connection.execute(text("SELECT host, pid, boot_id, expires FROM lease")).first()
    if row is None or row.expires <= 0:
        return
    if database.path is None:
        now = connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
    elif row.boot_id != machine.boot_id:
        return  # the machine was started anew since
    else:
        now = time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
        if not _pid_exists(row.pid):
            return
    if float(now) < row.expires:
        raise StoreBusy(
            f"{database.where} needs an upgrade, and a dispatcher of the older program (process {row.pid} on "
            f"{row.host}) is at work on it.",
            hint="Close the JupyterLab that started it, wait a minute, and try again.",
        )


def _pid_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _alone(jobs: Database) -> Iterator[None]:
    """Be the only process that makes or upgrades this store."""
    if jobs.path is None:
        with faults.naming(jobs.where), postgres.schema_lock(jobs.engine):
            yield
        return
    if jobs.read_only:
        yield
        return
    with locks.alone(jobs.path, patience=max(_UPGRADE_PATIENCE, jobs.patience)):
        yield
