"""Being the only process at something: a lock file beside a database, freed by the kernel when its holder dies."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_training.errors import Unavailable
from jupyter_training.store import faults

__all__ = ["alone"]

_PAUSE = 0.02


@contextmanager
def alone(database: Path, *, patience: float) -> Iterator[None]:
    """Hold the lock of a database file; for making, converting and upgrading it, not for writing into it.

    Raises:
        StoreBusy: another process held it for longer than ``patience`` seconds.
        Unavailable: the file system has no locks.
    """
    path = database.with_name(database.name + ".lock")
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        _wait_for(handle, str(database), time.monotonic() + patience)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, where: str, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise faults.busy(where) from None
            time.sleep(_PAUSE)
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP):
                raise
            raise Unavailable(
                f"{where} lies on a file system without locks.",
                hint="Set JUPYTER_TRAINING_HOME to a local folder, or JUPYTER_TRAINING_STORE to a PostgreSQL database.",
            ) from None
