"""Start supervisors: by a nursery that forks them, and where there is none, each as an interpreter of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from jupyter_training import supervisor
from jupyter_training.spool import identity

__all__ = ["Supervisors"]

_LOG = "supervisor.log"
_LONGEST = 4096  # bytes of a request that arrive as a whole or not at all

_FAILURES = 3  # of nurseries, after which there are no more: something here is against them


class Supervisors:
    """Those that one dispatcher starts, and that outlive it.

    ``children``: its own processes, without the nursery that is in use.
    """

    def __init__(self) -> None:
        self.children: list[subprocess.Popen[bytes]] = []
        self._nursery: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._runtime: Path | None = None  # what the nursery has imported

    def start(self, runtime: Path, folder: Path, *, adopt: bool = False, plainly: bool = False) -> None:
        """A supervisor for this attempt, soon. It may not come to be, as it may die: see that it claims the attempt.

        ``plainly``: by nobody's help. For one that did not come to be.

        Raises:
            OSError: none can be started.
        """
        self._failures += plainly
        if adopt or plainly or not self._ask(runtime, folder):
            self._start_plainly(runtime, folder, adopt=adopt)

    def reap(self) -> None:
        """Take leave of those that have ended."""
        self.children = [child for child in self.children if child.poll() is None]

    def wait(self, within: float) -> None:
        """Until all have ended, each so many seconds at most. The nursery leaves then, too."""
        self._forget()
        for child in self.children:
            child.wait(within)

    def _ask(self, runtime: Path, folder: Path) -> bool:
        """Whether the nursery was told, a second one if the first has gone."""
        request = os.fsencode(folder) + b"\0"
        if len(request) > _LONGEST:
            return False
        return self._tell(runtime, request) or (self._nursery is None and self._tell(runtime, request))

    def _tell(self, runtime: Path, request: bytes) -> bool:
        if self._nursery is not None and (self._runtime != runtime or self._nursery.poll() is not None):
            self._failures += self._nursery.returncode not in (None, 0)
            self._forget()
        if self._failures >= _FAILURES:
            return False
        try:
            nursery = self._nursery or self._started(runtime)
            assert nursery.stdin is not None
            return os.write(nursery.stdin.fileno(), request) == len(request)
        except BlockingIOError:  # it does not read: it was halted
            return False
        except OSError:  # it has gone already
            self._failures += 1
            self._forget()
            return False

    def _started(self, runtime: Path) -> subprocess.Popen[bytes]:
        nursery = subprocess.Popen(
            supervisor.nursery_command(sys.executable, str(runtime)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd="/",
            env={identity.SERVICE: "1"},
            bufsize=0,
            start_new_session=True,
        )
        assert nursery.stdin is not None
        os.set_blocking(nursery.stdin.fileno(), False)
        self._nursery, self._runtime = nursery, runtime
        return nursery

    def _forget(self) -> None:
        """Let the nursery leave, when its children have."""
        if self._nursery is not None:
            with contextlib.suppress(OSError):
                self._nursery.stdin.close()  # type: ignore[union-attr]  # a pipe was asked for
            self.children.append(self._nursery)
        self._nursery = None

    def _start_plainly(self, runtime: Path, folder: Path, *, adopt: bool) -> None:
        command = supervisor.command(sys.executable, str(runtime), str(folder), adopt=adopt)
        with open(folder / _LOG, "ab") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={identity.SERVICE: "1"},
                start_new_session=True,
            )
        self.children.append(child)
