"""Keeps a child from outliving the server that wanted it. Run as a program; standard library only.

    server --pipe--> keeper --> child, in a session of its own

The pipe to the keeper's input is never written to. It closes when the server
ends, however it ends, and then the child's whole group is stopped: asked first,
killed after ``_GRACE`` seconds. The lock that the keeper inherited is free when
it is gone. If the keeper itself is killed, Linux asks the child to stop.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading

_GRACE = 2.0  # it holds nothing that an abrupt end could lose: its store is transactional
_PR_SET_PDEATHSIG = 1


def main(command: list[str]) -> int:
    """Run the command until it ends or the input closes; its exit code."""
    os.umask(0o077)
    keeper = os.getpid()
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: _die_with(keeper),  # noqa: PLW1509 - there is no other thread yet
    )
    signal.signal(signal.SIGTERM, lambda *_: _stop(child))
    threading.Thread(target=_stop_when_left, args=(child,), daemon=True).start()
    code = child.wait()
    _kill(child.pid)  # what it may have left behind in its group
    return code


def _stop_when_left(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1):
        pass
    _stop(child)


def _stop(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    timer = threading.Timer(_GRACE, _kill, args=(child.pid,))
    timer.daemon = True
    timer.start()


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _die_with(keeper: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != keeper:
            os._exit(1)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.exit(code if code >= 0 else 128 - code)
