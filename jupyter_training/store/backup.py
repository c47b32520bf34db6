"""A copy of the store while it is at work."""

from __future__ import annotations

from pathlib import Path

from jupyter_training.errors import InvalidUsage
from jupyter_training.store import faults
from jupyter_training.store.copies import copy_file
from jupyter_training.store.engine import Store

__all__ = ["backup"]


def backup(store: Store, target: Path) -> list[Path]:
    """Copy the store into the folder ``target``, which gets the names the home has. The files written.

    Work goes on meanwhile. The points are copied first: a job may lack its
    newest points then, which its spool still has, but no point lacks its job.

    Raises:
        InvalidUsage: a file of that name is there already, or the store is a PostgreSQL database.
        StoreFull, StoreReadOnly: the target.
    """
    if store.jobs.path is None or store.points.path is None:
        raise InvalidUsage("This store is a PostgreSQL database; its own tools copy it.", hint="E.g. pg_dump -Fc.")
    pairs = [(path, target / path.name) for path in (store.points.path, store.jobs.path)]
    for _, copy in pairs:
        if copy.exists():
            raise InvalidUsage(f"{copy} is there already and is left alone.", hint="Name a new folder.")
    with faults.naming_files(target):
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for source, copy in pairs:
        copy_file(source, copy)
    return [copy for _, copy in pairs]
