"""Stay with jobs until they have ended, and show how they go."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_training.errors import NotFound, Refused, Unavailable
from jupyter_training.kernel import card
from jupyter_training.kernel.curve import Points
from jupyter_training.kernel.failure import Detached, failed
from jupyter_training.kernel.screen import Drawing
from jupyter_training.kernel.wording import TERMINAL, plain, short

if TYPE_CHECKING:
    from jupyter_training.client.client import Client

__all__ = ["GaveUp", "curves", "stay"]

_POINTS = 100  # of each curve on a card
_LOG_TAIL = 16 * 1024  # bytes of a failed job's log, for its traceback


class GaveUp(Refused):
    """The waiting was limited, and the limit was reached; the job goes on."""

    code = "wait_timeout"


def stay(
    client: Client,
    jobs: Sequence[Mapping[str, Any]],
    drawings: Sequence[Drawing | None],
    *,
    timeout: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> list[dict[str, Any]]:
    """Wait until all have ended; each is drawn on its drawing as it goes (None: nothing is shown).

    Raises:
        JobFailed: for the first that did not succeed, once all have ended.
        GaveUp: after ``timeout`` seconds.
        Detached: the person interrupted; the jobs go on.
    """
    deadline = None if timeout is None else clock() + timeout
    ended: list[dict[str, Any]] = []
    try:
        for job, drawing in zip(jobs, drawings, strict=True):
            left = None if deadline is None else max(0.0, deadline - clock())
            watcher = _Watcher(client, drawing, clock, pause)
            ended.append(client.wait(job["id"], timeout=left, on_change=watcher))
    except TimeoutError:
        waiting = jobs[len(ended)]
        raise GaveUp(
            f"{waiting['name']} has not ended after {timeout:g} s of waiting; it goes on.",
            hint=None if plain() else f"To wait on: %train wait {short(waiting['id'])}",
        ) from None
    except KeyboardInterrupt:
        raise Detached(jobs[len(ended) :]) from None
    for job in ended:
        if job["state"] != "succeeded":
            raise failed(job, _log_end(client, job))
    return ended


def curves(client: Client, job: Mapping[str, Any], *names: str, points: int = _POINTS) -> dict[str, Points]:
    """The curves of a job's metrics by name; for a card those that it draws."""
    wanted = names or card.ranked(job["metrics"])[: card.CURVES]
    if not wanted:
        return {}
    series = client.metrics(job["id"], *wanted, points=points)["series"]
    return {one["name"]: [(point[0], point[2]) for point in one["points"]] for one in series}


class _Watcher:
    """Draws a job's views, at most as often as its drawing bears; the last one always."""

    def __init__(
        self, client: Client, drawing: Drawing | None, clock: Callable[[], float], pause: Callable[[float], None]
    ) -> None:
        self._client, self._drawing, self._clock, self._pause = client, drawing, clock, pause
        self._drawn_at: float | None = None

    def __call__(self, job: dict[str, Any]) -> None:
        if self._drawing is None:
            return
        final = job["state"] in TERMINAL
        if plain():  # only the beginning and the end are the same each time
            if final:
                self._drawing.draw(card.bundle(job), final=True)
            return
        if not final and self._drawn_at is not None:
            early = self._drawn_at + self._drawing.every - self._clock()
            if early > 0:
                self._pause(early)  # what comes meanwhile is in the next view
        self._drawing.draw(card.bundle(job, self._curves(job)), final=final)
        self._drawn_at = self._clock()

    def _curves(self, job: dict[str, Any]) -> dict[str, Points]:
        try:
            return curves(self._client, job)
        except (Unavailable, NotFound):
            return {}  # a card without curves for once is better than an end of the waiting


def _log_end(client: Client, job: Mapping[str, Any]) -> str:
    if not job["attempts"]:
        return ""
    try:
        text: str = client.logs(job["id"], tail=_LOG_TAIL)["text"]
    except (Unavailable, NotFound):
        return ""
    return text
