"""Moves in a queue: another priority, weight or pool, or another place in the order.

A place is found between two neighbours, so that nobody else's row is written.
The neighbours are looked for among the unfinished jobs of the same priority in
*all* pools: an index has those in order, and what stands between two of them
stands between those of its own pool, too. No two jobs of one priority share a
place, which is what makes room between any two.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, union_all, update

from jupyter_training.core import queue_position
from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import TERMINAL, JobState
from jupyter_training.core.resources import Pool
from jupyter_training.errors import IllegalMove, TrainingError, UnknownJob
from jupyter_training.store import changelog, pools, search_moves
from jupyter_training.store.engine import Store
from jupyter_training.store.find import WHERE_LISTED
from jupyter_training.store.rows import UNFINISHED, jobs_of
from jupyter_training.store.tables import jobs

__all__ = ["Ahead", "At", "Behind", "Bottom", "Move", "SetPool", "SetPriority", "SetWeight", "Top", "move_all"]

# Others want to write, too: what need not be one step is several transactions, and what has to be must not keep a
# dispatcher from renewing its lease.
_AT_ONCE = 100  # moves in one transaction
_LONG = 0.1  # seconds of one transaction
_LONGEST = 5.0  # of one that is all or none
_SHOWN = (JobState.QUEUED.value, JobState.RUNNING.value)  # whose places are counted
_ORDER = (jobs.c.priority, jobs.c.position, jobs.c.seq)


@dataclass(frozen=True)
class SetPriority:
    priority: int


@dataclass(frozen=True)
class SetWeight:
    weight: float


@dataclass(frozen=True)
class SetPool:
    pool: str


@dataclass(frozen=True)
class Ahead:
    """Directly before another job, whose priority it takes."""

    of: JobId


@dataclass(frozen=True)
class Behind:
    """Directly after another job, whose priority it takes."""

    of: JobId


@dataclass(frozen=True)
class Top:
    """Before all of its priority."""


@dataclass(frozen=True)
class Bottom:
    """After all of its priority that are there now."""


@dataclass(frozen=True)
class At:
    """Where the job at this place, from 1, of its pool's whole order stands."""

    place: int


def _next(*, above: bool) -> Select[Any]:
    """The nearest place to ``place``. A part for each state, as one index can't give several states in order."""
    place, table = bindparam("place", type_=jobs.c.position.type), jobs.c
    order = _ORDER if above else tuple(column.desc() for column in _ORDER)
    parts = []
    for state in UNFINISHED:
        beyond = table.position > place if above else table.position < place
        own = (table.state == state, table.priority == bindparam("priority"), table.seq != bindparam("but"), beyond)
        parts.append(select(select(table.position).where(*own).order_by(*order).limit(1).subquery().c.position))
    found = union_all(*parts).subquery().c.position
    return select((func.min if above else func.max)(found))


_LAST = "x"  # behind every place, as those are digits
_ABOVE, _BELOW = _next(above=True), _next(above=False)
_ROW = select(jobs).where(jobs.c.id == bindparam("id"))

Move = SetPriority | SetWeight | SetPool | Ahead | Behind | Top | Bottom | At
Judge = Callable[[Job, str, Mapping[str, Pool]], None]


def move_all(
    store: Store, wishes: Sequence[tuple[JobId, Move]], *, now: Instant, judge: Judge, atomic: bool = False
) -> list[Job | TrainingError]:
    """Carry out moves one after the other: each one's job, or why it was refused, in the same order.

    Repeating a move changes nothing. ``judge`` raises where a pool, by its
    name among all there are, is not there or can't take a job. ``atomic``: once
    one is refused none is done, and the others say so; nor is any done where
    all of them take too long for one step. What is meant of the trials of a
    search is carried out for each that waits, right after it.
    """
    if atomic:
        return _all_or_none(store, wishes, now, judge)
    work = _Work(wishes)
    while work.has_more():
        with store.write() as connection:
            began = time.monotonic()
            mover = _Mover(connection, store, now, judge)
            for turn in range(_AT_ONCE):
                if not work.has_more() or (turn and time.monotonic() - began > _LONG):
                    break
                work.step(mover)
    return work.outcomes


class _Work:
    """Wishes that are carried out one after the other, each with what it means for trials."""

    def __init__(self, wishes: Sequence[tuple[JobId, Move]]) -> None:
        self.outcomes: list[Job | TrainingError] = []
        self._wishes = wishes
        self._trials: deque[tuple[JobId, Move]] = deque()

    def has_more(self) -> bool:
        return bool(self._trials) or len(self.outcomes) < len(self._wishes)

    @property
    def fault(self) -> TrainingError | None:
        """Why the last wish was refused."""
        last = self.outcomes[-1] if self.outcomes else None
        return last if isinstance(last, TrainingError) else None

    def step(self, mover: _Mover) -> None:
        """The next move. Each is refused before it writes anything."""
        if self._trials:
            # One that runs by now, or that a person has put elsewhere, stays as it is: the search's wish is fulfilled.
            with suppress(TrainingError):
                mover.move(*self._trials.popleft())
            return
        job_id, move = self._wishes[len(self.outcomes)]
        try:
            moved = mover.move(job_id, move)
        except TrainingError as error:
            self.outcomes.append(error)
        else:
            self.outcomes.append(moved)
            self._trials.extend((trial, move) for trial in mover.trials_meant(moved, move))


class _TakenBack(Exception):
    """Ends a transaction whose moves are all or none."""


def _all_or_none(
    store: Store, wishes: Sequence[tuple[JobId, Move]], now: Instant, judge: Judge
) -> list[Job | TrainingError]:
    work = _Work(wishes)
    is_too_long = False
    try:
        with store.write() as connection:
            began = time.monotonic()
            mover = _Mover(connection, store, now, judge)
            while work.has_more():
                work.step(mover)
                is_too_long = work.fault is None and time.monotonic() - began > _LONGEST
                if work.fault is not None or is_too_long:
                    raise _TakenBack
    except _TakenBack:
        pass
    if is_too_long:
        words = f"Not done: {len(wishes)} moves take too long for one step, in which nobody else could write."
        return [IllegalMove(words, hint="Move fewer of them at once, or not all or none.")] * len(wishes)
    fault = work.fault
    if fault is None:
        return work.outcomes
    place = len(work.outcomes)
    others = IllegalMove(f"Not done: all or none was wished, and item {place} was refused.")
    return [fault if one == place else others for one in range(1, len(wishes) + 1)]


class _Mover:
    """Moves of one transaction."""

    def __init__(self, connection: Connection, store: Store, now: Instant, judge: Judge) -> None:
        self._connection = connection
        self._store = store
        self._now = now
        self._judge = judge
        self._pools = pools.read(connection)

    def move(self, job_id: JobId, move: Move) -> Job:
        job = self._job(job_id)
        if job.state in TERMINAL:
            raise IllegalMove(f"{_called(job)} has ended; only what waits or runs can be moved.")
        if _is_of_trials(job, move):
            trials = search_moves.to_come(self._connection, job)
            search_moves.keep(self._connection, self._store, trials, self._values(trials, move), self._now)
            return job
        values = self._values(job, move)
        values = {name: value for name, value in values.items() if getattr(job, name) != value}
        if not values:
            return job
        (version,) = changelog.append(self._connection, [(ChangeKind.WISH, job.id)], self._now)
        self._connection.execute(update(jobs).where(jobs.c.id == job.id).values(version=version, **values))
        return replace(job, version=version, **values)

    def trials_meant(self, job: Job, move: Move) -> list[JobId]:
        """The trials that a move of their search moves, too."""
        return search_moves.waiting(self._connection, job.id) if _is_of_trials(job, move) else []

    def _values(self, job: Job, move: Move) -> dict[str, Any]:
        """What the move makes of the job."""
        if isinstance(move, SetPool):
            return self._in_pool(job, move.pool)
        pool = self._pool_of(job)
        if isinstance(move, SetWeight):
            if pool.policy != "fair_share":
                raise IllegalMove(
                    f"A weight means nothing in the pool {pool.name!r}: its policy is priority.",
                    hint="Change the job's priority, or move it to a pool that shares fairly.",
                )
            return {"weight": move.weight}
        if pool.policy != "priority":
            what = "A priority" if isinstance(move, SetPriority) else "A place in the order"
            raise IllegalMove(
                f"{what} means nothing in the pool {pool.name!r}: its policy is fair share.",
                hint="Change the job's weight, or move it to a pool that goes by priority.",
            )
        if isinstance(move, SetPriority):
            return self._of_priority(job, move.priority)
        if isinstance(move, (Ahead, Behind)):
            return self._beside(job, self._anchor(job, move.of), ahead=isinstance(move, Ahead))
        if isinstance(move, At):
            return self._at(job, pool, move.place)
        return self._at_end(job, top=isinstance(move, Top))

    def _in_pool(self, job: Job, name: str) -> dict[str, Any]:
        if name == job.pool:
            return {}
        self._judge(job, name, self._pools)
        if job.state is JobState.RUNNING:
            raise IllegalMove(
                f"{_called(job)} runs in the pool {job.pool!r}; only what waits can go to another one.",
                hint="Pause it, move it then, and activate it.",
            )
        return {"pool": name}

    def _of_priority(self, job: Job, priority: int) -> dict[str, Any]:
        """The priority, and its own place in it; where somebody has that already, the one right behind."""
        if priority == job.priority:
            return {}
        position = job.position
        if self._is_taken(priority, position):
            position = self._behind(priority, position, but=job)
        return {"priority": priority, "position": position}

    def _beside(self, job: Job, anchor: Job, *, ahead: bool) -> dict[str, Any]:
        if anchor.id == job.id:
            return {}
        priority = anchor.priority
        found = {"priority": priority, "position": job.position}
        if ahead:
            low = self._neighbour(priority, below=anchor.position, but=job) or queue_position.HEAD
            if not low < job.position < anchor.position:
                found["position"] = queue_position.between(low, anchor.position)
            return found
        high = self._neighbour(priority, above=anchor.position, but=job)
        if not anchor.position < job.position or (high is not None and job.position >= high):
            found["position"] = self._behind(priority, anchor.position, but=job)
        return found

    def _at_end(self, job: Job, *, top: bool) -> dict[str, Any]:
        if top:
            first = self._neighbour(job.priority, above=queue_position.HEAD, but=job)
            if first is None or job.position < first:
                return {}
            return {"position": queue_position.between(queue_position.HEAD, first)}
        if self._neighbour(job.priority, above=job.position, but=job) is None:
            return {}
        last = self._neighbour(job.priority, but=job)
        assert last is not None
        return {"position": self._behind(job.priority, last, but=job)}

    def _at(self, job: Job, pool: Pool, place: int) -> dict[str, Any]:
        if job.state is JobState.PAUSED:
            raise IllegalMove(f"{_called(job)} is paused and stands at no place.", hint="Activate it first.")
        anchor_id = self._placed(pool, place) if place >= 1 else None
        if anchor_id is None:
            where = (jobs.c.pool == pool.name, jobs.c.state.in_(_SHOWN))
            count = self._connection.execute(select(func.count()).where(*where)).scalar_one()
            raise IllegalMove(f"There is no position {place} in the pool {pool.name!r}; they go from 1 to {count}.")
        anchor = self._job(anchor_id)
        return self._beside(job, anchor, ahead=_order(anchor) < _order(job))

    def _anchor(self, job: Job, anchor_id: JobId) -> Job:
        anchor = self._job(anchor_id)
        if anchor.state in TERMINAL:
            raise IllegalMove(f"{_called(anchor)} has ended; there is no place beside it.")
        if anchor.pool != job.pool:
            raise IllegalMove(
                f"{_called(anchor)} is in the pool {anchor.pool!r} and {job.name} in {job.pool!r}.",
                hint=None
                if job.is_driver or anchor.is_driver
                else f"Move it there first: --resource-pool {anchor.pool}.",
            )
        return anchor

    def _pool_of(self, job: Job) -> Pool:
        pool = self._pools.get(job.pool)
        if pool is None:
            raise IllegalMove(
                f"{_called(job)} is in the pool {job.pool!r}, which is gone; there is: {', '.join(self._pools)}.",
                hint="Move the job to another one first: --resource-pool NAME.",
            )
        return pool

    def _behind(self, priority: int, low: str, *, but: Job) -> str:
        """A place right behind ``low``: before the next one, or behind all there are and before those to come."""
        high = self._neighbour(priority, above=low, but=but)
        if high is not None:
            return queue_position.between(low, high)
        newest = int(self._connection.execute(select(func.max(jobs.c.seq))).scalar_one())
        change = changelog.head_of(self._connection) + 1
        last = queue_position.after_all(newest, change)
        # Where the newest jobs were deleted a place may be ahead of their numbers.
        return last if last > low else queue_position.after_all(queue_position.number_of(low) + 1, change)

    def _neighbour(self, priority: int, *, below: str | None = None, above: str | None = None, but: Job) -> str | None:
        """The next place below or above one, of the priority; with neither the last of all."""
        wanted = {"priority": priority, "but": but.seq}
        if above is not None:
            return self._connection.execute(_ABOVE, {**wanted, "place": above}).scalar()
        return self._connection.execute(_BELOW, {**wanted, "place": below if below is not None else _LAST}).scalar()

    def _is_taken(self, priority: int, position: str) -> bool:
        taken = select(jobs.c.seq).where(
            jobs.c.state.in_(UNFINISHED),
            jobs.c.priority == priority,
            jobs.c.position == position,
        )
        return self._connection.execute(taken.limit(1)).first() is not None

    def _placed(self, pool: Pool, place: int) -> JobId | None:
        """The job at this place, from 1, of the pool's order; None: it has fewer.

        Those that run are few and read; of those that wait as many as could be
        meant, from where the index has them.
        """
        running = self._connection.execute(_keys(pool, JobState.RUNNING)).all()
        passed = max(0, place - 1 - len(running))
        waiting = self._connection.execute(
            _keys(pool, JobState.QUEUED).order_by(*_ORDER).offset(passed).limit(len(running) + 1)
        ).all()
        merged = sorted((*running, *waiting), key=lambda row: (row.priority, row.position, row.seq))
        wanted = place - 1 - passed
        return JobId(merged[wanted].id) if wanted < len(merged) else None

    def _job(self, job_id: JobId) -> Job:
        row = self._connection.execute(_ROW, {"id": job_id}).all()
        if not row:
            raise UnknownJob(f"There is no job {job_id!r}.", hint=WHERE_LISTED)
        return jobs_of(self._connection, self._store.specs, row)[0]


def _is_of_trials(job: Job, move: Move) -> bool:
    return job.is_driver and isinstance(move, (SetPriority, SetWeight, SetPool))


def _keys(pool: Pool, state: JobState) -> Select[Any]:
    return select(*_ORDER, jobs.c.id).where(jobs.c.state == state.value, jobs.c.pool == pool.name)


def _order(job: Job) -> tuple[int, str, int]:
    return (job.priority, job.position, job.seq)


def _called(job: Job) -> str:
    return f"The job {job.id} ({job.name})"
