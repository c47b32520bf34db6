"""Who runs an attempt: decided once, by making a folder.

``mkdir`` succeeds for one of any number of callers, on every file system that
matters. The claim is never given back: an attempt runs once or not at all. The
lock beside it says something else, namely whether a supervisor lives now; the
kernel opens it when that supervisor dies, and an adopter takes it.
"""

from __future__ import annotations

import errno
import os

from jupyter_training.spool import identity, layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jupyter_training.spool.layout import StrPath

__all__ = ["is_taken", "is_void", "lock", "owner", "supervisor_alive", "take", "void"]

_SUPERVISOR = "supervisor"
_VOID = "void"


def take(folder: StrPath, token: str) -> bool:
    """Claim the attempt for this process, to run it. False: somebody has it, or has given it up.

    Raises:
        OSError: the folder can't be written.
    """
    return _take(folder, token, _SUPERVISOR)


def void(folder: StrPath, token: str) -> bool:
    """Make sure that an attempt that has not begun never will. False: it was claimed to run."""
    return _take(folder, token, _VOID) or is_void(folder)


def is_taken(folder: StrPath) -> bool:
    return os.path.isdir(os.path.join(folder, layout.CLAIM))


def is_void(folder: StrPath) -> bool:
    return (owner(folder) or {}).get("role") == _VOID


def owner(folder: StrPath) -> dict[str, Any] | None:
    """The owner's record; None while there is none, or if its writer died between claim and record."""
    return layout.read_json(os.path.join(folder, layout.CLAIM, layout.OWNER))


def supervisor_alive(folder: StrPath) -> bool:
    """Whether the supervisor that last held the lock lives.

    Read from its own mark: trying the lock would shut it for an instant, and a
    supervisor that starts just then would believe that there is another.
    """
    mark = layout.read_json(os.path.join(folder, layout.SUPERVISOR)) or {}
    return identity.is_alive(mark.get("pid"), mark.get("start_time"), mark.get("boot_id"))


def lock(folder: StrPath) -> int | None:
    """Become the attempt's living supervisor. An open file to keep until the end, or None: there is one.

    Raises:
        OSError: the folder can't be written.
    """
    import fcntl

    handle = os.open(os.path.join(folder, layout.LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            mark = dict(identity.own()._asdict())
            layout.write_json(os.path.join(folder, layout.SUPERVISOR), mark, durable=False)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise  # on a full disk it goes unmarked and may get company, which the lock keeps out
    except OSError as error:
        os.close(handle)
        if error.errno == errno.EWOULDBLOCK:
            return None
        raise
    return handle


def _take(folder: StrPath, token: str, role: str) -> bool:
    try:
        os.mkdir(os.path.join(folder, layout.CLAIM), 0o700)
    except FileExistsError:
        return False
    record = {**identity.own()._asdict(), "token": token, "role": role}
    # The claim is the folder; who made it matters until the next boot only.
    layout.write_json(os.path.join(folder, layout.CLAIM, layout.OWNER), record, durable=False)
    return True
