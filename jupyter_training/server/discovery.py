"""The note by which other processes of this account find this server: ``run/server-<pid>.json``.

Written when the store is open and removed when the server stops. Its reader
compares pid, start time and boot, so a note that outlived its server misleads
nobody; the next server of the home sweeps it away.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import jupyter_training
from jupyter_training.settings import Settings
from jupyter_training.spool import identity

__all__ = ["Reach", "announce", "private_folder", "withdraw"]


@dataclass(frozen=True)
class Reach:
    """How a process on this host gets to the server: by address, or by the path of a Unix socket."""

    token: str
    base_url: str
    url: str | None = None
    socket: str | None = None

    @classmethod
    def of(cls, url: str, *, sock: str, base_url: str, token: str) -> Reach:
        """From what a Jupyter server says of itself. One that listens everywhere is reached over the loopback."""
        if sock:
            return cls(token, base_url, socket=os.path.abspath(unquote(sock)))
        parts = urlsplit(url)
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "localhost"}.get(parts.hostname or "")  # noqa: S104
        if host is not None:
            parts = parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host)
        return cls(token, base_url, url=urlunsplit(parts))


def announce(settings: Settings, reach: Reach, *, store: str) -> Path:
    """Write this server's note, readable by its account only. Gives the note's path."""
    folder = private_folder(settings.run_folder)
    _sweep(folder)
    note = identity.own()._asdict() | {
        "url": reach.url,
        "socket": reach.socket,
        "base_url": reach.base_url,
        "token": reach.token,
        "store": store,
        "home": str(settings.home),
        "version": jupyter_training.__version__,
    }
    path = folder / f"server-{os.getpid()}.json"
    draft = folder / f".server-{os.getpid()}.draft"
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(note, out, indent=2)
    os.rename(draft, path)
    return path


def withdraw(path: Path) -> None:
    """Take the note away."""
    with contextlib.suppress(OSError):
        path.unlink()


def private_folder(folder: Path) -> Path:
    """The folder, there and closed to others.

    Raises:
        PermissionError: it belongs to somebody else.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    status = folder.stat(follow_symlinks=False)
    if status.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user.")
    if status.st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def _sweep(folder: Path) -> None:
    for path in folder.glob("server-*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            note = json.loads(path.read_text("utf-8"))
            if not identity.is_alive(note["pid"], note["start_time"], note["boot_id"]):
                path.unlink()
