"""Tasks that do a little and say when they want to be called again, and the threads that call them.

A task is a function that gives the seconds until its next turn, or None when it
is done. It is never called twice at once. The threads are started when there is
work and leave when there is none; they end with the process, which may die at
any moment: nothing that counts is in memory alone.

Tasks of a lane have so many threads at most. What a task does next may take
hours, an upload say; others that are due meanwhile, a stop say, find a thread.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from jupyter_training.seams.clock import Clock

__all__ = ["Task", "Ticket", "Work"]

log = logging.getLogger(__name__)

Task = Callable[[], float | None]

_AFTER_A_FAULT = 30.0  # seconds until a task that raised is called again
_LINGER = 5.0  # seconds that a thread without work stays


@dataclass
class Ticket:
    """A task's place in the queue. ``at``: boot time of its next turn."""

    task: Task
    name: str
    at: float
    lane: Callable[[], str]  # of its next turn
    runs: str | None = None  # the lane in which it does
    called: bool = False  # meanwhile it was asked for
    is_done: bool = field(default=False)


class Work:
    """A queue of tasks. Without ``threads`` nobody works but who calls ``run_due``.

    ``lanes``: how many threads, of all, may be in a lane; in one that is not named, any number.
    """

    def __init__(self, clock: Clock, *, threads: int = 6, lanes: Mapping[str, int] | None = None) -> None:
        self._clock = clock
        self._most = threads
        self._lanes = dict(lanes or {})
        self._busy: Counter[str] = Counter()
        self._parked: dict[str, list[Ticket]] = {}  # due, and their lane has no thread left
        self._queue: list[tuple[float, int, Ticket]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._alive = 0
        self._idle = 0
        self._closed = False

    def add(self, task: Task, name: str, lane: Callable[[], str] = lambda: "") -> Ticket:
        """Have a task called soon, and again as it says. ``lane`` is asked before each turn."""
        ticket = Ticket(task, name, self._clock.boot(), lane)
        with self._changed:
            self._push(ticket, ticket.at)
            self._staff()
        return ticket

    def hasten(self, ticket: Ticket) -> None:
        """Have a task called soon, whatever it said. One that is done stays so."""
        with self._changed:
            if ticket.runs is not None:
                ticket.called = True
            elif not ticket.is_done and ticket.at > self._clock.boot():
                self._push(ticket, self._clock.boot())
                self._staff()

    def close(self, within: float = 5.0) -> None:
        """Let the threads leave after what they are doing; what is queued is not done."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._alive == 0, within)

    def run_due(self) -> int:
        """Call what is due, once each, in this thread. How many were called."""
        count = 0
        now = self._clock.boot()
        with self._changed:
            due = []
            while not self._closed and self._queue and self._queue[0][0] <= now:
                ticket = self._pop()
                if ticket is not None:
                    due.append(ticket)
        for ticket in due:
            self._call(ticket)
            count += 1
        return count

    def next_at(self) -> float | None:
        """Boot time at which something is due; None: there is no task."""
        with self._changed:
            return min((ticket.at for at, _, ticket in self._queue if at == ticket.at), default=None)

    def _push(self, ticket: Ticket, at: float) -> None:
        ticket.at = at
        heapq.heappush(self._queue, (at, next(self._numbers), ticket))
        self._changed.notify()

    def _pop(self) -> Ticket | None:
        """The first of the queue, as running; None: it was queued for another time since, or its lane is full."""
        at, _, ticket = heapq.heappop(self._queue)
        if ticket.runs is not None or ticket.is_done or at != ticket.at:
            return None
        lane = ticket.lane()
        if self._busy[lane] >= self._lanes.get(lane, self._busy[lane] + 1):
            self._parked.setdefault(lane, []).append(ticket)
            return None
        ticket.runs = lane
        self._busy[lane] += 1
        return ticket

    def _leave(self, lane: str) -> None:
        """There is a thread for the lane again."""
        self._busy[lane] -= 1
        for ticket in self._parked.pop(lane, ()):
            self._push(ticket, ticket.at)

    def _staff(self) -> None:
        if not self._closed and self._idle == 0 and self._alive < self._most:
            self._alive += 1
            threading.Thread(target=self._serve, name="sagemaker", daemon=True).start()

    def _serve(self) -> None:
        while True:
            with self._changed:
                ticket = self._next()
                if ticket is None:
                    self._alive -= 1
                    self._changed.notify_all()
                    return
            self._call(ticket)

    def _next(self) -> Ticket | None:
        """The next task that is due, waited for; None: this thread is not needed."""
        idle_since = self._clock.boot()
        while not self._closed:
            now = self._clock.boot()
            while self._queue and self._queue[0][0] <= now:
                ticket = self._pop()
                if ticket is not None:
                    if self._queue and self._queue[0][0] <= now:
                        self._staff()  # there is more than this thread can do
                    return ticket
            left = self._queue[0][0] - now if self._queue else _LINGER
            if now - idle_since >= _LINGER and (self._idle > 0 or not self._queue):
                return None
            self._idle += 1
            try:
                self._changed.wait(min(left, _LINGER))
            finally:
                self._idle -= 1
        return None

    def _call(self, ticket: Ticket) -> None:
        try:
            wait = ticket.task()
        except Exception:  # an edge: a thread that dies would leave everything undone
            log.exception("%s: a fault of ours; it is tried again", ticket.name)
            wait = _AFTER_A_FAULT
        with self._changed:
            self._leave(ticket.runs or "")
            ticket.runs = None
            if wait is None:
                ticket.is_done = True
            else:
                self._push(ticket, self._clock.boot() + (0.0 if ticket.called else max(0.0, wait)))
                self._staff()
            ticket.called = False
