"""When waiting jobs start: the planner itself, played forward on a clock of its own.

A dozen runs, each with durations drawn from history:

    plan -> starts, stops -> on to the next end or wake -> plan -> ...

until all have started or nothing happens any more. The range is from the tenth
to the ninetieth percentile of what the runs gave (of few runs: all of it).

    an attempt runs       as long as its progress or its history says, given that it has run so long already
    it makes room         for its save seconds; what is left goes on later, after its restore seconds
    nothing is known      it never ends: who needs what it holds starts nobody knows when, others do
    a job has ended       who starts after it may start

Only the front of one pool's queue is played, and as many runs as fit into a
number of plans: a forecast costs about as much, however long the queue is.
What people will submit or move is not foreseen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING

from jupyter_training.core.durations import Draws, Known
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, Desired, Seen, StopHow
from jupyter_training.core.policy import ActiveAttempt, Finish, QueuedJob, QueueView, plan
from jupyter_training.core.policy import Start as Begin
from jupyter_training.core.policy.room import could_fit
from jupyter_training.core.queue_front import LOOKED_AT, Front
from jupyter_training.core.resources import Allocation, Pool

if TYPE_CHECKING:
    from random import Random

__all__ = ["FAR", "Start", "Unknown", "forecast"]

NO_HISTORY = "no history yet"
NO_ANSWER = "no answer from a job that is ahead"
NO_POOL = "its pool is gone"
TOO_BIG = "too big for its pool"
NO_MORE_NOW = "more than its pool is given now"
AFTER_OTHERS = "nobody knows when what it starts after succeeds"
TOO_FAR = "too much comes before it"
FAR = f"more than {LOOKED_AT} jobs are ahead"

_RUNS = 9  # of which the lowest and the highest hold eight of ten that may come
_FEWEST = 5
_PLANS = 700  # of all runs together, by the cost of one with a few attempts
_LONGEST = 400  # plans of one run
_MANY = 60  # attempts that make a plan twice as dear
_SHARING = 1.7  # by how much fair share makes it dearer

_NOTHING = Known()


@dataclass(frozen=True)
class Start:
    """Seconds from now until a job starts. ``high`` None: it may also be that it does not for a long time."""

    low: float
    high: float | None


@dataclass(frozen=True)
class Unknown:
    """When a job starts can't be told; why, as a few words."""

    reason: str


def forecast(
    front: Front,
    known: Mapping[JobId, Known],
    after: Mapping[JobId, Collection[JobId]],
    *,
    rng: Random,
    now: Instant,
) -> dict[JobId, Start | Unknown]:
    """When each of the front's waiting jobs starts. Equal arguments, the generator's state included, give the same.

    ``after``: which jobs each one starts after that have not succeeded yet; those that are not in the front never do.
    """
    draws = Draws(known.values(), rng)
    first = _Run(front, known, after, draws, now)
    cost = max(1, first.play()) * _dearness(front)
    runs = [first]
    for _ in range(min(_RUNS, max(_FEWEST, int(_PLANS / cost))) - 1):
        run = _Run(front, known, after, draws, now)
        run.play()
        runs.append(run)
    return {job.id: _said(job, runs, front.pools.get(front.pool)) for job in front.queued}


def _dearness(front: Front) -> float:
    """How much dearer its plans are than those of a small pool."""
    pool = front.pools.get(front.pool)
    if pool is None:
        return 1.0
    attempts = len(front.active) + min(pool.slots, len(front.queued))
    return (1 + attempts / _MANY) * (_SHARING if pool.policy == "fair_share" else 1.0)


def _said(job: QueuedJob, runs: Sequence[_Run], pool: Pool | None) -> Start | Unknown:
    delays = sorted(run.delays.get(job.id, inf) for run in runs)
    edge = max(0, (len(delays) + 1) // 10 - 1)
    low, high = delays[edge], delays[-1 - edge]
    if low < inf:
        return Start(low, high if high < inf else None)
    if pool is None:
        return Unknown(NO_POOL)
    if not could_fit(pool, job.need) or (job.max_slots is not None and job.slots > job.max_slots):
        return Unknown(NO_MORE_NOW if pool.is_served else TOO_BIG)
    return Unknown(next((reason for reason in (run.why_never(job) for run in runs) if reason), TOO_FAR))


@dataclass
class _Work:
    """What an attempt has before it since a moment: its start, after its restore, or the forecast's now."""

    left: float
    since: float
    keeps: bool
    behind: float = 0.0  # what it did before that, all of which is lost where it keeps nothing
    end: float = inf
    saves: float = inf  # when it will have a checkpoint
    stopping: bool = False
    goes_on: bool = False  # it makes room, and comes back


@dataclass
class _Run:
    """One possible course of events."""

    front: Front
    known: Mapping[JobId, Known]
    after: Mapping[JobId, Collection[JobId]]
    draws: Draws
    now: Instant
    delays: dict[JobId, float] = field(default_factory=dict)  # seconds until each job has started

    def __post_init__(self) -> None:
        self.draws.begin()
        self._view = QueueView(self.front.pools)
        self._jobs: dict[JobId, QueuedJob] = {}
        self._work: dict[JobId, _Work] = {}
        self._left: dict[JobId, float] = {}  # of those that made room
        self._kept: set[JobId] = set()  # that have got a checkpoint meanwhile
        self._events: list[tuple[float, int, JobId]] = []  # when to look at a job again
        self._count = 0
        self._endless: dict[str, None] = {}
        self._cut = False
        self._open = {job: set(others) for job, others in self.after.items() if others}
        pool = self.front.pools.get(self.front.pool)
        self._preempts = pool is not None and pool.preemption
        for attempt in self.front.active:
            self._go_on(attempt)
        for job in self.front.queued:
            self._jobs[job.id] = job
            self._view.put(job)
        self._unstarted = {job.id for job in self.front.queued if job.may_start or job.id in self._open}

    def play(self) -> int:
        """Let time pass until all have started. How many plans it took."""
        moment = self.now
        for count in range(1, _LONGEST + 1):
            planned = plan(self._view, moment)
            for decision in planned.decisions:
                if isinstance(decision, Begin):
                    self._begin(self._view.job(decision.job), decision.allocation, moment)
                elif isinstance(decision, Finish):
                    self._leave(decision.job)
                else:
                    self._stop(decision.job, decision.how, moment)
            if not self._unstarted:
                return count
            upcoming = self._next()
            if planned.next_wake is not None:
                upcoming = min(upcoming, planned.next_wake)
            if upcoming == inf:
                return count
            moment = Instant(max(moment, upcoming))
            self._pass(moment)
        self._cut = True
        return _LONGEST

    def why_never(self, job: QueuedJob) -> str | None:
        """Why it did not start in this run, as far as that can be told."""
        others = self._open.get(job.id)
        if others is None and job.unmet and job.id not in self.after:
            return AFTER_OTHERS
        if others is not None and not all(self._view.get(other) for other in others):
            return AFTER_OTHERS
        return next(iter(self._endless), TOO_FAR if self._cut else None)

    def _known(self, job_id: JobId) -> Known:
        return self.known.get(job_id, _NOTHING)

    def _go_on(self, attempt: ActiveAttempt) -> None:
        """An attempt that runs already."""
        known = self._known(attempt.job)
        attempt = replace(attempt, hang_at=None, deadline=None)
        left = self.draws.left(known)
        work = _Work(left, self.now, known.keeps, behind=known.done)
        if attempt.is_stopping:
            work.stopping = True
            work.goes_on = attempt.stop_asked == "preempt" and attempt.desired is Desired.RUN
            work.end = self.now + min(left, self.draws.leaving(attempt.save_seconds))
        elif attempt.seen is Seen.UNKNOWN:
            work.left = inf
        else:
            work.end = self.now + left
        if attempt.needs_room and work.end == inf:
            self._endless.setdefault(NO_ANSWER if attempt.seen is Seen.UNKNOWN else NO_HISTORY)
        if self._preempts and not attempt.preemptible and known.saves_after is not None:
            work.saves = self.now + max(known.saves_after - known.done, known.saves_after / 4)
        self._add(attempt, work)

    def _begin(self, job: QueuedJob, allocation: Allocation, moment: Instant) -> None:
        known = self._known(job.id)
        if job.id in self._unstarted:
            self._unstarted.discard(job.id)
            self.delays[job.id] = max(0.0, moment - self.now)
        left = self._left.pop(job.id, None)
        if left is None:
            left = self.draws.left(known)
        keeps = known.keeps or job.id in self._kept
        since = moment + (known.restore if keeps else 0.0)
        work = _Work(left, since, keeps, end=since + left)
        if job.needs_room and left == inf:
            self._endless.setdefault(NO_HISTORY)
        if self._preempts and not job.preemptible and known.saves_after is not None:
            work.saves = since + known.saves_after
        self._add(_attempt(job, allocation, moment), work)

    def _add(self, attempt: ActiveAttempt, work: _Work) -> None:
        self._view.put(attempt)
        self._work[attempt.job] = work
        self._note(attempt.job, min(work.end, work.saves))

    def _stop(self, job_id: JobId, how: StopHow, moment: Instant) -> None:
        attempt, work = self._view.attempt(job_id), self._work[job_id]
        self._view.put(replace(attempt, stop_asked=how, state=AttemptState.STOPPING))
        work.stopping, work.saves = True, inf
        leaves = moment + self.draws.leaving(attempt.save_seconds)
        if work.end > leaves:
            work.end = leaves
            if how == "preempt":
                work.goes_on = True
                work.left += -max(0.0, moment - work.since) if work.keeps else work.behind
        self._note(job_id, work.end)

    def _pass(self, moment: Instant) -> None:
        """What happens up to this moment."""
        while self._events and self._events[0][0] <= moment:
            at, _, job_id = heappop(self._events)
            work = self._work.get(job_id)
            if work is None:
                continue
            if work.end <= at:
                self._end(job_id, work, moment)
            elif work.saves <= at:
                self._save(job_id, work, at)

    def _save(self, job_id: JobId, work: _Work, at: float) -> None:
        """It has a checkpoint now, so it can make room."""
        self._view.put(replace(self._view.attempt(job_id), preemptible=True, saved=Instant(at)))
        self._kept.add(job_id)
        work.keeps, work.saves = True, inf
        self._note(job_id, work.end)

    def _end(self, job_id: JobId, work: _Work, moment: Instant) -> None:
        attempt = self._view.attempt(job_id)
        del self._work[job_id]
        if work.goes_on:
            self._left[job_id] = work.left
            again = self._jobs.get(job_id) or _job(attempt)
            self._view.put(replace(again, waiting_since=moment, preemptible=attempt.preemptible, unmet=0))
            return
        self._view.drop(job_id)
        if work.stopping and attempt.desired is not Desired.RUN:
            return  # it was let go of, and did not succeed
        for other, waits_for in list(self._open.items()):
            waits_for.discard(job_id)
            if not waits_for:
                del self._open[other]
                one = self._view.get(other)
                if isinstance(one, QueuedJob):
                    self._view.put(replace(one, unmet=0))

    def _leave(self, job_id: JobId) -> None:
        self._view.drop(job_id)
        self._unstarted.discard(job_id)

    def _note(self, job_id: JobId, at: float) -> None:
        if at < inf:
            self._count += 1
            heappush(self._events, (at, self._count, job_id))

    def _next(self) -> float:
        """The next moment at which something happens."""
        while self._events:
            at, _, job_id = self._events[0]
            work = self._work.get(job_id)
            if work is not None and at in (work.end, work.saves):
                return at
            heappop(self._events)  # it has come otherwise meanwhile
        return inf


def _attempt(job: QueuedJob, allocation: Allocation, moment: Instant) -> ActiveAttempt:
    return ActiveAttempt(
        job=job.id,
        name=job.name,
        number=1,
        state=AttemptState.RUNNING,
        seen=Seen.LIVE,
        desired=Desired.RUN,
        allocation=allocation,
        stop_asked=None,
        priority=job.priority,
        position=job.position,
        seq=job.seq,
        cpus=job.cpus,
        memory=job.memory,
        preemptible=job.preemptible,
        waited=moment - job.waiting_since if job.waiting_since is not None else 0.0,
        created=moment,
        experiment=job.experiment,
        max_slots=job.max_slots,
        weight=job.weight,
        user=job.user,
    )


def _job(attempt: ActiveAttempt) -> QueuedJob:
    """An attempt that made room, as it waits for its next one."""
    return QueuedJob(
        id=attempt.job,
        name=attempt.name,
        pool=attempt.pool,
        priority=attempt.priority,
        position=attempt.position,
        seq=attempt.seq,
        slots=attempt.allocation.slots,
        desired=attempt.desired,
        gpus=len(attempt.allocation.devices),
        cpus=attempt.cpus,
        memory=attempt.memory,
        preemptible=attempt.preemptible,
        experiment=attempt.experiment,
        max_slots=attempt.max_slots,
        weight=attempt.weight,
        user=attempt.user,
    )
