"""Every operation of the table over HTTP, by one handler: read, ask, write.

The address is matched at each request rather than at start-up, since the table
comes with the services and these with pydantic; a server that is never asked
never imports them.

Each verb is decorated by itself. Jupyter's ``authorized`` remembers the first
action it was asked for, so one decorated function under two names would check
reading when it writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.auth.identity import IdentityProvider, LegacyIdentityProvider, PasswordIdentityProvider
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async
from tornado import web

from jupyter_training.errors import InvalidRequest, InvalidUsage, Problem, TooLarge, TrainingError
from jupyter_training.server.desk import Desk, account
from jupyter_training.server.problems import ProblemMixin, Refusal
from jupyter_training.server.uploads import Arrival
from jupyter_training.server.waiting import until_job_has_news, until_log_has_news

if TYPE_CHECKING:
    from pydantic import BaseModel

    from jupyter_training.schema import ArtifactView
    from jupyter_training.services.api import Call, Operation
    from jupyter_training.services.asking import Matched

__all__ = ["API", "RESOURCE", "ApiHandler", "query_pairs"]

API = "/jupyter-training/api/v1/"
RESOURCE = "jupyter_training"

_UPLOADS = "data/"
# Somebody's code runs, or gigabytes of a checkpoint are read or removed: in threads of their own.
_LONG = frozenset({"rehearse", "continue", "retention"})
_WITH_CODE = ("jobs", "plans", "rehearsals")
_SAVED_POLICY = "default-src 'none'; sandbox"
_SHOWN_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"  # for an SVG's own looks
_BODY_LIMIT = 4 * 1024 * 1024
_PIECE = 256 * 1024
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_OWN_PARAMETERS = frozenset({"token", "no_track_activity"})  # Jupyter's, on any address


@web.stream_request_body  # so that a body over the limit never stands in memory
class ApiHandler(ProblemMixin, APIHandler):
    """``desk`` is the server's. Authentication, XSRF and origin checks are Jupyter's own."""

    auth_resource = RESOURCE

    def initialize(self, desk: Desk) -> None:
        self.desk = desk
        self._body = bytearray()
        self._body_limit = _BODY_LIMIT
        self._too_much = False
        self._arrival: Arrival | None = None
        self._is_left = False

    async def prepare(self) -> None:  # type: ignore[override] # as Jupyter's own APIHandler
        await super().prepare()
        self.desk.touch()
        self.set_header("Cache-Control", "no-store")
        if self.request.method == "POST" and self._address() in _WITH_CODE:
            try:
                self._body_limit += self.desk.settings.bundle_limit_bytes * 4 // 3  # base64
            except TrainingError as error:
                raise Refusal(error) from None
        if self.request.method == "PUT" and self._address().startswith(_UPLOADS):
            await self._receive()

    async def data_received(self, chunk: bytes) -> None:
        """Take a piece of the body in. What is over the limit is read and dropped, so that the answer arrives."""
        if self._arrival is not None:
            await self._arrival.take(chunk)
            return
        if len(self._body) + len(chunk) > self._body_limit:
            self._too_much = True
            self._body.clear()
        if not self._too_much:
            self._body += chunk

    def on_finish(self) -> None:
        if self._arrival is not None:
            self._arrival.close()
        super().on_finish()

    def on_connection_close(self) -> None:
        self._is_left = True
        if self._arrival is not None:
            self._arrival.close()
        super().on_connection_close()

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self._answer()

    @web.authenticated
    @authorized
    async def head(self) -> None:
        await self._answer()

    @web.authenticated
    @authorized
    async def post(self) -> None:
        await self._answer()

    @web.authenticated
    @authorized
    async def put(self) -> None:
        await self._answer()

    @web.authenticated
    @authorized
    async def patch(self) -> None:
        await self._answer()

    @web.authenticated
    @authorized
    async def delete(self) -> None:
        await self._answer()

    async def _answer(self) -> None:
        try:
            await self._ask()
        except TrainingError as error:
            raise Refusal(error) from None

    async def _ask(self) -> None:
        if self._too_much:
            raise self._too_large()
        matched, query, request = await self.desk.call(self._read)
        site = await self.desk.site()
        operation, path, user = matched.operation, matched.path, self._user()
        call = self._call(operation)
        await self._news(operation, path, query)
        if operation.response is None:
            file, view = await self.desk.call(call, site, user, path, query, request)
            await self._send_file(file, view, inline=getattr(query, "inline", False))
            return

        kept = await self._arrival.finish() if self._arrival is not None else None

        def work() -> tuple[int, str, str | None]:
            found = kept or call(site, user, path, query, request)
            made = getattr(getattr(found, "job", None), "id", None) if operation.method == "POST" else None
            return asking.status_of(found), found.model_dump_json(), made

        from jupyter_training.services import asking

        is_long = operation.name in _LONG or _may_continue(request)
        reads = operation.method == "GET"
        threads = self.desk.call_long if is_long else self.desk.call if reads else self.desk.call_writing
        status, text, made = await threads(work)
        if not reads:
            self.desk.feed.nudge()
        self.set_status(status)
        if made is not None:
            self.set_header("Location", f"{self.base_url.rstrip('/')}{API}jobs/{made}")
        await self.finish(text)

    def _read(self) -> tuple[Matched, BaseModel | None, BaseModel | None]:
        """The request, read and checked. Blocking: a large body takes its time.

        Raises:
            InvalidRequest, NotFound: with what is wrong, and where.
        """
        from jupyter_training.services import asking

        method = "GET" if self.request.method == "HEAD" else self.request.method or ""
        address = self._address()
        try:
            matched = asking.match(method, address)
        except InvalidUsage as error:
            raise Refusal(error, status=405, headers={"Allow": ", ".join(asking.methods_of(address))}) from None
        value = _json(bytes(self._body)) if self._body else None
        self._body.clear()
        query = asking.read_query(matched.operation, query_pairs(self.request.query_arguments))
        return matched, query, asking.read_body(matched.operation, value)

    async def _news(self, operation: Operation, path: Mapping[str, str], query: Any) -> None:
        """Wait, where the reader wishes to."""
        if operation.name == "job":
            await until_job_has_news(self.desk, path["job"], query)
        elif operation.name == "logs":
            await until_log_has_news(self.desk, path["job"], query)

    def _call(self, operation: Operation) -> Call:
        """What answers. Scripts are named below this server's root folder, and run by its kernels' interpreters.

        A test of somebody's code ends when they leave.
        """
        if operation.name == "rehearse":
            from jupyter_training.services import rehearsals

            def is_unwanted() -> bool:
                return self._is_left or self.desk.is_closed

            return lambda site, user, path, query, body: rehearsals.rehearse(site, user, body, is_unwanted=is_unwanted)
        if operation.name not in ("script", "submit_script"):
            return operation.call
        from jupyter_training.server.scripts import Scripts

        scripts = Scripts(self.desk.root, self.kernel_spec_manager)
        if operation.name == "script":
            return lambda site, user, path, query, body: scripts.show(query.path)
        return lambda site, user, path, query, body: scripts.submit(site, user, body)

    async def _receive(self) -> None:
        """Make ready for an upload, if who sends it may. The size is the upload's own business."""
        self._arrival = Arrival(self.desk)
        user = self.current_user
        if user is not None and await ensure_async(self.authorizer.is_authorized(self, user, "write", RESOURCE)):
            self.request.connection.set_max_body_size(1 << 62)  # type: ignore[union-attr]
            told = self.request.headers.get("Content-Length", "")
            size = int(told) if told.isascii() and told.isdigit() else 0  # tornado refuses what is no number
            await self._arrival.begin(self._address().removeprefix(_UPLOADS), size)

    async def _send_file(self, file: BinaryIO, view: ArtifactView, *, inline: bool) -> None:
        """Stream what a job wrote. It is a stranger's content: never shown as a page of this server's origin."""
        with file:
            size = await self.desk.call(file.seek, 0, 2)
            await self.desk.call(file.seek, 0)
            name = quote(view.name.rpartition("/")[2], safe="", errors="replace")
            kind = "inline" if inline else "attachment"
            self.set_header("Content-Disposition", f"{kind}; filename*=utf-8''{name}")
            self.set_header("Content-Security-Policy", _SHOWN_POLICY if inline else _SAVED_POLICY)
            self.set_header("Content-Type", view.type)
            self.set_header("Content-Length", str(size))
            left = 0 if self.request.method == "HEAD" else size
            while left > 0:
                piece = await self.desk.call(file.read, min(_PIECE, left))
                if not piece:
                    break  # it shrank meanwhile; the length tells the reader that it was cut off
                left -= len(piece)
                self.write(piece)
                await self.flush()
            await self.finish(set_content_type=view.type)

    def _address(self) -> str:
        """The request's address below the root, still percent-encoded."""
        return self.request.path.partition(API)[2]

    def _user(self) -> str:
        """Who asks. Jupyter's own providers know one person only, and call them by a random name."""
        if type(self.identity_provider) in (IdentityProvider, PasswordIdentityProvider, LegacyIdentityProvider):
            return account()
        return str(getattr(self.current_user, "username", None) or account())

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The body is over the limit of {self._body_limit // 1_000_000} MB.")


def _may_continue(request: Any) -> bool:
    """Whether a submit may turn out to begin with another job's checkpoint, which is read whole."""
    config = getattr(request, "config", None)
    return bool(getattr(request, "resume", False) or (config is not None and "resume" in config.text))


def query_pairs(arguments: dict[str, list[bytes]]) -> Iterator[tuple[str, str]]:
    """The parameters that are ours, decoded.

    Jupyter's own are left out, and so is a bare number: JupyterLab appends one
    to each request, against caches.

    Raises:
        InvalidUsage: a value that is not UTF-8.
    """
    for name, values in arguments.items():
        if name in _OWN_PARAMETERS or (name.isdecimal() and values == [b""]):
            continue
        for value in values:
            try:
                yield name, value.decode()
            except UnicodeDecodeError:
                raise InvalidUsage(f"The query parameter {name[:60]!r} is not valid UTF-8.") from None


def _json(content: bytes) -> Any:
    """A JSON value (RFC 8259: no NaN, no lone surrogates).

    Raises:
        InvalidRequest: with line and column.
    """
    try:
        text = content.decode()
        value = json.loads(text, parse_constant=_no_number)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()  # fails for one without its partner: no text at all
    except json.JSONDecodeError as error:
        problem = Problem(error.msg, line=error.lineno, column=error.colno)
        words = f"The body is not JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        raise InvalidRequest(words, errors=[problem]) from None
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise InvalidRequest(f"The body is not UTF-8 text: {error.reason}.") from None
    except RecursionError:
        raise InvalidRequest("The body is nested too deeply.") from None
    except ValueError as error:  # a number with thousands of digits, or NaN
        raise InvalidRequest(f"The body is not JSON: {error}.") from None
    return value


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not a number there")
