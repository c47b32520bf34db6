"""The files of an attempt's folder, by name, and how a whole file is written and read.

    order.json       what to run; written before the launch
    secrets.json     values that the order names only; gone once the code has them
    code/            the bundle's files
    claim/           made once, by whoever may run the attempt or gives it up
    supervisor.lock  held while a supervisor lives; supervisor.json says which
    begun.json       from now on the person's code may run
    process.json     the person's process; it waits until this is on disk
    started          empty: it no longer waits; without this file the code surely did not run
    events-*.page    points, samples, notes (``lines``, ``tail``)
    log, log.holes   what was printed, and which middle of it is gone (``log``)
    listens          empty: the code asks ``should_stop()``
    saves            empty: the code uses ``checkpoint``
    named            which names checkpoints of this attempt have had, by the last one (``runtime.checkpoint.naming``)
    due              empty: it asks ``checkpoint.due()``, and saves when a stop is asked for
    no_checkpoint    empty: the code says that no checkpoint will come
    stop.json        a stop that was asked for
    saved.json       a checkpoint that was committed after the stop was asked for
    end.json         how the person's code ended, by its own process
    exit.json        how the attempt ended; the last file, nothing of it lives any more
    slow.json        whose pattern for metrics takes too long for what is printed; by the dispatcher
    *.reserved       disk space set aside for the record of that name; *.2.reserved and so on for when it is replaced

What later versions added to an order has a default, so that older orders stay
readable: see ``supervisor.order`` and ``runtime.checkpoint.place``.

The constants are for code inside a job, where each import counts; the functions
give a ``Path`` to everybody else.
"""

from __future__ import annotations

import errno
import os

from jupyter_training.spool import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, Union

    StrPath = Union[str, "os.PathLike[str]"]

__all__ = [
    "VERSION",
    "allocate",
    "attempt_folder",
    "begun_file",
    "code_folder",
    "end_file",
    "exit_file",
    "log_file",
    "order_file",
    "process_file",
    "read_json",
    "release",
    "reserve",
    "secrets_file",
    "slow_file",
    "stop_file",
    "write_json",
]

VERSION = 1

ORDER = "order.json"
SECRETS = "secrets.json"
CODE = "code"
CLAIM = "claim"
OWNER = "owner.json"
LOCK = "supervisor.lock"
SUPERVISOR = "supervisor.json"
BEGUN = "begun.json"
PROCESS = "process.json"
LOG = "log"
HOLES = "log.holes"
STARTED = "started"
LISTENS = "listens"
SAVES = "saves"
NAMED = "named"
DUE = "due"
NO_CHECKPOINT = "no_checkpoint"
STOP = "stop.json"
SAVED = "saved.json"
END = "end.json"
EXIT = "exit.json"
SLOW = "slow.json"

_RESERVED_BYTES = 64 * 1024  # room for a long traceback
_FULL = (errno.ENOSPC, errno.EDQUOT)


def attempt_folder(root: StrPath, job: str, number: int) -> Path:
    """The folder of one attempt below the spool's root, whether or not it is there yet."""
    return _in(root, job) / str(number)


def order_file(folder: StrPath) -> Path:
    return _in(folder, ORDER)


def secrets_file(folder: StrPath) -> Path:
    return _in(folder, SECRETS)


def code_folder(folder: StrPath) -> Path:
    return _in(folder, CODE)


def begun_file(folder: StrPath) -> Path:
    return _in(folder, BEGUN)


def process_file(folder: StrPath) -> Path:
    return _in(folder, PROCESS)


def log_file(folder: StrPath) -> Path:
    return _in(folder, LOG)


def stop_file(folder: StrPath) -> Path:
    return _in(folder, STOP)


def end_file(folder: StrPath) -> Path:
    return _in(folder, END)


def exit_file(folder: StrPath) -> Path:
    return _in(folder, EXIT)


def slow_file(folder: StrPath) -> Path:
    return _in(folder, SLOW)


def read_json(path: StrPath, *, strict: bool = False) -> dict[str, Any] | None:
    """The record in a file; None where there is none, or none that can be read as one.

    Raises:
        OSError: with ``strict`` only: the system would not let us look. For those
            who must not take that for "no record".
    """
    try:
        with open(path, "rb") as file:
            value = json_text.loads(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        if strict:
            raise
        return None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def write_json(path: StrPath, value: dict[str, Any], *, durable: bool = True) -> None:
    """Write a record so that it is there as a whole or not at all.

    Replaces an older one; only its owner may read it. On a full disk the room
    that ``reserve`` set aside is used; each record that is written takes one
    piece of it. With ``durable`` that holds after a power cut too, which costs
    two waits for the disk; without, for any death of processes: right for what
    says nothing once the machine has started anew.

    Raises:
        OSError: nothing was written; an older record still stands.
    """
    target = os.fspath(path)
    content = json_text.dumps(value).encode()
    reserved = _last_reserved(target)
    temporary = f"{target}.{os.getpid()}.tmp"
    try:
        _write(temporary, content, durable=durable)
    except OSError as error:
        _remove(temporary)
        if error.errno not in _FULL or reserved is None:
            raise
        _write(reserved, content, durable=durable)
        temporary = reserved
    os.replace(temporary, target)
    if reserved is not None:
        _remove(reserved)
    if durable:
        _sync_folder(os.path.dirname(target) or ".")


def reserve(path: StrPath, *, size: int = _RESERVED_BYTES, times: int = 1) -> bool:
    """Set disk space aside for a record that must be written even on a full disk. False: it is full now.

    ``times``: how often it may be written there, as a newer record replaces an older one.
    """
    return all(_reserve(_reserved(path, number), size) for number in range(1, times + 1))


def release(path: StrPath) -> None:
    """Give up the room that was set aside for a record that nobody will write any more."""
    reserved = _last_reserved(path)
    while reserved is not None:
        if not _remove(reserved):
            return
        reserved = _last_reserved(path)


def _reserved(path: StrPath, number: int) -> str:
    which = "" if number == 1 else f".{number}"
    return f"{os.fspath(path)}{which}.reserved"


def _last_reserved(path: StrPath) -> str | None:
    """What is used first, so that those that are left can be found by counting on."""
    number = 0
    while os.path.exists(_reserved(path, number + 1)):
        number += 1
    return _reserved(path, number) if number else None


def _reserve(reserved: str, size: int) -> bool:
    try:
        handle = os.open(reserved, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return False
    try:
        allocate(handle, size)
        return True
    except OSError:
        _remove(reserved)
        return False
    finally:
        os.close(handle)


def allocate(handle: int, size: int) -> None:
    """Give an open, empty file ``size`` bytes of real disk space, all zero.

    Raises:
        OSError: there is not enough.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
        return
    left = size  # macOS
    while left > 0:
        left -= os.write(handle, bytes(min(left, 1 << 20)))


def _in(folder: StrPath, name: str) -> Path:
    from pathlib import Path

    return Path(folder) / name


def _write(path: str, content: bytes, *, durable: bool) -> None:
    # Not truncated at opening: the blocks of a reserved file are its worth.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        written = 0
        while written < len(content):
            written += os.pwrite(handle, content[written:], written)
        os.ftruncate(handle, len(content))
        if durable:
            os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: str) -> bool:
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network file systems refuse this for folders
    finally:
        os.close(handle)
