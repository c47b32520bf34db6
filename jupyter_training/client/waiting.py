"""Waiting for a job and following its log, through outages of the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_training.errors import JobFailed, ServerUnreachable, StoreBusy, Unavailable

if TYPE_CHECKING:
    from jupyter_training.client.client import Client

__all__ = ["TERMINAL", "failure", "follow", "has_ended", "passes", "patiently", "unseen", "wait"]

T = TypeVar("T")

TERMINAL = frozenset({"succeeded", "failed", "canceled"})

_POLL = 20.0  # seconds of one long poll
_PIECE = 256 * 1024
_LAST_BYTES = 8 * 1024
_LAST_LINES = 10
_CHAINED = ("During handling of the above exception", "The above exception was the direct cause")


def patiently(ask: Callable[[], T], *, patience: float, deadline: float | None) -> T:
    """See ``Client.patiently``."""
    limit = time.monotonic() + patience
    if deadline is not None:
        limit = min(limit, deadline)
    pause = 0.2
    while True:
        try:
            return ask()
        except Unavailable as error:
            left = limit - time.monotonic()
            if left <= 0 or not passes(error):
                raise
            time.sleep(min(pause, left))
            pause = min(pause * 2, 5.0)


def passes(error: Unavailable) -> bool:
    """Whether it may help to ask again in a moment. What is below these, as a store that is too new, stays."""
    return type(error) in (Unavailable, ServerUnreachable, StoreBusy)


def unseen(error: Unavailable, called: str, timeout: float | None) -> str:
    """What is said when a time to wait is over and nobody answers."""
    return f"{error.detail} {called} has not been seen to end in {timeout:g} s of waiting."


def wait(
    client: Client,
    job: str,
    *,
    timeout: float | None,
    check: bool,
    on_change: Callable[[dict[str, Any]], object] | None,
) -> dict[str, Any]:
    """See ``Client.wait``."""
    deadline = None if timeout is None else time.monotonic() + timeout
    view: dict[str, Any] | None = None
    try:
        view = client.patiently(lambda: client.job(job), deadline=deadline)
        while True:
            if on_change is not None:
                on_change(view)
            if has_ended(view):
                break
            left = _POLL if deadline is None else min(_POLL, deadline - time.monotonic())
            if left <= 0:
                raise TimeoutError(f"{_called(view)} is still {view['phase']} after {timeout:g} s of waiting.")
            view = _next(client, view, left, deadline=deadline)
    except Unavailable as error:
        if deadline is None or time.monotonic() < deadline or not passes(error):
            raise
        raise TimeoutError(unseen(error, _called(view) if view else job, timeout)) from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_detached(view, job)) from None
    if check and view["state"] != "succeeded":
        raise failure(client, view)
    return view


def follow(client: Client, job: str, *, tail: int | None) -> Iterator[str]:
    """See ``Client.follow``. A job that is started again is followed into its next attempt."""
    view: dict[str, Any] | None = None
    pause = 0.0
    try:
        chunk = _piece(client, job, tail=tail) if tail else _piece(client, job)
        while True:
            if chunk["text"]:
                yield chunk["text"]
            number, at = chunk["attempt"], chunk["next"]
            if number == 0 or chunk["end"]:
                view = client.patiently(lambda: client.job(job))
                if len(view["attempts"]) > number:
                    number, at = number + 1, 0
                elif has_ended(view):
                    return
                else:
                    view = _next(client, view, _POLL)
            elif chunk["text"]:
                pause = 0.05
            else:
                time.sleep(pause)
                pause = min(pause * 1.5 + 0.02, 0.5)
            chunk = _piece(client, job, attempt=number or None, offset=at)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_detached(view, job)) from None


def has_ended(view: dict[str, Any]) -> bool:
    return view["state"] in TERMINAL


def failure(client: Client, view: dict[str, Any]) -> JobFailed:
    """The error for a job that did not succeed: its sentence, and the person's traceback or the last lines it wrote."""
    text = ""
    if view["attempts"]:
        text = client.patiently(lambda: client.logs(view["id"], tail=_LAST_BYTES))["text"]
    last = "\n".join(_telling(_collapsed(text)))
    words = f"{_called(view)}: {view['sentence']}"
    return JobFailed(f"{words}\n{last}" if last else words, job=view, log=last)


def _telling(lines: list[str]) -> list[str]:
    """The last traceback, with those that it was raised from; without one, the last lines."""
    starts = [index for index, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
    if not starts:
        return lines[-_LAST_LINES:]
    first = starts.pop()
    while starts and lines[first - 1].startswith(_CHAINED):
        first = starts.pop()
    return lines[first:]


def _next(client: Client, view: dict[str, Any], seconds: float, *, deadline: float | None = None) -> dict[str, Any]:
    """The job's next version, or the same again after so many seconds."""

    def ask() -> dict[str, Any]:
        left = seconds if deadline is None else min(seconds, max(0.001, deadline - time.monotonic()))
        return client.job(view["id"], after=view["version"], wait=round(left, 3))

    return client.patiently(ask, deadline=deadline)


def _piece(client: Client, job: str, **where: int | None) -> dict[str, Any]:
    return client.patiently(lambda: client.logs(job, **(where if "tail" in where else {**where, "limit": _PIECE})))


def _collapsed(text: str) -> list[str]:
    """The lines as a terminal would show them: what a carriage return overwrote is gone."""
    return [line.rstrip().rpartition("\r")[2] for line in text.split("\n") if line.strip()]


def _called(view: dict[str, Any]) -> str:
    return f"{view['name']} ({view['id']})"


def _detached(view: dict[str, Any] | None, job: str) -> str:
    return f"Detached from {_called(view) if view else job}; it goes on."
