"""What is wrong with a store, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from sqlalchemy import or_, select

from jupyter_training.core.lifecycle import AttemptState, JobState
from jupyter_training.errors import Unavailable
from jupyter_training.store.databases import Database
from jupyter_training.store.engine import Store
from jupyter_training.store.tables import attempts, heads, jobs, offsets, series, specs

__all__ = ["Finding", "check"]

_SHOWN = 5  # faults of one kind in a sentence
_SLACK = 0.5  # share of free pages from which a file is worth rewriting
_SLACK_FROM = 16 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class Finding:
    """One thing that somebody should know. ``fault``: something is broken; ``note``: it works."""

    level: Literal["fault", "note"]
    sentence: str
    hint: str | None = None


def check(store: Store) -> list[Finding]:
    """Look at everything; an empty list: all is well. Reads every page, so it takes its time on large stores."""
    found: list[Finding] = []
    files = [database for database in (store.jobs, store.points) if database.path is not None]
    for look in (*(partial(_pages, database) for database in files), partial(_rows, store)):
        try:
            found += look()
        except Unavailable as error:  # too damaged to be looked at
            found.append(Finding("fault", error.detail, error.hint))
    return [*found, *_circumstances(store)]


def _pages(database: Database) -> Iterator[Finding]:
    with database.read() as connection:
        said = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check(20)")]
        if said != ["ok"]:
            yield Finding(
                "fault",
                f"{database.where} is damaged: {'; '.join(map(str, said[:_SHOWN]))}.",
                "Put a backup in its place; until then, copy it away before anything else.",
            )
        for table, _, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(_SHOWN):
            yield Finding("fault", f"{database.where}: a row of {table} belongs to one of {parent} that is not there.")
        pages, free, size = (
            int(connection.exec_driver_sql(f"PRAGMA {what}").scalar() or 0)
            for what in ("page_count", "freelist_count", "page_size")
        )
    if free * size > _SLACK_FROM and free > pages * _SLACK:
        yield Finding(
            "note",
            f"{database.where} has {free * size // 2**20} MB of {pages * size // 2**20} MB to spare.",
            "New rows use it again; to shrink the file, make a backup and put it in its place.",
        )


def _rows(store: Store) -> Iterator[Finding]:
    """Rows that contradict each other."""
    active = select(attempts.c.job).where(attempts.c.state != AttemptState.ENDED.value)
    running = JobState.RUNNING.value
    with store.read() as connection:
        idle = connection.execute(
            select(jobs.c.id).where(jobs.c.state == running, jobs.c.id.not_in(active)).limit(_SHOWN)
        ).scalars()
        yield from (Finding("fault", f"The job {job} counts as running and has no attempt.") for job in idle)
        stray = connection.execute(
            select(attempts.c.job, attempts.c.number)
            .join(jobs, jobs.c.id == attempts.c.job)
            .where(attempts.c.state != AttemptState.ENDED.value)
            .where(or_(jobs.c.state != running, jobs.c.attempt != attempts.c.number))
            .limit(_SHOWN)
        )
        yield from (
            Finding("fault", f"The attempt {row.job}/{row.number} has not ended, and its job does not know.")
            for row in stray
        )
        specless = connection.execute(
            select(jobs.c.id)
            .outerjoin(specs, specs.c.hash == jobs.c.spec_hash)
            .where(specs.c.hash.is_(None))
            .limit(_SHOWN)
        ).scalars()
        yield from (Finding("fault", f"The job {job} has lost its spec.") for job in specless)
        known = set(connection.execute(select(jobs.c.id)).scalars())
    with store.read_points() as connection:
        owners = {
            job
            for table in (series, offsets, heads)
            for job in connection.execute(select(table.c.job).distinct()).scalars()
        }
    orphans = owners - known
    if orphans:
        yield Finding(
            "note",
            f"The points of {len(orphans)} deleted job{'s' if len(orphans) > 1 else ''} are still kept.",
            "`jupyter training db gc` removes them.",
        )


def _circumstances(store: Store) -> Iterator[Finding]:
    if store.journal == "delete":
        yield Finding(
            "note",
            f"{store.jobs.where} is written with a rollback journal, as its folder allows no write-ahead log; "
            "writing is slower, and readers wait.",
            "A local folder is faster; for several machines, set JUPYTER_TRAINING_STORE to a PostgreSQL database.",
        )
    if store.is_elsewhere and store.owner is not None:
        yield Finding("note", f"{store.jobs.where} belongs to the machine {store.owner.host!r}; here it is read only.")
    elif store.read_only:
        yield Finding("note", f"{store.jobs.where} can only be read here.")
