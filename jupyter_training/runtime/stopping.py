"""``should_stop()``, and what SIGTERM does to code that asks it and to code that does not.

Code that asks is told and left to end by itself; the supervisor waits for it.
Code that never asks gets ``SystemExit`` at the point where it is, so that its
``finally`` blocks and exit handlers run.

                                    asks should_stop()   has been told   does not ask
    first SIGTERM, no stop.json     told                 -               SystemExit
    first SIGTERM after stop.json   SystemExit           left alone      SystemExit
    a second SIGTERM                SystemExit           SystemExit      -

The second row: it has had its time to ask, and SIGKILL comes next.
"""

from __future__ import annotations

import os
import signal
from _thread import get_ident
from time import monotonic

from jupyter_training.runtime import job, journal
from jupyter_training.spool import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

__all__ = ["has_been_told", "install", "let_go", "should_stop"]

_LOOK_EVERY = 0.05  # seconds

_stop_file: str | None = None
_look_again = 0.0
_listens = False
_asked = False
_told = False
_terms = 0
_masks: dict[int, set[Any]] = {}  # by thread, while it forks


def should_stop() -> bool:
    """Whether somebody wants the job to end. Cheap enough to ask at every step.

    Ask at a place where you can save and leave. From the first call on, a
    cancelled job is given time to notice before it is terminated. Outside a job: False.
    """
    global _asked, _told, _look_again
    if not _asked:
        now = monotonic()
        if now < _look_again:
            return False
        _look_again = now + _LOOK_EVERY
        if not _listens and not _listen():
            return False
        _asked = _is_stop_written()
    if _asked:
        _told = True
    return _told


def has_been_told() -> bool:
    """Whether ``should_stop()`` has answered True in this process."""
    return _told


def install() -> None:
    """Answer SIGTERM as above, in this process but not in its forks. Main thread only."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_forked)


def let_go() -> None:
    """Give SIGTERM its usual meaning back, unless the person's code has given it another."""
    if signal.getsignal(signal.SIGTERM) is _on_sigterm:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _hold() -> None:
    """Keep SIGTERM from a fork until it knows what to do with it: a pool may end its workers as soon as they are."""
    _masks[get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _release() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _masks.pop(get_ident()))


def _forked() -> None:
    """Workers must die of SIGTERM, since their parents wait for that."""
    let_go()
    _release()


def _on_sigterm(number: int, _frame: FrameType | None) -> None:
    global _asked, _terms
    _terms += 1
    if _listens and _terms == 1 and (_told or not _is_stop_written()):
        _asked = True
        return
    raise SystemExit(128 + number)


def _listen() -> bool:
    """Say once that this code asks. False outside a job."""
    global _listens, _stop_file
    folder = job.folder()
    if folder is None:
        return False
    _stop_file = os.path.join(folder, layout.STOP)
    _listens = True
    try:
        os.close(os.open(os.path.join(folder, layout.LISTENS), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        pass  # a full disk: it still hears, and is waited for less long
    journal.note("listens", "The code asks should_stop().")
    return True


def _is_stop_written() -> bool:
    return _stop_file is not None and os.path.exists(_stop_file)
