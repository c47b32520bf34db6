"""The two databases of a store: two SQLite files, or twice the same PostgreSQL database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError

from jupyter_training.errors import InvalidSpec
from jupyter_training.settings import Settings
from jupyter_training.store import faults, postgres, sqlite

__all__ = ["Database", "open_databases"]


@dataclass(frozen=True)
class Database:
    """One database and how it is spoken to. ``where`` is what a person calls it; ``path`` None: a server."""

    name: Literal["jobs", "points"]
    where: str
    engine: Engine
    journal: Literal["wal", "delete", "server"]
    read_only: bool
    patience: float
    path: Path | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with faults.naming(self.where, self.path):
            if self.path is None:
                with postgres.reader(self.engine) as connection, connection.begin():
                    yield connection
            else:
                with sqlite.reader(self.engine) as connection, connection.begin():
                    yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The write transaction; the caller has checked that writing is allowed."""
        with faults.naming(self.where, self.path):
            if self.path is None:
                with self.engine.connect() as connection, connection.begin():
                    postgres.lock(connection, self.name)
                    yield connection
            else:
                with sqlite.writer(self.engine) as connection, connection.begin():
                    yield connection

    def dispose(self) -> None:
        self.engine.dispose()


def open_databases(settings: Settings, *, patience: float) -> tuple[Database, Database]:
    """The databases that the settings name: by URL, else the files of the home.

    Raises:
        InvalidSpec: a URL of no kind that is known.
        StoreReadOnly, StoreFull, StoreBusy, Unavailable: see ``faults``.
    """
    if settings.store_url is None:
        return _files(settings.jobs_file, settings.points_file, patience)
    try:
        url = make_url(settings.store_url)
    except ArgumentError:
        raise InvalidSpec("The store's URL can't be read.", hint="E.g. postgresql://user@host/database.") from None
    if url.get_backend_name() == "sqlite" and url.database:
        jobs = Path(url.database).absolute()
        return _files(jobs, jobs.with_name(f"{jobs.stem}.points{jobs.suffix}"), patience)
    if url.get_backend_name() in ("postgresql", "postgres"):
        engine, where = postgres.connect(url, patience)
        return (
            Database("jobs", where, engine, "server", False, patience),
            Database("points", where, engine, "server", False, patience),
        )
    raise InvalidSpec(
        f"The store's URL begins with {url.drivername!r}; there is sqlite and postgresql.",
        hint="E.g. postgresql://user@host/database.",
    )


def _files(jobs: Path, points: Path, patience: float) -> tuple[Database, Database]:
    first = _file("jobs", jobs, patience)
    try:
        return first, _file("points", points, patience)
    except BaseException:
        first.dispose()
        raise


def _file(name: Literal["jobs", "points"], path: Path, patience: float) -> Database:
    opened = sqlite.open_file(path, synchronous="FULL" if name == "jobs" else "NORMAL", patience=patience)
    return Database(name, str(path), opened.engine, opened.journal, opened.read_only, patience, path)
