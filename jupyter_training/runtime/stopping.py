"""``should_stop()``, and what SIGTERM does to code that asks it and to code that does not.

Code that asks is told and left to end by itself; the supervisor waits for it.
Code that never asks gets ``SystemExit`` at the point where it is, so that its
``finally`` blocks and exit handlers run.

                                    asks should_stop()   has been told   does not ask
    first SIGTERM, no stop.json     told                 -               SystemExit
    first SIGTERM after stop.json   SystemExit           left alone      SystemExit
    a second SIGTERM                SystemExit           SystemExit      -

The second row: it has had its time to ask, and SIGKILL comes next.

A pause is told once there is something to go on from: ``hold_back`` (``checkpoint.pace``)
says how long. While a checkpoint is being saved the first SIGTERM waits for it.
"""

from __future__ import annotations

import os
from _thread import get_ident
from time import monotonic

from jupyter_training.runtime import job, journal
from jupyter_training.spool import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from types import FrameType, TracebackType
    from typing import Any
else:
    import _signal as signal  # the same without its enums, which cost a job milliseconds

__all__ = ["Terminated", "Undisturbed", "ask", "asked", "has_been_told", "install", "let_go", "look_now", "should_stop"]

_LOOK_EVERY = 0.05  # seconds
_BY_SIGNAL = "cancel"  # what a stop means that says no more

_look_again = 0.0
_listens = False
_asked = False
_told = False
_terms = 0
_how: str | None = None  # of the stop that was read last; a stronger one may still replace it
hold_back: Callable[[str], bool] | None = None  # whether code that asks is not yet told of a stop of this kind
_main_thread = 0
_saving = 0
_put_off = False
_masks: dict[int, set[Any]] = {}  # by thread, while it forks


def should_stop() -> bool:
    """Whether somebody wants the job to end. Cheap enough to ask at every step.

    Ask at a place where you can save and leave. From the first call on, a
    cancelled job is given time to notice before it is terminated. A pause is
    told at once too, except to code that says with ``checkpoint.every()`` or
    ``checkpoint.due()`` where it saves: it hears of it after that checkpoint.
    Outside a job: False.
    """
    global _asked, _told
    if not _asked:
        if not _listens and not _listen():
            return False
        how = asked()
        if how is not None and not (hold_back is not None and hold_back(how)):
            _asked = True  # never set to False: a signal may have come meanwhile
    if _asked:
        _told = True
    return _told


def asked(*, exactly: bool = False) -> str | None:
    """How a stop was asked for, None if it was not; looks at most every so often unless ``exactly``."""
    global _look_again
    if _asked and _how is None:
        return _BY_SIGNAL
    now = monotonic()
    if exactly or now >= _look_again:
        _look_again = now + _LOOK_EVERY
        return _read_stop()
    return _how


def ask() -> None:
    """Let ``should_stop()`` say True from now on, though nobody has asked from outside."""
    global _asked
    _asked = True


def look_now() -> None:
    """Let the next question be answered from the disk, however short ago the last one was."""
    global _look_again
    _look_again = 0.0


class Terminated(SystemExit):
    """SIGTERM ends the code, as an exit that it may catch and clean up after."""


class Undisturbed:
    """While this holds, the first SIGTERM waits: what is being saved is worth more than a moment."""

    def __enter__(self) -> None:
        global _saving
        self._counts = get_ident() == _main_thread
        _saving += self._counts

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _saving
        _saving -= self._counts
        if _put_off and not _saving and self._counts:
            raise Terminated(128 + signal.SIGTERM)


def has_been_told() -> bool:
    """Whether ``should_stop()`` has answered True in this process."""
    return _told


def install() -> None:
    """Answer SIGTERM as above, in this process but not in its forks. Main thread only."""
    global _main_thread
    _main_thread = get_ident()
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
    global _asked, _terms, _put_off
    _terms += 1
    if _listens and _terms == 1 and (_told or not _is_stop_written()):
        _asked = True
        return
    if _saving and _terms == 1:
        _put_off = True
        return
    raise Terminated(128 + number)


def _listen() -> bool:
    """Say once that this code asks. False outside a job."""
    global _listens
    folder = job.folder()
    if folder is None:
        return False
    _listens = True
    try:
        os.close(os.open(os.path.join(folder, layout.LISTENS), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        pass  # a full disk: it still hears, and is waited for less long
    journal.note("listens", "The code asks should_stop().")
    return True


def _is_stop_written() -> bool:
    folder = job.folder()
    return folder is not None and os.path.exists(os.path.join(folder, layout.STOP))


def _read_stop() -> str | None:
    """How the stop was asked for that is on disk now."""
    global _how
    folder = job.folder()
    path = os.path.join(folder, layout.STOP) if folder is not None else None
    if path is not None and os.path.exists(path):
        _how = str((layout.read_json(path) or {}).get("how") or _BY_SIGNAL)
    return _how
