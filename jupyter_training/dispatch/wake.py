"""Wake-ups: empty datagrams on Unix sockets. They only shorten a wait; polling is the truth.

Each listener binds one socket in a folder of its kind (``dispatcher``,
``server``); a sender writes to all sockets of a kind. A socket whose listener
is gone is removed by the next sender.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import socket
import tempfile
from pathlib import Path
from typing import Literal

from jupyter_training.settings import Settings

__all__ = ["Kind", "Listener", "send", "socket_folder"]

Kind = Literal["dispatcher", "server"]

_PATH_LIMIT = 100  # sun_path has 108 bytes on Linux, 104 elsewhere


def socket_folder(settings: Settings) -> Path:
    """A 0700 folder for sockets: the home's own, or a short one where the home's path is too long."""
    folder = settings.run_folder
    if len(os.fsencode(folder)) + 40 <= _PATH_LIMIT:
        return folder
    mark = hashlib.sha256(os.fsencode(settings.home)).hexdigest()[:12]
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(base) / f"jupyter-training-{os.getuid()}-{mark}"


class Listener:
    """One bound socket. ``wait`` returns when somebody sends or time is up."""

    def __init__(self, settings: Settings, kind: Kind) -> None:
        folder = _own_folder(socket_folder(settings))
        self._path = folder / f"wake-{kind}-{os.getpid()}"
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(self._path))

    def fileno(self) -> int:
        return self._socket.fileno()

    def wait(self, seconds: float) -> bool:
        """Wait for a datagram, at most so long; True if one came. Drains what piled up."""
        waiting = select.poll()  # select() fails in a server with over a thousand open files
        waiting.register(self._socket, select.POLLIN)
        came = bool(waiting.poll(max(0.0, seconds) * 1000))
        if came:
            self.drain()
        return came

    def drain(self) -> None:
        """Forget the datagrams that have arrived."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(16)

    def close(self) -> None:
        self._socket.close()
        self._path.unlink(missing_ok=True)


def send(settings: Settings, kind: Kind) -> None:
    """Wake every listener of a kind. Never raises, never waits."""
    folder = socket_folder(settings)
    try:
        names = [name for name in os.listdir(folder) if name.startswith(f"wake-{kind}-")]
    except OSError:
        return
    if not names:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        for name in names:
            try:
                out.sendto(b"w", str(folder / name))
            except ConnectionRefusedError:  # its listener died
                with contextlib.suppress(OSError):
                    os.unlink(folder / name)
            except OSError:  # a full buffer: it is awake already
                continue


def _own_folder(folder: Path) -> Path:
    """The folder, made 0700; somebody else's in a shared place is refused."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    status = folder.stat(follow_symlinks=False)
    if status.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user.")
    return folder
