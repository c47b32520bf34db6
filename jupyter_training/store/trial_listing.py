"""Trials of a search, page by page, in the order that somebody asks for.

Numbers and values are cut by key in the database. An order that no column gives
(a state, an axis) is made here from narrow rows: ten thousand are read and
sorted in some tens of milliseconds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from jupyter_training.core.experiment import Mode, Trial
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import JobState
from jupyter_training.errors import InvalidUsage
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.experiments import trial_at
from jupyter_training.store.rows import UNFINISHED, jobs_of
from jupyter_training.store.search_tables import trials
from jupyter_training.store.tables import jobs

__all__ = ["STATES", "TrialsPage", "state_of", "trials_page"]

# What a trial is shown as: its outcome, or how it stands.
STATES = ("queued", "running", "paused", "held", "completed", "stopped", "failed", "canceled", "invalid")
_OPEN = {
    JobState.QUEUED.value: "queued",
    JobState.RUNNING.value: "running",
    JobState.PAUSED.value: "paused",
    JobState.SUCCEEDED.value: "completed",  # its driver has not noted it yet
    JobState.FAILED.value: "failed",
    JobState.CANCELED.value: "canceled",
}


@dataclass(frozen=True)
class TrialsPage:
    """``jobs``: those of the trials that are there still. ``total``: of all pages."""

    trials: tuple[Trial, ...]
    jobs: dict[JobId, Job]
    next: str | None
    total: int


_Key = tuple[Any, int]  # what is sorted by, and the number


@dataclass(frozen=True)
class _Order:
    """``by``: "number", "value", "state" or an axis; ``down``: the largest first."""

    by: str
    down: bool

    @classmethod
    def read(cls, sort: str, mode: Mode) -> _Order:
        turned, by = sort.startswith("-"), sort.removeprefix("-")
        return cls(by, turned is not (by == "value" and mode == "max"))


def state_of(outcome: str | None, is_held: bool, job: str | None) -> str:
    """What a trial is shown as. ``job``: the state of its job; None: that was deleted."""
    if outcome is not None:
        return outcome
    open_ = job is None or job in UNFINISHED
    return "held" if is_held and open_ else _OPEN.get(job or "", "canceled")


def trials_page(
    store: Store,
    experiment: JobId,
    *,
    mode: Mode,
    sort: str = "number",
    outcomes: frozenset[str] = frozenset(),
    after: str | None = None,
    limit: int,
) -> TrialsPage:
    """One page of a search's trials.

    ``sort``: "number", "value" (the best first), "state", or the name of an axis; "-" in front turns it round.
    Trials without a value for it come last. ``outcomes``: only trials in these states.

    Raises:
        InvalidUsage: a cursor that no page gave.
    """
    order = _Order.read(sort, mode)
    behind = _cursor(after) if after is not None else None
    with store.read() as connection:
        if order.by in ("number", "value") and not outcomes:
            mine = trials.c.experiment == experiment
            total = int(connection.execute(select(func.count()).select_from(trials).where(mine)).scalar_one())
            pick = _by_number if order.by == "number" else _by_value
            found = pick(connection, experiment, order, behind, limit + 1)
        else:
            listed = _listed(connection, experiment, order, outcomes)
            start = _place(listed, behind, order) if behind is not None else 0
            found, total = listed[start : start + limit + 1], len(listed)
        shown = found[:limit]
        own = _trials(connection, experiment, [number for _, number in shown])
        their = _jobs(connection, store, [trial.job for trial in own])
    more = json.dumps(list(shown[-1])) if len(found) > limit else None
    return TrialsPage(own, their, more, total)


def _by_number(connection: Connection, experiment: JobId, order: _Order, behind: _Key | None, limit: int) -> list[_Key]:
    number = trials.c.number
    wanted = select(number).where(trials.c.experiment == experiment).limit(limit)
    if behind is not None:
        wanted = wanted.where(number < behind[1] if order.down else number > behind[1])
    return [
        (one, one) for one in connection.execute(wanted.order_by(number.desc() if order.down else number)).scalars()
    ]


def _by_value(connection: Connection, experiment: JobId, order: _Order, behind: _Key | None, limit: int) -> list[_Key]:
    """By the best value of each; those that have none come last, by their numbers."""
    number, best = trials.c.number, trials.c.best
    columns = select(best, number).where(trials.c.experiment == experiment)
    found: list[_Key] = []
    if behind is None or behind[0] is not None:
        there = columns.where(best.isnot(None))
        if behind is not None:
            further = best < behind[0] if order.down else best > behind[0]
            there = there.where(further | ((best == behind[0]) & (number > behind[1])))
        rows = connection.execute(there.order_by(best.desc() if order.down else best, number).limit(limit))
        found += [(row.best, row.number) for row in rows]
    if len(found) < limit:
        lacking = columns.where(best.is_(None))
        if behind is not None and behind[0] is None:
            lacking = lacking.where(number > behind[1])
        rows = connection.execute(lacking.order_by(number).limit(limit - len(found)))
        found += [(None, row.number) for row in rows]
    return found


def _listed(connection: Connection, experiment: JobId, order: _Order, outcomes: frozenset[str]) -> list[_Key]:
    """All trials in an order, those without a value for it last."""
    keys = _keys(connection, experiment, order.by, outcomes)
    there = sorted((one for one in keys if one[0] is not None), key=lambda one: one[1])
    there.sort(key=lambda one: _rank(one[0]), reverse=order.down)
    return there + sorted((one for one in keys if one[0] is None), key=lambda one: one[1])


def _keys(connection: Connection, experiment: JobId, by: str, outcomes: frozenset[str]) -> list[_Key]:
    mine = trials.c.experiment == experiment
    with_state = by == "state" or bool(outcomes)
    columns: list[Any] = [trials.c.number, trials.c.best, trials.c.outcome, trials.c.is_held]
    columns += [trials.c.config] if by not in ("number", "value", "state") else []
    wanted = select(*columns).where(mine)
    if with_state:
        wanted = wanted.add_columns(jobs.c.state).outerjoin_from(trials, jobs, jobs.c.id == trials.c.job)
    found: list[_Key] = []
    for row in connection.execute(wanted):
        state = state_of(row.outcome, row.is_held, row.state) if with_state else ""
        if outcomes and state not in outcomes:
            continue
        found.append((_KEYS[by](row, state) if by in _KEYS else json.loads(row.config).get(by), row.number))
    return found


_KEYS: dict[str, Callable[[Any, str], Any]] = {
    "number": lambda row, state: row.number,
    "value": lambda row, state: row.best,
    "state": lambda row, state: STATES.index(state),
}


def _rank(value: Any) -> tuple[int, Any]:
    """Numbers before texts before what is neither, each in its own order."""
    if isinstance(value, bool):
        return (1, str(value))
    if isinstance(value, (int, float)):
        return (0, value)
    return (1, value) if isinstance(value, str) else (2, json.dumps(value, sort_keys=True))


def _place(listed: Sequence[_Key], behind: _Key, order: _Order) -> int:
    """Where the page behind a cursor begins; what it named may have moved since."""
    if behind in listed:
        return listed.index(behind) + 1
    value, number = behind
    if value is None:
        return next((at for at, one in enumerate(listed) if one[0] is None and one[1] > number), len(listed))
    rank = _rank(value)
    for at, one in enumerate(listed):
        if one[0] is None:
            return at
        other = _rank(one[0])
        beyond = other < rank if order.down else other > rank
        if beyond or (other == rank and one[1] > number):
            return at
    return len(listed)


def _trials(connection: Connection, experiment: JobId, numbers: Sequence[int]) -> tuple[Trial, ...]:
    rows: dict[int, Trial] = {}
    for part in chunks(numbers):
        mine = (trials.c.experiment == experiment) & trials.c.number.in_(part)
        rows.update((row.number, trial_at(row)) for row in connection.execute(select(trials).where(mine)))
    return tuple(rows[number] for number in numbers if number in rows)


def _jobs(connection: Connection, store: Store, ids: Sequence[JobId]) -> dict[JobId, Job]:
    found: dict[JobId, Job] = {}
    for part in chunks(ids):
        own = jobs_of(connection, store.specs, connection.execute(select(jobs).where(jobs.c.id.in_(part))))
        found.update((job.id, job) for job in own)
    return found


def _cursor(text: str) -> _Key:
    try:
        value, number = json.loads(text)
    except (ValueError, TypeError):
        raise _no_cursor(text) from None
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**31:
        raise _no_cursor(text)
    if isinstance(value, (int, float)) and not (math.isfinite(value) and abs(value) < 1e308):
        raise _no_cursor(text)
    return value, number


def _no_cursor(text: str) -> InvalidUsage:
    return InvalidUsage(f"{text[:40]!r} is no cursor of this list.", hint="Take the `next` of the page before.")
