"""The loop: wait for the person's process to end, and meanwhile stop it, sample it, keep its log small.

One loop for both, a process that this supervisor started (its exit status can
be waited for) and one that it adopted. When the process has ended, whatever it
left behind gets SIGTERM, a moment, SIGKILL; the loop ends when nothing is left.
"""

from __future__ import annotations

import os
import select
import signal
import time

from jupyter_training.spool.identity import Identity, is_alive
from jupyter_training.supervisor import memory, tree
from jupyter_training.supervisor.ending import Ended
from jupyter_training.supervisor.journal import Journal
from jupyter_training.supervisor.log_cap import LogCap
from jupyter_training.supervisor.order import Order
from jupyter_training.supervisor.sample import Sampler
from jupyter_training.supervisor.stopping import KILL, TERMINATE, StopFile, Stopping, heard

__all__ = ["Watch"]

_TICK = 0.25  # seconds; how late a stop may be noticed
_BLIND_TICK = 0.05  # where the system can't tell when a process ends
_CLEAN_TICK = 0.02
_LEFTOVER_GRACE = 2.0
_FIRST_SAMPLE = 1.0


class Watch:
    """Watches one process, the person's, to its end and beyond."""

    def __init__(
        self, folder: str, order: Order, process: Identity | None, *, is_child: bool, journal: Journal
    ) -> None:
        """``process`` None: it has gone before, only what it left behind is looked for."""
        self.stopping = Stopping(grace=order.grace, stop_within=order.stop_within, pause_within=order.pause_within)
        self.sampler = Sampler(process.pid if process is not None else 0, order.env.get("CUDA_VISIBLE_DEVICES"))
        self.memory_kills = 0
        self._folder = folder
        self._order = order
        self._process = process
        self._is_child = is_child
        self._journal = journal
        self._stop_file = StopFile(folder)
        self._log_cap = LogCap(folder, cap_bytes=order.log_cap_bytes, head_bytes=order.log_head_bytes)
        self._marker = f"JUPYTER_TRAINING_SPOOL={folder}".encode()
        # At the last sample but one: at the last one the process may have been killed and not yet be gone.
        self._kills_before = self._kills_lately = memory.kills()
        self._sample_at = time.monotonic() + min(_FIRST_SAMPLE, order.sample_every)

    def run(self) -> Ended:
        """Block until nothing of the attempt lives; how its process ended."""
        if self._process is not None:
            self._follow(self._process)
        self.memory_kills = memory.kills() - self._kills_before
        self._look_for_stop(time.monotonic())  # one that came in the last moment still has a say in what it meant
        self._clean()
        return self._ended()

    def _follow(self, process: Identity) -> None:
        handle = _pidfd(process.pid)
        poll = select.poll()
        if handle is not None:
            poll.register(handle, select.POLLIN)
        try:
            while self._runs(process):
                self._reap_orphans()
                now = time.monotonic()
                self._stop_if_asked(process, now)
                self._sample(now)
                if not self._log_cap.keep():
                    self._journal.note_once("log_cap", "The log can't be kept under its limit on this file system.")
                poll.poll((_TICK if handle is not None else _BLIND_TICK) * 1000)
        finally:
            if handle is not None:
                os.close(handle)

    def _runs(self, process: Identity) -> bool:
        if not self._is_child:
            return is_alive(*process)
        # Left as a zombie until all is clean: so long nobody else gets its pid, or its session's and group's number.
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def _look_for_stop(self, now: float) -> None:
        record = self._stop_file.changed()
        if record is not None:
            self.stopping.ask(record, now)

    def _stop_if_asked(self, process: Identity, now: float) -> None:
        self._look_for_stop(now)
        if self.stopping.request is None:
            return
        step = self.stopping.next(now, heard(self._folder))
        if step == TERMINATE:
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except (ProcessLookupError, PermissionError):
                pass
        elif step == KILL:
            self._signal_all(signal.SIGKILL)

    def _sample(self, now: float) -> None:
        if now < self._sample_at:
            return
        self._sample_at = now + self._order.sample_every
        self._kills_before, self._kills_lately = self._kills_lately, memory.kills()
        figures = self.sampler.sample(now)
        if figures:
            self._journal.sample(figures)

    def _clean(self) -> None:
        """End what is left, however it hid, and wait until it is gone."""
        grace = min(_LEFTOVER_GRACE, self._order.grace)
        deadline = time.monotonic() + grace
        request = self.stopping.request
        number = signal.SIGKILL if request is not None and request.how == "kill" else signal.SIGTERM
        told: set[tuple[int, int]] = set()
        while True:
            self._reap_orphans()
            left = self._members()
            if not left:
                return
            if time.monotonic() >= deadline:
                number = signal.SIGKILL
            for process in left:
                mark = (process.pid, process.start_time)
                if number == signal.SIGKILL or mark not in told:
                    tree.send(process, number)
                    told.add(mark)
            time.sleep(_CLEAN_TICK)

    def _signal_all(self, number: int) -> None:
        for process in self._members():
            tree.send(process, number)

    def _members(self) -> list[tree.Process]:
        if self._process is None:
            return tree.members(self._marker, None, os.getpid())
        return tree.members(self._marker, self._process.pid, os.getpid(), since=self._process.start_time)

    def _reap_orphans(self) -> None:
        for pid in tree.children_of(os.getpid()):
            if self._process is None or pid != self._process.pid:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass

    def _ended(self) -> Ended:
        if not self._is_child or self._process is None:
            return Ended(None, None, "adopted")
        _, status, usage = os.wait4(self._process.pid, 0)
        self.sampler.saw(usage.ru_maxrss * 1024)
        if os.WIFSIGNALED(status):
            return Ended(None, os.WTERMSIG(status), "wait")
        return Ended(os.WEXITSTATUS(status), None, "wait")


def _pidfd(pid: int) -> int | None:
    """Something that becomes readable when the process ends; None where the system has no such thing."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None
