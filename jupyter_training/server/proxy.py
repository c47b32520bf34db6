"""The way to the record: `mlflow server` behind this server's login.

Everything streams: an answer is passed on piece by piece as the browser takes
it, a request's body goes through a temporary file (it has to be here before
the decorated verb runs, and must not be kept in memory).

MLflow sees none of our cookies and tokens, and sets no cookies of its own. What
it serves beside its own page may be a job's content, and is sandboxed.
"""

from __future__ import annotations

import secrets
import socket
import tempfile
from collections.abc import Awaitable
from html import escape
from pathlib import Path
from typing import IO, cast
from urllib.parse import urlsplit

from jupyter_server.auth.decorator import authorized
from tornado import httputil, web
from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.iostream import IOStream, StreamClosedError

from jupyter_training.errors import TrainingError, Unavailable
from jupyter_training.server.api import API, RESOURCE
from jupyter_training.server.desk import Desk
from jupyter_training.server.problems import ProblemMixin, Refusal
from jupyter_training.server.record import Failed, Ready, Starting

__all__ = ["RecordHandler"]

# Those of RFC 9110 that concern one connection only, and what is between the browser and this server alone.
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"}
    | {"te", "trailer", "transfer-encoding", "upgrade"}
)
_NOT_SENT = _HOP_BY_HOP | {"host", "cookie", "authorization", "origin", "referer", "x-xsrftoken", "content-length"}
_NOT_PASSED_ON = _HOP_BY_HOP | {"set-cookie", "server", "date", "x-frame-options", "content-security-policy"}
_SANDBOX = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
_IN_MEMORY = 1024 * 1024
_PIECE = 256 * 1024
_USUAL_START = 40


@web.stream_request_body
class RecordHandler(ProblemMixin):
    """``record/...`` with every method. Each verb has its own decorators; see ``api`` for why."""

    auth_resource = RESOURCE

    def initialize(self, desk: Desk) -> None:
        self.desk = desk
        self._sent: IO[bytes] | None = None
        self._upstream: IOStream | None = None

    async def prepare(self) -> None:  # type: ignore[override] # as Jupyter's own APIHandler
        await super().prepare()
        if not self.current_user:
            raise web.HTTPError(403)  # before the body is taken in
        self.desk.touch()
        self._sent = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed in on_finish

    def data_received(self, chunk: bytes) -> None:
        if self._sent is not None:
            self._sent.write(chunk)

    def on_finish(self) -> None:
        if self._sent is not None:
            self._sent.close()
        super().on_finish()

    def on_connection_close(self) -> None:
        if self._upstream is not None:
            self._upstream.close()
        super().on_connection_close()

    def get_login_url(self) -> str:
        """No redirect: a missing login is a plain 403, as on the rest of the API."""
        raise web.HTTPError(403)

    def check_xsrf_cookie(self) -> None:
        """Let only this server's own pages act.

        MLflow's page sends its POSTs without Jupyter's XSRF token, of which it
        knows nothing. What that token proves, that the request comes from a page
        of this very origin, is asked of the browser instead: it says so in
        headers that no page can forge (``Sec-Fetch-Site``, ``Origin``). Without
        them only a token in the request will do, or Jupyter's own check.
        """
        if not hasattr(self, "_jupyter_current_user"):
            return  # tornado's early call; Jupyter calls again when it knows who asks
        if self.token_authenticated or self.settings.get("disable_check_xsrf", False):
            return
        site = self.request.headers.get("Sec-Fetch-Site")
        origin = self.request.headers.get("Origin")
        if site not in (None, "same-origin") or (origin is not None and not self.check_origin()):
            raise web.HTTPError(403, "The record takes requests from its own pages only.")
        if site is None and origin is None:
            super().check_xsrf_cookie()

    @web.authenticated
    @authorized
    async def get(self, path: str | None = None) -> None:
        if self.request.headers.get("Sec-Fetch-Site") == "cross-site" and (
            self.request.headers.get("Sec-Fetch-Mode") != "navigate"
        ):
            raise web.HTTPError(403, "The record is not for inclusion in other sites.")
        await self._forward(path)

    @web.authenticated
    @authorized
    async def head(self, path: str | None = None) -> None:
        await self._forward(path)

    @web.authenticated
    @authorized
    async def post(self, path: str | None = None) -> None:
        await self._forward(path)

    @web.authenticated
    @authorized
    async def put(self, path: str | None = None) -> None:
        await self._forward(path)

    @web.authenticated
    @authorized
    async def patch(self, path: str | None = None) -> None:
        await self._forward(path)

    @web.authenticated
    @authorized
    async def delete(self, path: str | None = None) -> None:
        await self._forward(path)

    async def _forward(self, path: str | None) -> None:
        if path is None:  # MLflow's addresses are relative: they need the slash
            self.redirect(f"{self.request.path}/{'?' + self.request.query if self.request.query else ''}")
            return
        try:
            record = await self.desk.record()
            if record.elsewhere is not None:
                self.redirect(record.elsewhere)
                return
            if self.request.query == "again":  # the link on the page of a failed start
                await record.state(again=True)
                self.redirect(self.request.path)
                return
            state = await record.state()
            if not isinstance(state, Ready):
                await self._explain(state)
                return
            with record.in_use():
                await self._exchange(state.socket)
        except StreamClosedError:
            if not self._headers_written:
                raise Refusal(
                    Unavailable("The record's server went away.", hint="Ask again; it starts anew.")
                ) from None
        except TrainingError as error:
            raise Refusal(error) from None

    async def _explain(self, state: Starting | Failed) -> None:
        """A page for a person, which asks again by itself; for a program, 503 and when to come back."""
        self.set_header("Cache-Control", "no-store")
        self.set_header("Retry-After", "2")
        if "text/html" not in self.request.headers.get("Accept", ""):
            words = state.sentence if isinstance(state, Failed) else "The record's server is starting."
            raise Refusal(Unavailable(words, hint="Ask again in a moment."), headers={"Retry-After": "2"})
        self.set_status(503 if isinstance(state, Failed) else 202)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        nonce = secrets.token_urlsafe(16)
        self.set_header(
            "Content-Security-Policy",
            f"default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; frame-ancestors 'self'",
        )
        await self.finish(_page(state, nonce))

    async def _exchange(self, path: Path) -> None:
        """One request to MLflow and its answer."""
        stream = self._upstream = IOStream(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        try:
            # A Unix socket's address is its path; tornado's annotation only knows the internet's.
            await stream.connect(cast("tuple[str, int]", str(path)))
            connection = HTTP1Connection(stream, True, HTTP1ConnectionParameters(no_keep_alive=True))
            await self._send(connection)
            answer = _Answer(self)
            await connection.read_response(answer)
            if not answer.begun:
                raise StreamClosedError
            if not self._finished:
                await self.finish()
        finally:
            stream.close()

    async def _send(self, connection: HTTP1Connection) -> None:
        assert self._sent is not None  # prepare came first
        headers = httputil.HTTPHeaders()
        for name, value in self.request.headers.get_all():
            if name.lower() not in _NOT_SENT:
                headers.add(name, value)
        headers["Host"] = "localhost"
        headers["Content-Length"] = str(self._sent.tell())
        headers["Connection"] = "close"
        self._sent.seek(0)
        await connection.write_headers(
            httputil.RequestStartLine(self.request.method or "GET", self._target(), "HTTP/1.1"), headers
        )
        while piece := self._sent.read(_PIECE):
            await connection.write(piece)
        connection.finish()

    def _target(self) -> str:
        """The address as MLflow knows it: below its root, without our token."""
        path = "/" + self.request.path.partition(f"{API}record/")[2]
        query = "&".join(part for part in self.request.query.split("&") if not part.startswith("token="))
        return f"{path}?{query}" if query else path

    def begin_answer(self, status: int, reason: str, headers: httputil.HTTPHeaders) -> None:
        """Take over MLflow's status and headers."""
        self.clear_header("Content-Type")
        self.set_status(status, reason or None)
        for name, value in headers.get_all():
            if name.lower() not in _NOT_PASSED_ON:
                self.add_header(name, self._location(value) if name.lower() == "location" else value)
        below = self.request.path.partition(f"{API}record/")[2]
        own = not below or below.startswith("static-files/")
        if not own and headers.get("Content-Type", "").startswith(("text/html", "image/svg", "application/xhtml")):
            self.set_header("Content-Security-Policy", _SANDBOX)

    def _location(self, target: str) -> str:
        """A redirect of MLflow's, as an address below ours."""
        parts = urlsplit(target)
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            return target
        root = self.request.path.partition(f"{API}record/")[0] + f"{API}record"
        return parts._replace(scheme="", netloc="", path=root + parts.path).geturl()


class _Answer(httputil.HTTPMessageDelegate):
    """Passes MLflow's answer on. Each piece waits until the last one has left for the network."""

    def __init__(self, handler: RecordHandler) -> None:
        self._handler = handler
        self.begun = False

    def headers_received(
        self, start_line: httputil.RequestStartLine | httputil.ResponseStartLine, headers: httputil.HTTPHeaders
    ) -> Awaitable[None] | None:
        assert isinstance(start_line, httputil.ResponseStartLine)
        self.begun = True
        self._handler.begin_answer(start_line.code, start_line.reason, headers)
        return None

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self._handler.write(chunk)
        return self._handler.flush()

    def finish(self) -> None:
        """The answer is complete."""

    def on_connection_close(self) -> None:
        """MLflow went away in the middle; the length tells the reader."""


def _page(state: Starting | Failed, nonce: str) -> str:
    """It reloads by script: to a browser, a refresh of an address with a fragment is a jump within the page."""
    if isinstance(state, Failed):
        refresh, title = "", "MLflow could not be started"
        body = f"<p>{escape(state.sentence)} <a href='?again'>Try again</a></p><pre>{escape(state.log)}</pre>"
    else:
        seconds, title = state.seconds, "MLflow is starting"
        refresh = (
            f'<script nonce="{nonce}">setTimeout(() => location.reload(), 1000)</script>'
            '<noscript><meta http-equiv="refresh" content="1"></noscript>'
        )
        body = (
            f"<p><progress max='{_USUAL_START}' value='{min(seconds, _USUAL_START):.0f}'></progress></p>"
            f"<p>{seconds:.0f} s so far; it usually takes 15 to {_USUAL_START}. This page goes on by itself.</p>"
        )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{refresh}<title>{title}</title>'
        "<style>body{font:16px system-ui,sans-serif;margin:3em;color-scheme:light dark}pre{overflow:auto}</style>"
        f"</head><body><main><h1>{title}</h1>{body}</main></body></html>"
    )
