"""What every transport does: one request, one answer.

Paths are those below ``jupyter-training/api/v1/``, percent-encoded, without a slash in front.
Bodies and answers are plain JSON values, or bytes for a file's content; a body
may also be a ``Path``, whose content is sent without reading it as a whole. An
answer that reports an error is raised as the error of the tree it stands for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from jupyter_training.errors import (
    Forbidden,
    Internal,
    InvalidRequest,
    InvalidSpec,
    NotFound,
    TrainingError,
    Unavailable,
    from_problem,
)

__all__ = ["API", "Answer", "Transport", "encoded", "error_of", "query_pairs"]

API = "jupyter-training/api/v1/"


@dataclass(frozen=True)
class Answer:
    """An answer that is no error. ``json`` is None where the content is not JSON."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    json: Any = None
    content: bytes = b""


class Transport(Protocol):
    """Carries requests to one store's services.

    May be used by several threads at once. ``place`` is what errors call the
    other side: an address, a socket's path, or a home folder.
    """

    place: str

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        timeout: float | None = None,
    ) -> Answer:
        """Send one request and wait for its answer, at most ``timeout`` seconds (None: the transport's own limit).

        A request that can be repeated without harm is sent again after a dropped
        connection. In ``query`` values of None are left out and lists are repeated keys.

        Raises:
            TrainingError: what the other side answered; ServerUnreachable when nobody did.
        """

    def close(self) -> None:
        """Let go of connections. A later request opens new ones."""


def query_pairs(query: Mapping[str, object]) -> list[tuple[str, str]]:
    """A query as texts in order: no None, one pair for each item of a list or tuple."""
    return [
        (name, ("true" if one else "false") if isinstance(one, bool) else str(one))
        for name, value in query.items()
        for one in (value if isinstance(value, (list, tuple)) else [value])
        if one is not None
    ]


def encoded(body: object) -> bytes:
    """A request's body as JSON.

    Raises:
        InvalidSpec: it holds what JSON has no word for, such as NaN or a set.
    """
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidSpec(f"The request can't travel: {error}.") from None


def error_of(status: int, content: bytes, *, place: str) -> TrainingError:
    """The error that an answer with this status and content stands for."""
    try:
        problem = json.loads(content)
    except ValueError:
        problem = None
    if isinstance(problem, dict) and "code" in problem:
        error = from_problem(problem)
        if isinstance(error, Forbidden):  # which server it was matters here, and how this side gives a token
            return Forbidden(f"{place} refuses: {error.detail}", hint=_LOGIN_HINT if error.hint else None)
        return error
    said = str(problem.get("message") or problem.get("reason") or "") if isinstance(problem, dict) else ""
    words = f": {said.rstrip('.')}" if said else ""
    if status in (301, 302, 303, 307, 308):
        return Forbidden(f"{place} asks for a login instead of answering.", hint=_LOGIN_HINT)
    if status in (401, 403):
        return Forbidden(f"{place} refuses the request{words} (status {status}).", hint=_LOGIN_HINT)
    if status == 404:
        return NotFound(f"{place} knows nothing under this address{words}.")
    if status in (502, 503, 504):
        return Unavailable(f"{place} can't answer now{words} (status {status}).", hint="Try again in a moment.")
    if 400 <= status < 500:
        return InvalidRequest(f"{place} does not accept the request{words} (status {status}).")
    return Internal(f"{place} answered with status {status}{words}.", hint="Its own log says more.")


_LOGIN_HINT = "Give a valid token: JUPYTER_TRAINING_TOKEN, or Client(token=...)."
