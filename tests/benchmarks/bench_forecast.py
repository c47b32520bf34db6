"""Whether forecasts hold: the mixed trace goes through the pure planner, and each submit asks when its jobs start.

A forecast knows what a server would: the jobs that have ended until then (their names by kind, their sweep, who
submitted them), what waits and what runs. No job tells its progress. It does not know what is submitted later, and
the traces have urgent jobs all day. Two pools are played, with preemption and without.

A range that holds what came is easy if it is wide, or if the job starts at once. So those that had to wait, by
what was told or by what came, are judged by themselves, and the width of the ranges is shown beside: the median of
(high - low) / (what was waited), of those that waited for a minute or longer.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from jupyter_training.core.durations import Earlier, Known, kin_of, saves_after
from jupyter_training.core.forecast import FAR, Start, Unknown, forecast
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, Desired, Seen
from jupyter_training.core.policy import ActiveAttempt, QueuedJob, QueueView, plan
from jupyter_training.core.policy import Start as Begin
from jupyter_training.core.queue_front import front
from jupyter_training.core.resources import Allocation, Pool
from tests.benchmarks.row import Row, middle, row
from tests.benchmarks.trace import SEEDS, SLOTS, TraceJob, mixed

__all__ = ["Answer", "Replay", "measure"]

TOLERANCE = 1.0  # seconds, in which a dispatcher comes round
BUDGET = 70.0  # per cent of the ranges of those that waited
DEAREST = 100.0  # milliseconds


@dataclass(frozen=True)
class Answer:
    """What was told of a job when it was submitted, and how long it waited then."""

    told: Start | Unknown
    waited: float

    @property
    def is_right(self) -> bool:
        told = self.told
        if isinstance(told, Unknown) or self.waited < told.low - TOLERANCE:
            return False
        return told.high is None or self.waited <= told.high + TOLERANCE

    @property
    def has_waited(self) -> bool:
        """It waited, or it was told that it would."""
        told_high = self.told.high if isinstance(self.told, Start) else None
        return self.waited > TOLERANCE or told_high is None or told_high > TOLERANCE


@dataclass
class _Body:
    """A job of the trace as it fares. ``left``: work that is not safely behind it when it starts next."""

    job: TraceJob
    left: float
    spent: float = 0.0  # seconds of attempts that need not be repeated
    has_saved: bool = False
    began: float = 0.0  # the work of its present attempt, after the restore
    created: float = 0.0
    end: float = 0.0
    saves: float = float("inf")
    goes_on: bool = False


@dataclass
class Replay:
    """One trace through the planner."""

    jobs: tuple[TraceJob, ...]
    pool: Pool
    answers: dict[str, Answer] = field(default_factory=dict)
    costs: list[float] = field(default_factory=list)  # seconds of a processor for each time that somebody asked

    def __post_init__(self) -> None:
        self._view = QueueView({self.pool.name: self.pool})
        self._bodies = {JobId(job.name): _Body(job, job.work) for job in self.jobs}
        self._seq = {job.name: seq for seq, job in enumerate(self.jobs)}
        self._events: list[tuple[float, JobId]] = []
        self._earlier: dict[str, list[Earlier]] = {"short": [], "long": []}
        self._told: dict[str, Start | Unknown] = {}

    def play(self) -> list[Answer]:
        """Let all of it happen; the answers in the order of the submits."""
        upcoming = list(self.jobs)
        moment = 0.0
        while upcoming or self._events:
            moments = [upcoming[0].submit] if upcoming else []
            if self._events:
                moments.append(self._events[0][0])
            moment = min(moments)
            while self._events and self._events[0][0] <= moment:
                self._come_to(heappop(self._events)[1], moment)
            new = []
            while upcoming and upcoming[0].submit <= moment:
                new.append(upcoming.pop(0))
                self._view.put(self._queued(JobId(new[-1].name), moment))
            if new:
                self._ask(new, moment)
            self._plan(moment)
        return [self.answers[job.name] for job in self.jobs]

    def _plan(self, moment: float) -> None:
        for decision in plan(self._view, Instant(moment)).decisions:
            if isinstance(decision, Begin):
                self._begin(decision.job, decision.allocation, moment)
            else:
                self._leave(decision.job, moment)

    def _begin(self, job_id: JobId, allocation: Allocation, moment: float) -> None:
        body = self._bodies[job_id]
        job = body.job
        if job.name not in self.answers:
            self.answers[job.name] = Answer(self._told[job.name], moment - job.submit)
        body.created, body.began, body.goes_on = moment, moment + (job.restore if body.has_saved else 0.0), False
        body.end = body.began + body.left
        first = not body.has_saved and job.every is not None and job.every < body.left
        body.saves = body.began + (job.every or 0.0) if first else float("inf")
        heappush(self._events, (min(body.end, body.saves), job_id))
        self._view.put(self._active(job_id, allocation))

    def _leave(self, job_id: JobId, moment: float) -> None:
        """It is asked to make room."""
        body, attempt = self._bodies[job_id], self._view.attempt(job_id)
        done = max(0.0, moment - body.began)
        leaves = moment + (body.job.save if body.job.saves_when_asked else 0.0)
        self._view.put(self._active(job_id, attempt.allocation, stopping=True))
        if leaves >= body.end:
            return
        kept = done if body.job.saves_when_asked else done - done % (body.job.every or 1.0)
        body.left, body.end, body.goes_on = body.left - kept, leaves, True
        body.spent += leaves - body.created - (done - kept)
        heappush(self._events, (leaves, job_id))

    def _come_to(self, job_id: JobId, moment: float) -> None:
        body = self._bodies[job_id]
        attempt = self._view.get(job_id)
        if not isinstance(attempt, ActiveAttempt) or moment not in (body.end, body.saves):
            return
        if moment == body.saves and moment != body.end:
            body.has_saved, body.saves = True, float("inf")
            self._view.put(self._active(job_id, attempt.allocation))
            heappush(self._events, (body.end, job_id))
        elif body.goes_on:
            self._view.put(self._queued(job_id, moment))
        else:
            self._view.drop(job_id)
            body.spent += moment - body.created
            job = body.job
            saved_after = job.every if job.every is not None and job.every < job.work else None
            self._earlier[job.kind].insert(0, Earlier(body.spent, job.user, None, job.group, saved_after))

    def _ask(self, new: list[TraceJob], moment: float) -> None:
        seen = front(self._view, self.pool.name)
        known = {job_id: self._known(job_id, moment) for job_id in seen.jobs}
        rng = random.Random(round(moment * 10))
        begin = time.thread_time()
        found = forecast(seen, known, {}, rng=rng, now=Instant(moment))
        self.costs.append(time.thread_time() - begin)
        for job in new:
            self._told[job.name] = found.get(JobId(job.name), Unknown(FAR))

    def _known(self, job_id: JobId, moment: float) -> Known:
        body = self._bodies[job_id]
        job = body.job
        earlier = self._earlier[job.kind]
        kin, like = kin_of(earlier, name=job.kind, user=job.user, notebook=None, experiment=job.group)
        running = isinstance(self._view.get(job_id), ActiveAttempt)
        return Known(
            kin=kin,
            done=body.spent + (moment - body.created if running else 0.0),
            restore=job.restore if body.has_saved else 0.0,
            keeps=body.has_saved,
            saves_after=saves_after(like),
        )

    def _queued(self, job_id: JobId, moment: float) -> QueuedJob:
        body = self._bodies[job_id]
        job = body.job
        seq = self._seq[job.name]
        return QueuedJob(
            id=job_id,
            name=job.name,
            pool=self.pool.name,
            priority=job.priority,
            position=f"{seq:06}",
            seq=seq,
            slots=job.slots,
            desired=Desired.RUN,
            preemptible=body.has_saved,
            waiting_since=Instant(moment),
            experiment=job.group,
            user=job.user,
        )

    def _active(self, job_id: JobId, allocation: Allocation, *, stopping: bool = False) -> ActiveAttempt:
        body = self._bodies[job_id]
        job = body.job
        seq = self._seq[job.name]
        return ActiveAttempt(
            job=job_id,
            name=job.name,
            number=1,
            state=AttemptState.STOPPING if stopping else AttemptState.RUNNING,
            seen=Seen.LIVE,
            desired=Desired.RUN,
            allocation=allocation,
            stop_asked="preempt" if stopping else None,
            priority=job.priority,
            position=f"{seq:06}",
            seq=seq,
            preemptible=body.has_saved,
            created=body.created,
            experiment=job.group,
            user=job.user,
            saved=Instant(body.created) if body.has_saved else None,
            save_seconds=job.save if body.has_saved else 0.0,
            restore_seconds=job.restore if body.has_saved else 0.0,
        )


def measure() -> list[Row]:
    return [line for preemption in (False, True) for line in _judged(preemption)]


def _judged(preemption: bool) -> Iterator[Row]:
    pool = Pool("box", "local", SLOTS, preemption=preemption)
    where = "with preemption" if preemption else "no preemption"
    answers: list[Answer] = []
    costs: list[float] = []
    for seed in SEEDS.values():
        replay = Replay(mixed(seed), pool)
        answers += replay.play()
        costs += replay.costs
    told = [one for one in answers if isinstance(one.told, Start)]
    waited = [one for one in told if one.has_waited]
    share = _share(waited)
    yield row(
        f"forecasts that held, {where}: {len(waited)} that waited",
        share,
        "%",
        baseline=_share(told),
        baseline_what=f"of all {len(told)} that got one, of {len(answers)}",
        budget=f">= {BUDGET:.0f} %",
        ok=share >= BUDGET,
    )
    widths = [
        (one.told.high - one.told.low) / one.waited
        for one in waited
        if isinstance(one.told, Start) and one.told.high is not None and one.waited >= 60
    ]
    yield row(f"their ranges' median width, {where}", middle(widths), "x the wait")
    dearest = 1e3 * max(costs)
    yield row(
        f"dearest forecast of {len(costs)}, {where}",
        dearest,
        "ms of a CPU",
        baseline=1e3 * middle(costs),
        baseline_what="median",
        budget=f"< {DEAREST:.0f} ms",
        ok=dearest < DEAREST,
    )


def _share(answers: list[Answer]) -> float:
    return 100.0 * sum(one.is_right for one in answers) / max(1, len(answers))
