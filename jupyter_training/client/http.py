"""Requests over HTTP, to a TCP address or a Unix socket, with the standard library only.

One connection per thread, kept open between requests. A connection that a
server closed meanwhile looks like a dropped one; requests that may be repeated
(reading, a submit with its key, a wish) are sent once more on a fresh one.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import ssl
import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from jupyter_training.client.transport import API, Answer, encoded, error_of, query_pairs
from jupyter_training.errors import Internal, InvalidUsage, ServerUnreachable

__all__ = ["HttpTransport"]

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
_PIECE = 256 * 1024  # bytes of a file that are sent at once
# Wishes are level-triggered and submits carry a key: sending one twice is sending it once.
_REPEATABLE_POSTS = ("jobs", "verbs")


class HttpTransport:
    """Speaks to one server. Thread-safe and usable after a fork."""

    def __init__(self, url: str | None = None, *, socket_path: str | None = None, token: str | None = None) -> None:
        """``url`` is the server's base address (with its ``base_url``); with ``socket_path`` it may be left out.

        Raises:
            InvalidUsage: the address is not one of http or https.
        """
        if url is None and socket_path is None:
            raise InvalidUsage("A client needs an address or a socket.")
        parts = urlsplit("http://localhost/" if url is None else url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidUsage(
                f"{url!r} is not an address of a server.", hint="Write e.g. http://localhost:8888/ with its base path."
            )
        try:
            port = parts.port
        except ValueError:
            raise InvalidUsage(f"{url!r} has a port that is not a number from 1 to 65535.") from None
        self._socket_path = socket_path
        self._secure = parts.scheme == "https" and socket_path is None
        self._host = parts.hostname
        self._port = port or (443 if self._secure else 80)
        self._root = parts.path.rstrip("/") + "/"
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"token {token}"
        shown = f"[{self._host}]" if ":" in self._host else self._host
        self.url = None if socket_path else f"{parts.scheme}://{shown}:{self._port}{self._root}"
        self.place = f"the server on the socket {socket_path}" if socket_path else f"the server at {self.url}"
        self._local = threading.local()

    def __repr__(self) -> str:
        return f"HttpTransport({self._socket_path or self.url!r})"

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        timeout: float | None = None,
    ) -> Answer:
        pairs = query_pairs(query or {})
        target = self._root + API + path + ("?" + urlencode(pairs) if pairs else "")
        headers = dict(self._headers)
        payload: bytes | Path | None = None
        if isinstance(body, Path):
            payload = body
            headers.update({"Content-Type": "application/octet-stream", "Content-Length": str(body.stat().st_size)})
        elif body is not None:
            payload = encoded(body)
            headers["Content-Type"] = "application/json"
        repeatable = method == "GET" or isinstance(body, Path) or path in _REPEATABLE_POSTS
        status, names, content = self._send(
            method, target, payload, headers, timeout=timeout or ANSWER_SECONDS, repeatable=repeatable
        )
        if not 200 <= status < 300:
            raise error_of(status, content, place=_capital(self.place))
        if "json" not in names.get("content-type", ""):
            return Answer(status, names, content=content)
        try:
            return Answer(status, names, json=json.loads(content), content=content)
        except ValueError:
            raise Internal(f"{_capital(self.place)} sent an answer that is not JSON.") from None

    def close(self) -> None:
        """Close this thread's connection; those of other threads go with their threads."""
        self._local.line = None

    def _send(
        self,
        method: str,
        target: str,
        payload: bytes | Path | None,
        headers: Mapping[str, str],
        *,
        timeout: float,
        repeatable: bool,
    ) -> tuple[int, dict[str, str], bytes]:
        again = repeatable
        while True:
            connection, fresh = self._connection(timeout)
            try:
                with contextlib.ExitStack() as opened:
                    content = opened.enter_context(open(payload, "rb")) if isinstance(payload, Path) else payload
                    sent = False
                    # Who refuses a large body answers before all of it has come, and hangs up: that answer is here.
                    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                        connection.request(method, target, body=content, headers=dict(headers))
                        sent = True
                answer = connection.getresponse()
                content = answer.read()
            except TimeoutError as error:
                self.close()
                raise ServerUnreachable(
                    f"{_capital(self.place)} did not answer within {timeout:.0f} s.", hint="It may be busy; try again."
                ) from error
            except (http.client.HTTPException, OSError) as error:
                self.close()
                if again:
                    again = False
                    continue
                if not fresh and not repeatable:
                    words = "closed the connection, and the request may have arrived"
                else:
                    words = f"closed the connection without an answer ({type(error).__name__})"
                raise ServerUnreachable(f"{_capital(self.place)} {words}.", hint="Try again.") from error
            except BaseException:  # an interrupt leaves half an answer on the line
                self.close()
                raise
            if answer.will_close or not sent:
                self.close()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    def _connection(self, timeout: float) -> tuple[http.client.HTTPConnection, bool]:
        """This thread's connection, and whether it is a fresh one."""
        line: _Line | None = getattr(self._local, "line", None)
        is_fresh = line is None or line.pid != os.getpid() or line.connection.sock is None
        if line is None or is_fresh:
            line = self._local.line = _Line(self._connect())
            line.connection.blocksize = _PIECE
        if line.connection.sock is not None:
            line.connection.sock.settimeout(timeout)
        return line.connection, is_fresh

    def _connect(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection
        if self._socket_path is not None:
            connection = _UnixConnection(self._socket_path)
        elif self._secure:
            connection = http.client.HTTPSConnection(self._host, self._port, timeout=CONNECT_SECONDS)
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_SECONDS)
        try:
            connection.connect()
        except ssl.SSLCertVerificationError as error:
            raise ServerUnreachable(
                f"The certificate of {self.place} can't be verified: {error.verify_message}.",
                hint="Name a file with its authority in SSL_CERT_FILE.",
            ) from error
        except OSError as error:
            words = error.strerror or str(error) or type(error).__name__
            raise ServerUnreachable(
                f"Nobody answers: {self.place} can't be reached ({words}).", hint="Is it still running?"
            ) from error
        except BaseException:
            connection.close()
            raise
        return connection


class _Line:
    """A connection that is closed when nobody holds it any more: with its thread, its transport, or in a fork."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self.pid = os.getpid()
        self.connection = connection
        # And not __del__: in a circle of garbage, as errors with tracebacks make, the socket may be finalized first.
        weakref.finalize(self, _close, connection)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=CONNECT_SECONDS)
        self._path = path

    def connect(self) -> None:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(CONNECT_SECONDS)
            line.connect(self._path)
        except BaseException:
            line.close()
            raise
        self.sock = line


def _close(connection: http.client.HTTPConnection) -> None:
    with contextlib.suppress(OSError):
        connection.close()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
