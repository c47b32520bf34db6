"""A copy of a SQLite file that others write meanwhile."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from jupyter_training.store import faults

__all__ = ["copy_file"]


def copy_file(source: Path, target: Path) -> None:
    """Copy one SQLite file as it is at one moment: complete and on the disk, or not there at all."""
    part = target.with_name(target.name + ".part")
    try:
        with faults.naming(str(target), target), faults.naming_files(target):
            part.unlink(missing_ok=True)
            os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            with closing(sqlite3.connect(source)) as before, closing(sqlite3.connect(part)) as after:
                # All in one step: with the log, readers hold up nobody, and a copy in steps begins anew at each write.
                before.backup(after)
            _sync(part)
            os.replace(part, target)
            _sync(target.parent)
    finally:
        part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
