"""One store over whatever transport leads to it: found at first use, and looked for once more when it has moved."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from jupyter_training.client import discover
from jupyter_training.client.transport import Answer, Transport
from jupyter_training.errors import Forbidden, Internal, ServerUnreachable
from jupyter_training.settings import Settings

__all__ = ["Connection"]


class Connection:
    """Thread-safe. ``given`` is the transport to use; without one, ``where`` and ``store`` say what to look for."""

    def __init__(
        self, settings: Settings, *, given: Transport | None, where: Mapping[str, str | None], store: str | None
    ) -> None:
        self._settings = settings
        self._given = given
        self._where = where
        self._store = store
        self._found: discover.Found | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        transport = self._given or (self._found.transport if self._found else None)
        return transport.place if transport else "not connected yet"

    @property
    def transport(self) -> Transport:
        """The transport in use; looks for the server when none was needed before."""
        return self._connected().transport

    @property
    def is_own_server(self) -> bool:
        """Whether the Jupyter server that started this kernel is the other side."""
        return self._connected().how == discover.OWN

    def close(self) -> None:
        """Let go of connections; a later request opens new ones."""
        if self._given is not None:
            self._given.close()
        if self._found is not None:
            self._found.transport.close()

    def record(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """The answer, which must be a JSON object."""
        found = self.request(method, path, query=query, body=body, timeout=timeout).json
        if not isinstance(found, dict):
            raise Internal(f"{self.transport.place} gave no JSON object for {method} {path}.")
        return found

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        timeout: float | None = None,
    ) -> Answer:
        """Ask, and when nobody answers any more look for the server once more: it may have moved."""
        found = self._connected()
        try:
            return found.transport.request(method, path, query=query, body=body, timeout=timeout)
        except (ServerUnreachable, Forbidden):
            # Forbidden too: a server that was started anew at the old address has another token.
            if self._given is not None:
                raise
            with self._lock:
                if self._found is found:
                    self._found = None
                    self._store = found.store  # whoever answers now must have the same store
            again = self._connected()
            return again.transport.request(method, path, query=query, body=body, timeout=timeout)

    def _connected(self) -> discover.Found:
        with self._lock:
            if self._found is None:
                if self._given is not None:
                    self._found = discover.Found(self._given, self._store or "", "given")
                else:
                    self._found = discover.find(**self._where, store=self._store, settings=self._settings)
            return self._found
