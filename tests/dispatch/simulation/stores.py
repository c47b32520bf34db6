"""Stores that cost little: copies of one that was made once, in memory where the machine has a place for that.

What a power cut would lose is lost here; that the store itself keeps what it has said is for its own tests.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from sqlalchemy import event

from jupyter_training.settings import Settings
from jupyter_training.store.engine import Store

__all__ = ["Stores"]

_MEMORY = Path("/dev/shm")


class Stores:
    """A context; each ``fresh`` store lives until its block ends."""

    def __enter__(self) -> Self:
        where = _MEMORY if _MEMORY.is_dir() else None
        self._folder = tempfile.TemporaryDirectory(prefix="simulation-", dir=where, ignore_cleanup_errors=True)
        self._root = Path(self._folder.name)
        self._made = 0
        (self._root / "model").mkdir()
        Store.open(Settings(home=self._root / "model")).close()
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    @contextlib.contextmanager
    def fresh(self) -> Iterator[Store]:
        self._made += 1
        home = self._root / str(self._made)
        shutil.copytree(self._root / "model", home)
        try:
            with Store.open(Settings(home=home)) as store:
                for database in (store.jobs, store.points):
                    database.engine.dispose()  # what was opened before is as it was
                    event.listen(database.engine, "connect", _hasty)
                yield store
        finally:
            shutil.rmtree(home, ignore_errors=True)


def _hasty(connection: sqlite3.Connection, _entry: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")
