"""One small process that starts supervisors by forking: an interpreter for each would cost more than a short trial.

    dispatcher --an attempt's folder--> nursery --fork--> supervisor, in a session of its own

It has imported what a supervisor needs, and is told nothing but paths: orders and
secrets are read by the supervisor, after the fork. It lives as long as the
dispatcher that holds the other end of its stdin, or has children to reap, and
leaves when it was not needed for a while. Its death loses nothing: who was not
forked has claimed nothing, and is started in the usual way.
"""

from __future__ import annotations

import ctypes  # noqa: F401  # this and fcntl: so that the children need not
import fcntl  # noqa: F401
import gc
import os
import select
import signal
import sys

from jupyter_training.supervisor import main as supervisor

__all__ = ["LOG", "main"]

LOG = "supervisor.log"

_UNNEEDED = 60.0  # seconds without children and without a request, after which it leaves
_PIECE = 65536


def main() -> int:
    """Fork a supervisor for each folder that comes on stdin, each ended by a zero byte, until nobody can ask."""
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, _nothing)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    gc.freeze()  # the children shall share these pages
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(woken, select.POLLIN)
    asked, lives = b"", True
    while True:
        has_children = _reap()
        if not lives and not has_children:
            return 0
        ready = dict(poll.poll(None if has_children else _UNNEEDED * 1000))
        if not ready and not has_children:
            return 0
        if woken in ready:
            _drain(woken)
        if 0 in ready:
            piece = os.read(0, _PIECE)
            if not piece:
                lives = False
                poll.unregister(0)
            *folders, asked = (asked + piece).split(b"\0")
            for folder in folders:
                _start(os.fsdecode(folder), (woken, wake))


def _start(folder: str, ours: tuple[int, ...]) -> None:
    try:
        if os.fork():
            return
    except OSError as error:
        print(f"no supervisor for {folder}: {error.strerror}", file=sys.stderr)  # it is tried again
        return
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in ours:
            os.close(end)
        _stand_alone(folder)
        status = supervise(folder)
    except BaseException:  # noqa: BLE001 (the edge of the process: its log says what happened)
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def supervise(folder: str) -> int:
    """What the forked process is there for."""
    return supervisor.main([folder])


def _stand_alone(folder: str) -> None:
    """Be as if started anew: own session, own log, in the attempt's folder, with nothing of the nursery's open."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    log = os.open(os.path.join(folder, LOG), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)
    os.chdir(folder)


def _reap() -> bool:
    """Take leave of those that have ended; whether others live."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    except ChildProcessError:
        return False


def _drain(handle: int) -> None:
    try:
        while os.read(handle, _PIECE):
            pass
    except BlockingIOError:
        pass


def _nothing(_number: int, _frame: object) -> None:
    """SIGCHLD shall wake the poll, which needs a handler."""
