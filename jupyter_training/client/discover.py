"""Which server a client speaks to.

    explicit -> JUPYTER_TRAINING_URL -> the kernel's own Jupyter server
             -> a server of the home on this host -> start one, headless

The first that is there is taken, and it must be the right one: a server that
knows nothing of jupyter_training, or that has another store than expected, is
an error that names both. Going on to the next would make two stores out of one,
silently. ``JUPYTER_TRAINING_URL=home`` skips the kernel's own server.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from jupyter_training.client.http import HttpTransport
from jupyter_training.client.transport import Transport
from jupyter_training.errors import Forbidden, NotFound, ServerUnreachable, WrongStore
from jupyter_training.settings import Settings, default_home
from jupyter_training.spool import identity

__all__ = ["OWN", "Found", "find", "home_server", "verified", "web_address"]

OWN = "this kernel's own Jupyter server"  # why a server was taken

_VERIFY_SECONDS = 15.0
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - addresses that a server may say it listens on


@dataclass(frozen=True)
class Found:
    """A server that was asked and has the right store. ``how`` says why it was taken."""

    transport: Transport
    store: str
    how: str


def find(
    *,
    url: str | None = None,
    token: str | None = None,
    socket: str | None = None,
    store: str | None = None,
    settings: Settings | None = None,
) -> Found:
    """The server to speak to. ``store`` is the id that it must have, where one is known.

    Raises:
        WrongStore: a server answers, but not for this store.
        ServerUnreachable: the one that should answer does not, or none can be started.
        Forbidden: it wants a token.
    """
    settings = settings or Settings.load()
    wanted = os.environ.get("JUPYTER_TRAINING_URL") if url is None and socket is None else None
    if url is not None or socket is not None:
        transport = HttpTransport(url, socket_path=socket, token=token)
        return verified(transport, "given explicitly", store=store, settings=settings)
    if wanted and wanted != "home":
        transport = HttpTransport(wanted, token=token or os.environ.get("JUPYTER_TRAINING_TOKEN"))
        return verified(transport, "named by JUPYTER_TRAINING_URL", store=store, settings=settings)
    if not wanted:
        own = _own_server(settings, token)
        if own is not None:
            return _verified_own(own, store=store, settings=settings)
    found = home_server(settings, store=store)
    if found is not None:
        return found
    from jupyter_training.client import headless

    return headless.started(settings, store=store)


def verified(transport: Transport, how: str, *, store: str | None, settings: Settings) -> Found:
    """The server behind a transport, once it has said which store it has.

    Raises:
        WrongStore: it has another one than ``store``, or none at all.
    """
    expected = f"the store {store}" if store else f"a store (the one in {settings.home}, say)"
    try:
        info = transport.request("GET", "info", timeout=_VERIFY_SECONDS).json
    except NotFound as error:
        raise WrongStore(
            f"{_capital(transport.place)} ({how}) answers, but it does not serve jupyter-training; "
            f"{expected} was expected.",
            hint="Install jupyter-training where that server runs and restart it, or set JUPYTER_TRAINING_URL=home "
            f"to use the store in {settings.home} without it.",
        ) from error
    found = info.get("store") if isinstance(info, Mapping) else None
    if not isinstance(found, str):
        raise WrongStore(
            f"{_capital(transport.place)} ({how}) does not say which store it has; {expected} was expected."
        )
    if store is not None and found != store:
        raise WrongStore(
            f"{_capital(transport.place)} ({how}) has the store {found}; {expected} was expected.",
            hint="Name the right server in JUPYTER_TRAINING_URL.",
        )
    return Found(transport, found, how)


def home_server(settings: Settings, *, store: str | None = None) -> Found | None:
    """A live server of this home on this host, if there is one that answers.

    Raises:
        WrongStore: it answers with another store than ``store`` or than its own note says.
    """
    for note in _notes(settings.run_folder):
        transport = _noted(note)
        if transport is None:
            continue
        try:
            return verified(transport, "a server of this home", store=store or note.get("store"), settings=settings)
        except ServerUnreachable:
            continue  # on its way down, or not up yet
    return None


def _verified_own(transport: HttpTransport, *, store: str | None, settings: Settings) -> Found:
    try:
        return verified(transport, OWN, store=store, settings=settings)
    except Forbidden as error:  # as with a server that knows passwords only: a kernel has none
        raise Forbidden(
            error.detail,
            hint=f"{error.hint or ''} Or set JUPYTER_TRAINING_URL=home: the store in {settings.home} is served "
            "to this kernel by a server of its own then.".strip(),
        ) from error


def web_address(settings: Settings) -> str | None:
    """The address of a live server of this home that a browser can reach; None where all listen on sockets."""
    return next((str(note["url"]) for note in _notes(settings.run_folder) if note.get("url")), None)


def _own_server(settings: Settings, token: str | None) -> HttpTransport | None:
    """The Jupyter server that started this kernel or terminal, by its own notes."""
    parent = os.environ.get("JPY_PARENT_PID", "")
    if parent.isdigit():
        for note in _notes(settings.run_folder):
            if note.get("pid") == int(parent):
                return _noted(note, token)
        info = _read(_runtime_folder() / f"jpserver-{parent}.json")
        if info is not None:
            return _jupyter_server(info, token)
    address = os.environ.get("JUPYTER_SERVER_URL")
    if address:
        for file in sorted(_runtime_folder().glob("jpserver-*.json")):
            info = _read(file)
            if info is not None and str(info.get("url", "")).rstrip("/") == address.rstrip("/"):
                return _jupyter_server(info, token)
        return HttpTransport(address, token=token or os.environ.get("JUPYTERHUB_API_TOKEN"))
    return None


def _jupyter_server(info: Mapping[str, Any], token: str | None) -> HttpTransport | None:
    base = str(info.get("base_url") or "/")
    token = token or str(info.get("token") or "") or os.environ.get("JUPYTERHUB_API_TOKEN")
    if info.get("sock"):
        return HttpTransport(f"http://localhost{base}", socket_path=unquote(str(info["sock"])), token=token)
    address = str(info.get("url") or "")
    if not address.startswith(("http://", "https://")):
        return None
    parts = urlsplit(address)
    if parts.hostname in _EVERYWHERE:
        address = urlunsplit((parts.scheme, f"localhost:{parts.port or 80}", parts.path, "", ""))
    return HttpTransport(address, token=token)


def _noted(note: Mapping[str, Any], token: str | None = None) -> HttpTransport | None:
    token = token or note.get("token") or None
    if note.get("socket"):
        return HttpTransport(
            f"http://localhost{note.get('base_url') or '/'}", socket_path=str(note["socket"]), token=token
        )
    if note.get("url"):
        return HttpTransport(str(note["url"]), token=token)
    return None


def _notes(folder: Path) -> Iterator[dict[str, Any]]:
    """What the live servers of a home noted about themselves, the newest first."""
    files = []
    for file in folder.glob("server-*.json"):
        try:
            files.append((file.stat().st_mtime, file))
        except OSError:
            continue
    for _, file in sorted(files, reverse=True):
        note = _read(file)
        if note is not None and _alive(note):
            yield note


def _alive(note: Mapping[str, Any]) -> bool:
    try:
        return bool(identity.is_alive(note["pid"], note["start_time"], note["boot_id"]))
    except (KeyError, TypeError, ValueError):
        return False


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _runtime_folder() -> Path:
    """Jupyter's runtime folder, found without importing Jupyter."""
    given = os.environ.get("JUPYTER_RUNTIME_DIR")
    if given:
        return Path(given)
    return default_home().parent / "runtime"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
