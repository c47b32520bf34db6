"""The store, opened: two databases, their identity, and how they are read and written.

``write()`` gives the one write transaction there is at a time; ``read()`` sees
one state. The points have their own pair, as they live in their own file; no
transaction spans both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

import jupyter_training
from jupyter_training.errors import Unavailable
from jupyter_training.settings import Settings
from jupyter_training.store import databases, faults, identity, migrate
from jupyter_training.store.databases import Database
from jupyter_training.store.identity import Owner
from jupyter_training.store.machine import Machine
from jupyter_training.store.memory import Memory
from jupyter_training.store.spec_cache import SpecCache

__all__ = ["Store"]


@dataclass(eq=False)
class Store:
    """Safe to share between threads. Use it as a context, or ``close`` it."""

    settings: Settings
    store_id: str
    clock: Callable[[], float]
    machine: Machine
    jobs: Database
    points: Database
    owner: Owner | None  # the machine that may write; None: any
    specs: SpecCache = field(default_factory=SpecCache)
    memory: Memory = field(default_factory=Memory)
    _jobs_turn: Lock = field(default_factory=Lock)
    _points_turn: Lock = field(default_factory=Lock)

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        machine: Machine | None = None,
        adopt: bool = False,
        patience: float = 10.0,
    ) -> Store:
        """Open the store of a home, making or upgrading it where that is due.

        A store of another machine, or in a read-only folder, opens for reading
        only. ``adopt`` makes this machine its owner; whoever still holds the
        lease elsewhere is deposed. ``patience``: seconds to wait for other
        writers before StoreBusy.

        Raises:
            StoreTooNew: a newer program wrote it.
            StoreElsewhere: it needs an upgrade, and belongs to another machine.
            StoreReadOnly: it is not there, or needs an upgrade, and can't be written.
            StoreFull, StoreBusy, Unavailable: in the words of ``faults``.
        """
        machine = machine or Machine.current()
        jobs, points = databases.open_databases(settings, patience=patience)
        try:
            migrate.bring_up(jobs, points, machine=machine, adopt=adopt, program=jupyter_training.__version__)
            with jobs.read() as connection:
                known = identity.read_meta(connection)
        except BaseException:
            jobs.dispose()
            points.dispose()
            raise
        store = cls(settings, known["store_id"], clock, machine, jobs, points, identity.owner_of(known))
        store._keep_owner_known()
        return store

    @property
    def is_elsewhere(self) -> bool:
        """Whether another machine owns it."""
        return self.owner is not None and not self.owner.is_here(self.machine)

    @property
    def read_only(self) -> bool:
        """True when every write is refused; the error of the write says why."""
        return self.is_elsewhere or self.jobs.read_only or self.points.read_only

    @property
    def journal(self) -> str:
        """How it is written: "wal"; "delete", a rollback journal, where the folder allows no better; "server"."""
        return "delete" if "delete" in (self.jobs.journal, self.points.journal) else self.jobs.journal

    def write(self) -> AbstractContextManager[Connection]:
        """One transaction on the jobs; committed at the end of the block, and durable then.

        Raises:
            StoreElsewhere, StoreReadOnly, StoreFull, StoreBusy, Unavailable
        """
        return self._write(self.jobs, self._jobs_turn)

    def write_points(self) -> AbstractContextManager[Connection]:
        """One transaction on the points."""
        return self._write(self.points, self._points_turn)

    def read(self) -> AbstractContextManager[Connection]:
        """One state of the jobs."""
        return self.jobs.read()

    def read_points(self) -> AbstractContextManager[Connection]:
        """One state of the points."""
        return self.points.read()

    @contextmanager
    def _write(self, database: Database, turn: Lock) -> Iterator[Connection]:
        if self.owner is not None and self.is_elsewhere:
            raise identity.elsewhere(database.where, self.owner, self.machine)
        if database.read_only:
            raise faults.read_only(database.where)
        # Threads queue here in order; only other processes have to be polled for.
        if not turn.acquire(timeout=database.patience):
            raise faults.busy(database.where)
        try:
            with database.write() as connection:
                yield connection
        finally:
            turn.release()

    def _keep_owner_known(self) -> None:
        """Note the owner's present name and boot, so that a container started anew beside it is known as at home."""
        now = Owner(self.machine.id, self.machine.host, self.machine.boot_id)
        if self.owner in (None, now) or self.read_only:
            return
        with suppress(Unavailable), self.write() as connection:  # it is a courtesy: the next one may do it
            identity.own(connection, self.machine)

    def close(self) -> None:
        self.jobs.dispose()
        self.points.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
