"""Cards that go on after their cell: drawn by the kernel where no labextension draws them.

One daemon thread for a kernel asks how its jobs stand and updates their outputs
by display id: at most twice a second each, less often as time goes by, the last
time when the job has ended. It prints nothing, raises nothing, and is gone when
nothing is left to draw. A job that only rests is drawn on; one that is started
again after its end is drawn on the outputs that it had (``again``).

Where JupyterLab or Notebook shows the kernel's own Jupyter server, and that is
the server that trains, the labextension draws the card itself. Then only the
end is written, so that the saved notebook tells it; a notebook that changes
twice a second would ask to be saved all the time.

An update carries the parent of the cell that runs now, not of the cell it
belongs to. Front ends find the output by its display id; nbclient hears only
what belongs to the cell that it waits for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jupyter_training.errors import NotFound, TrainingError
from jupyter_training.kernel.subject import subject_of
from jupyter_training.kernel.wording import TERMINAL, plain

if TYPE_CHECKING:
    from jupyter_training.client.client import Client
    from jupyter_training.kernel.screen import Drawing

__all__ = ["Drawer"]

_LONG_POLL = 2.0  # seconds of one question; a job that comes meanwhile waits no longer for its first
_QUIET_PAUSE = 2.0  # seconds between two questions where only the end is wanted
_LONGEST_PAUSE = 5.0
_SLOWER_AFTER = 240.0  # seconds after which the pause has grown by one second
_A_SECOND = 8  # questions at most, over all jobs
_PATIENCE = 600.0  # seconds without an answer after which a card is left as it is
_REMEMBERED = 200  # outputs of ended jobs that are known, should they be started again

_log = logging.getLogger(__name__)


@dataclass
class _Followed:
    """A job or a search whose output is to be drawn until it has ended. ``last``: its view that was drawn."""

    client: Client
    last: Mapping[str, Any]
    drawing: Drawing
    quietly: bool
    since: float
    answered: float = field(default=0.0)
    ended: bool = False


class Drawer:
    """One for a kernel. Thread-safe."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._clock, self._pause = clock, pause
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._followed: list[_Followed] = []
        self._ended: deque[_Followed] = deque(maxlen=_REMEMBERED)
        self._thread: threading.Thread | None = None
        self._drawing = False  # whether the thread will look at what is followed once more

    def follow(self, client: Client, job: Mapping[str, Any], drawing: Drawing | None, *, quietly: bool = False) -> None:
        """Draw a job or a search on its drawing until it has ended; ``quietly``: only its end.

        Nothing is drawn where outputs can't be drawn again, and in plain mode,
        where an output is the same whenever it is looked at. Of a job that has
        ended the drawing is kept in mind for ``again``.
        """
        if drawing is None or not drawing.lasts or plain():
            return
        now = self._clock()
        one = _Followed(client, job, drawing, quietly, since=now, answered=now)
        if job["state"] in TERMINAL:
            with self._lock:
                self._ended.append(one)
            return
        self._draw([one])

    def again(self, job: Mapping[str, Any]) -> None:
        """A job or a search was started again: go on with the drawings that it had at its end."""
        now = self._clock()
        with self._lock:
            mine = [one for one in self._ended if one.last["id"] == job["id"]]
            for one in mine:
                self._ended.remove(one)
        for one in mine:
            # What came before this view may be older than what is drawn; the next look is not.
            one.since, one.answered, one.ended = now, now, False
            one.last = {**one.last, "version": job["version"] - 1}
        self._draw(mine)

    def stop(self) -> None:
        """Draw nothing more; the thread ends."""
        with self._lock:
            self._followed.clear()
            self._ended.clear()
        self._wake.set()

    def join(self, timeout: float) -> None:
        """Wait until nothing is left to draw."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _draw(self, more: list[_Followed]) -> None:
        if not more:
            return
        with self._lock:
            self._followed.extend(more)
            if self._thread is None or not self._drawing or not self._thread.is_alive():  # a fork has no threads
                self._drawing = True
                self._thread = threading.Thread(target=self._run, name="jupyter-training-cards", daemon=True)
                self._thread.start()
        self._wake.set()

    def _run(self) -> None:
        while True:
            with self._lock:
                followed = list(self._followed)
                if not followed:
                    self._drawing = False
                    return
            for one in followed:
                if not self._goes_on(one, wait=_LONG_POLL if len(followed) == 1 else None):
                    with self._lock:
                        self._followed = [other for other in self._followed if other is not one]
                        if one.ended:
                            self._ended.append(one)
            self._wake.clear()
            self._pause(self._wake, self._round(followed))

    def _round(self, followed: list[_Followed]) -> float:
        """Seconds from one round of questions to the next."""
        now = self._clock()
        lively = [one for one in followed if not one.quietly]
        if not lively:
            return max(_QUIET_PAUSE, len(followed) / _A_SECOND)
        slower = min(_LONGEST_PAUSE, (now - max(one.since for one in lively)) / _SLOWER_AFTER)
        return max(slower, len(followed) / _A_SECOND, *(one.drawing.every for one in lively))

    def _goes_on(self, one: _Followed, *, wait: float | None) -> bool:
        """Look at it once, and draw what is new; whether there is more to come."""
        try:
            subject = subject_of(one.last)
            view = subject.look(one.client, one.last, wait=wait)
            one.answered = self._clock()
            final = view["state"] in TERMINAL
            if final or (subject.is_news(view, one.last) and not one.quietly):
                one.drawing.draw(subject.bundle(one.client, view, failure=True), final=final)
            one.last, one.ended = view, final
            return not final
        except NotFound:
            return False  # deleted; what the output says of it stays
        except TrainingError as error:
            _log.debug("No news of the job %s: %s", one.last["id"], error)
            return self._clock() - one.answered < _PATIENCE
        except Exception:  # noqa: BLE001 - the edge of a thread: a person's notebook is no place for its troubles
            _log.debug("The card of %s can't be drawn any more", one.last["id"], exc_info=True)
            return False
