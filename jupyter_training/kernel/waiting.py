"""Stay with jobs and searches until they have ended, and show how they go."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_training.errors import Refused
from jupyter_training.kernel.drawer import Drawer
from jupyter_training.kernel.failure import Detached
from jupyter_training.kernel.screen import Drawing
from jupyter_training.kernel.subject import subject_of
from jupyter_training.kernel.wording import TERMINAL, plain, short

if TYPE_CHECKING:
    from jupyter_training.client.client import Client

__all__ = ["GaveUp", "stay"]


class GaveUp(Refused):
    """The waiting was limited, and the limit was reached; the job goes on."""

    code = "wait_timeout"


def stay(
    client: Client,
    jobs: Sequence[Mapping[str, Any]],
    drawings: Sequence[Drawing | None],
    *,
    timeout: float | None = None,
    drawer: Drawer | None = None,
    quietly: bool = False,
    say: Callable[[str], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> list[dict[str, Any]]:
    """Wait until all jobs and searches have ended; each is drawn on its drawing as it goes (None: nothing is shown).

    A pause does not end it: that one is paused goes to ``say``, once for each pause. When the waiting ends early,
    ``drawer`` draws on. ``quietly``: their ends alone are drawn, see ``drawer``.

    Raises:
        JobFailed: for the first that did not succeed, once all have ended.
        GaveUp: after ``timeout`` seconds.
        Detached: the person interrupted; the jobs go on.
    """
    deadline = None if timeout is None else clock() + timeout
    ended: list[dict[str, Any]] = []
    watchers: dict[str, _Watcher] = {}
    try:
        for job, drawing in zip(jobs, drawings, strict=True):
            left = None if deadline is None else max(0.0, deadline - clock())
            watcher = _Watcher(client, drawing, quietly, say, clock, pause)
            watchers[job["id"]] = watcher
            ended.append(subject_of(job).wait(client, job, timeout=left, on_change=watcher))
    except TimeoutError:
        waiting = jobs[len(ended)]
        _draw_on(drawer, client, jobs[len(ended) :], drawings[len(ended) :], quietly)
        raise GaveUp(
            f"{waiting['name']} has not ended after {timeout:g} s of waiting; it goes on.",
            hint=None if plain() else f"To wait on: %train wait {short(waiting['id'])}",
        ) from None
    except KeyboardInterrupt:
        _draw_on(drawer, client, jobs[len(ended) :], drawings[len(ended) :], quietly)
        left_alone = [watchers[job["id"]].last or job if job["id"] in watchers else job for job in jobs[len(ended) :]]
        raise Detached(left_alone) from None
    _draw_on(drawer, client, ended, drawings, quietly)  # should they be started again
    for job in ended:
        if job["state"] != "succeeded":
            raise subject_of(job).failed(client, job, on_card=quietly)
    return ended


def _draw_on(
    drawer: Drawer | None,
    client: Client,
    jobs: Sequence[Mapping[str, Any]],
    drawings: Sequence[Drawing | None],
    quietly: bool,
) -> None:
    if drawer is not None:
        for job, drawing in zip(jobs, drawings, strict=True):
            drawer.follow(client, job, drawing, quietly=quietly)


class _Watcher:
    """Draws a job's views, at most as often as its drawing bears; the last one always."""

    def __init__(
        self,
        client: Client,
        drawing: Drawing | None,
        quietly: bool,
        say: Callable[[str], None] | None,
        clock: Callable[[], float],
        pause: Callable[[float], None],
    ) -> None:
        self._client, self._drawing, self._quietly, self._clock, self._pause = client, drawing, quietly, clock, pause
        self._say, self._paused = say, False
        self._drawn_at: float | None = None
        self.last: Mapping[str, Any] | None = None

    def __call__(self, job: dict[str, Any]) -> None:
        self.last = job
        subject = subject_of(job)
        rests = job["phase"] == "paused"
        if rests and not self._paused and self._say is not None:
            self._say(subject.rests(job))
        self._paused = rests
        if self._drawing is None:
            return
        final = job["state"] in TERMINAL
        if plain():  # only the beginning and the end are the same each time
            if final:
                self._drawing.draw(subject.bundle(self._client, job, failure=False), final=True)
            return
        if self._quietly and not final and self._drawn_at is not None:
            return
        if not final and self._drawn_at is not None:
            early = self._drawn_at + self._drawing.every - self._clock()
            if early > 0:
                self._pause(early)  # what comes meanwhile is in the next view
        # A failure's traceback stands once: on the page's card, or in the error that the waiting ends with.
        self._drawing.draw(subject.bundle(self._client, job, failure=self._quietly), final=final)
        self._drawn_at = self._clock()
