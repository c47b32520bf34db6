"""Every refusal as a problem document (RFC 9457), whoever raised it.

TrainingError                    as it is
tornado's and Jupyter's errors   401..413 and the like, in our words
anything else                    a bug of ours: logged with its traceback under a reference,
                                 of which the answer tells nothing but the reference
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from jupyter_training.errors import Forbidden, Internal, NotFound, TooLarge, TrainingError

__all__ = ["ProblemMixin", "Refusal"]

CONTENT_TYPE = "application/problem+json"

_KINDS: dict[int, type[TrainingError]] = {
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    413: TooLarge,
}
_LOGIN_HINT = (
    "Give the server's token, as `Authorization: token ...`; a browser also has to send its _xsrf cookie back."
)


class Refusal(HTTPError):
    """A TrainingError on its way through tornado, with what its answer needs beside it."""

    def __init__(
        self, error: TrainingError, *, status: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status or error.status)
        self.error = error
        self.headers = headers or {}


class ProblemMixin(JupyterHandler):
    """For handlers that answer errors with problem documents. Stands before the handler's own base."""

    _reference: str | None = None

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        problem = self._problem(status_code, error)
        problem["status"] = status_code
        self.set_header("Content-Type", CONTENT_TYPE)
        self.set_header("Cache-Control", "no-store")
        for name, value in error.headers.items() if isinstance(error, Refusal) else ():
            self.set_header(name, value)
        # Not APIHandler.finish, which would call it plain JSON.
        JupyterHandler.finish(self, json.dumps(problem))

    def log_exception(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Refusals are the access log's business; a bug is logged in full, without the request's query (its token)."""
        if isinstance(error, StreamClosedError) or (isinstance(error, HTTPError) and error.status_code < 500):
            return  # who asked has left, or was refused
        if isinstance(error, Refusal) and not isinstance(error.error, Internal):
            self.log.warning("%s %s: %s", self.request.method, self.request.path, error.error)
            return
        self._reference = secrets.token_hex(4)
        self.log.error(
            "jupyter_training: a bug, reference %s, in %s %s",
            self._reference,
            self.request.method,
            self.request.path,
            exc_info=(kind, error, trace) if kind and error else None,
        )

    def _problem(self, status: int, error: BaseException | None) -> dict[str, Any]:
        if isinstance(error, Refusal):
            return error.error.to_problem()
        if isinstance(error, HTTPError) and status < 500:
            words = _words(error) or _phrase(status)
            kind = _KINDS.get(status)
            if kind is not None:
                hint = _LOGIN_HINT if kind is Forbidden and not self.current_user else None
                return kind(words, hint=hint).to_problem()
            problem = TrainingError(words).to_problem()
            return problem | {"code": "http_error", "title": _phrase(status), "type": "about:blank#http_error"}
        reference = self._reference or "none"
        return Internal(
            "Something went wrong in the server; that is its fault, not yours.",
            hint=f"The server's log has the details under the reference {reference}.",
        ).to_problem()


def _words(error: HTTPError) -> str:
    """What was said with the error, as a sentence."""
    text = error.log_message or ""
    try:
        text = text % error.args if error.args else text
    except (TypeError, ValueError):
        text = ""
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _phrase(status: int) -> str:
    try:
        return f"{HTTPStatus(status).phrase}."
    except ValueError:
        return f"Status {status}."
