"""A trace under a pool's rules, in virtual time: the planner decides, and the jobs do what the trace says of them.

Only the planner is ours here; it sees what a dispatcher would see and nothing else: checkpoints once they are
written, the seconds of saving once one was saved, those of restoring once one was read.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_training.core import queue_position
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, Desired, Seen, StopHow
from jupyter_training.core.policy import ActiveAttempt, QueuedJob, QueueView, Start, Stop, plan
from jupyter_training.core.resources import Allocation, Pool
from tests.benchmarks.trace import TraceJob

__all__ = ["Replay", "replay"]


@dataclass(frozen=True)
class Replay:
    """When each job ended, by its name, and how often one had to make room."""

    ends: dict[str, float]
    preemptions: int


@dataclass
class _Life:
    """A job on its way. Seconds of work in ``done`` and ``saved``."""

    job: TraceJob
    seq: int
    priority: int
    waiting_since: float
    number: int = 0
    done: float = 0.0  # when its present attempt began
    saved: float = 0.0  # what its newest checkpoint has
    saved_at: float | None = None
    knows_save: bool = False
    knows_restore: bool = False
    begun: float = 0.0
    works_from: float = 0.0
    stop_asked: StopHow | None = None
    is_running: bool = False

    def progress(self, now: float) -> float:
        return min(self.job.work, self.done + max(0.0, now - self.works_from))

    @property
    def ends_at(self) -> float:
        return self.works_from + self.job.work - self.done

    @property
    def next_save(self) -> float:
        if self.job.every is None or self.stop_asked is not None:
            return math.inf
        moment = self.works_from + self.saved + self.job.every - self.done
        return moment if moment < self.ends_at else math.inf


def replay(trace: Sequence[TraceJob], pool: Pool, *, first_come: bool = False) -> Replay:
    """Play it to its last end. ``first_come``: everybody has the same priority."""
    return _Player(trace, pool, first_come).play()


class _Player:
    def __init__(self, trace: Sequence[TraceJob], pool: Pool, first_come: bool) -> None:
        self._pool = pool
        self._view = QueueView({pool.name: pool})
        self._lives = [
            _Life(job, seq, 42 if first_come else job.priority, job.submit) for seq, job in enumerate(trace, 1)
        ]
        self._by_id = {JobId(life.job.name): life for life in self._lives}
        # (moment, what, job, attempt): arrivals, ends, checkpoints, departures; a stale one is passed over.
        self._events = [(life.job.submit, "comes", life.job.name, 0) for life in self._lives]
        heapq.heapify(self._events)
        self._ends: dict[str, float] = {}
        self._preemptions = 0

    def play(self) -> Replay:
        wake = math.inf
        while self._events:
            now = min(self._events[0][0], wake)
            while self._events and self._events[0][0] <= now:
                _, what, name, number = heapq.heappop(self._events)
                life = self._by_id[JobId(name)]
                if what == "comes" or (life.is_running and life.number == number):
                    self._happens(what, life, now)
            found = plan(self._view, Instant(now))
            for decision in found.decisions:
                if isinstance(decision, Start):
                    self._start(self._by_id[decision.job], decision.allocation, now)
                elif isinstance(decision, Stop):
                    self._stop(self._by_id[decision.job], decision.how, now)
            wake = found.next_wake if found.next_wake is not None else math.inf
        left = [life.job.name for life in self._lives if life.job.name not in self._ends]
        if left:
            raise RuntimeError(f"{len(left)} jobs of the trace never ended: {', '.join(left[:5])}")
        return Replay(self._ends, self._preemptions)

    def _happens(self, what: str, life: _Life, now: float) -> None:
        name = JobId(life.job.name)
        if what == "comes":
            self._view.put(_queued(life, self._pool))
        elif what == "ends":
            life.is_running = False
            self._ends[life.job.name] = now
            self._view.drop(name)
        elif what == "saves" and life.stop_asked is None:
            life.saved, life.saved_at, life.knows_save = life.progress(now), now, True
            self._view.put(_active(life, self._allocation(name)))
            self._expect(life)
        elif what == "leaves":
            life.is_running = False
            life.waiting_since = now
            self._view.put(_queued(life, self._pool))

    def _start(self, life: _Life, allocation: Allocation, now: float) -> None:
        life.number += 1
        life.is_running, life.stop_asked, life.done = True, None, life.saved
        life.begun = now
        life.works_from = now + (life.job.restore if life.saved else 0.0)
        life.knows_restore |= life.saved > 0
        self._view.put(_active(life, allocation))
        heapq.heappush(self._events, (life.ends_at, "ends", life.job.name, life.number))
        self._expect(life)

    def _stop(self, life: _Life, how: StopHow, now: float) -> None:
        """It saves and leaves where it heeds the request; if it is done before that, it is done."""
        self._preemptions += 1
        life.stop_asked = how
        self._view.put(_active(life, self._allocation(JobId(life.job.name))))
        leaves = now
        if life.job.saves_when_asked:
            leaves += life.job.save
            if leaves < life.ends_at:
                life.saved, life.saved_at = life.progress(now), leaves
        heapq.heappush(self._events, (leaves, "leaves", life.job.name, life.number))

    def _expect(self, life: _Life) -> None:
        if life.next_save < math.inf:
            heapq.heappush(self._events, (life.next_save, "saves", life.job.name, life.number))

    def _allocation(self, name: JobId) -> Allocation:
        return self._view.attempt(name).allocation


def _queued(life: _Life, pool: Pool) -> QueuedJob:
    job = life.job
    return QueuedJob(
        id=JobId(job.name),
        name=job.name,
        pool=pool.name,
        priority=life.priority,
        position=queue_position.of_submission(life.seq),
        seq=life.seq,
        slots=job.slots,
        desired=Desired.RUN,
        preemptible=life.saved > 0,
        waiting_since=Instant(life.waiting_since),
        experiment=job.group,
        user=job.user,
    )


def _active(life: _Life, allocation: Allocation) -> ActiveAttempt:
    job = life.job
    return ActiveAttempt(
        job=JobId(job.name),
        name=job.name,
        number=life.number,
        state=AttemptState.RUNNING if life.stop_asked is None else AttemptState.STOPPING,
        seen=Seen.LIVE,
        desired=Desired.RUN,
        allocation=allocation,
        stop_asked=life.stop_asked,
        priority=life.priority,
        position=queue_position.of_submission(life.seq),
        seq=life.seq,
        preemptible=life.saved > 0,
        waited=life.begun - life.waiting_since,
        created=Instant(life.begun),
        experiment=job.group,
        user=job.user,
        saved=None if life.saved_at is None else Instant(life.saved_at),
        save_seconds=job.save if life.knows_save else 0.0,
        restore_seconds=job.restore if life.knows_restore else 0.0,
    )
