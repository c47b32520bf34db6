"""What readers see of searches: pages of them, of their trials, how many are where, and what is best.

Lists are cut by key. The order of trials that a column can't give is made here
from narrow rows: ten thousand are read and sorted in some tens of milliseconds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, func, select

from jupyter_training.core.experiment import EventKind, Experiment, ExperimentState, Mode, Objective, Trial
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import JobState
from jupyter_training.errors import InvalidUsage
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.experiments import JOINED, experiment_of, trial_at
from jupyter_training.store.rows import UNFINISHED, jobs_of
from jupyter_training.store.search_tables import experiments, searches, trials
from jupyter_training.store.tables import jobs
from jupyter_training.store.texts import clean

__all__ = [
    "STATES",
    "Counted",
    "ExperimentQuery",
    "ExperimentsPage",
    "TrialsPage",
    "best",
    "best_of_name",
    "counted",
    "fronts",
    "number_of",
    "numbered",
    "page",
    "state_of",
    "states",
    "told_values",
    "touched",
    "trials_page",
    "with_value",
]

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
class ExperimentQuery:
    """What a list is narrowed to; None and an empty set narrow nothing."""

    states: frozenset[ExperimentState] = frozenset()
    name: str | None = None
    user: str | None = None
    notebook: str | None = None
    archived: bool | None = False


@dataclass(frozen=True)
class ExperimentsPage:
    experiments: tuple[Experiment, ...]
    next: str | None


@dataclass(frozen=True)
class TrialsPage:
    """``jobs``: those of the trials that are there still. ``total``: of all pages."""

    trials: tuple[Trial, ...]
    jobs: dict[JobId, Job]
    next: str | None
    total: int


@dataclass(frozen=True)
class Counted:
    """How many trials are in which state, and how many there are."""

    states: dict[str, int]
    total: int


def page(store: Store, query: ExperimentQuery, *, after: str | None, limit: int) -> ExperimentsPage:
    """One page, newest first. ``after`` is the ``next`` of the page before.

    Raises:
        InvalidUsage: a cursor that no page gave.
    """
    wanted = JOINED.order_by(experiments.c.seq.desc()).limit(limit + 1)
    if query.states:
        wanted = wanted.where(experiments.c.state.in_(sorted(state.value for state in query.states)))
    for column, value in ((jobs.c.name, query.name), (jobs.c.user_name, query.user), (jobs.c.notebook, query.notebook)):
        if value is not None:
            wanted = wanted.where(column == clean(value))
    if query.archived is not None:
        wanted = wanted.where(experiments.c.archived if query.archived else ~experiments.c.archived)
    if after is not None:
        if not (after.isascii() and after.isdigit() and len(after) < 19):
            raise _no_cursor(after)
        wanted = wanted.where(experiments.c.seq < int(after))
    with store.read() as connection:
        rows = connection.execute(wanted).all()
    found = tuple(experiment_of(row) for row in rows[:limit])
    return ExperimentsPage(found, str(rows[limit - 1].seq) if len(rows) > limit else None)


def states(store: Store) -> dict[ExperimentState, int]:
    """How many searches are in each state, but for archived ones."""
    shown = select(experiments.c.state, func.count()).where(~experiments.c.archived).group_by(experiments.c.state)
    with store.read() as connection:
        return {ExperimentState(state): count for state, count in connection.execute(shown)}


def touched(store: Store, listed: Sequence[JobId]) -> list[JobId]:
    """The searches that these jobs belong to, as trials or as what drives them."""
    found: dict[JobId, None] = {}
    with store.read() as connection:
        for part in chunks(listed):
            wanted = select(jobs.c.experiment).where(jobs.c.id.in_(part), jobs.c.experiment.isnot(None)).distinct()
            found.update((JobId(one), None) for one in connection.execute(wanted).scalars())
    return list(found)


def counted(store: Store, ids: Sequence[JobId]) -> dict[JobId, Counted]:
    """How many trials of each are in which state. Those that ended are counted by an index."""
    found: dict[JobId, dict[str, int]] = {one: {} for one in ids}
    columns = (trials.c.experiment, trials.c.outcome, trials.c.is_held)
    with store.read() as connection:
        for part in chunks(ids):
            mine = trials.c.experiment.in_(part)
            ended = select(trials.c.experiment, trials.c.outcome, func.count().label("number")).where(
                mine, trials.c.outcome.isnot(None)
            )
            for row in connection.execute(ended.group_by(trials.c.experiment, trials.c.outcome)):
                found[JobId(row.experiment)][row.outcome] = row.number
            open_ = (
                select(*columns, jobs.c.state, func.count().label("number"))
                .outerjoin_from(trials, jobs, jobs.c.id == trials.c.job)
                .where(mine, trials.c.outcome.is_(None))
                .group_by(*columns, jobs.c.state)
            )
            for row in connection.execute(open_):
                word = state_of(None, row.is_held, row.state)
                own = found[JobId(row.experiment)]
                own[word] = own.get(word, 0) + row.number
    return {
        one: Counted({word: own[word] for word in STATES if word in own}, sum(own.values()))
        for one, own in found.items()
    }


def state_of(outcome: str | None, is_held: bool, job: str | None) -> str:
    """What a trial is shown as. ``job``: the state of its job; None: that was deleted."""
    if outcome is not None:
        return outcome
    open_ = job is None or job in UNFINISHED
    return "held" if is_held and open_ else _OPEN.get(job or "", "canceled")


def best(store: Store, experiment: JobId, mode: Mode, limit: int = 1) -> list[Trial]:
    """The trials with the best values of the first metric, the best first; of equal ones the earlier."""
    order = trials.c.best if mode == "min" else trials.c.best.desc()
    wanted = select(trials).where(trials.c.experiment == experiment, trials.c.best.isnot(None))
    with store.read() as connection:
        rows = connection.execute(wanted.order_by(order, trials.c.number).limit(limit))
        return [trial_at(row) for row in rows]


def told_values(store: Store, experiment: JobId, metric: str, *, after: int = 0) -> Iterator[tuple[int, float | None]]:
    """What the searcher was told of one metric from behind a line of the record on, with each line's number."""
    mine = (searches.c.experiment == experiment) & (searches.c.n > after) & (searches.c.kind == EventKind.TELL.value)
    with store.read() as connection:
        spec = connection.execute(select(experiments.c.spec).where(experiments.c.id == experiment)).scalar()
        place = json.loads(spec)["objective"]["metrics"].index(metric) if spec is not None else 0
        rows = connection.execute(select(searches.c.n, searches.c.body).where(mine).order_by(searches.c.n)).all()
    for row in rows:
        yield row.n, number_of(json.loads(row.body)["values"][place])


def fronts(store: Store, experiment: JobId, metrics: Sequence[str]) -> list[tuple[int, tuple[float, ...]]]:
    """The last values of each trial that has all of them, as (number, values)."""
    wanted = select(trials.c.number, trials.c.told).where(trials.c.experiment == experiment, trials.c.told.isnot(None))
    found: list[tuple[int, tuple[float, ...]]] = []
    with store.read() as connection:
        for row in connection.execute(wanted.order_by(trials.c.number)):
            told = json.loads(row.told)
            values = [number_of(told.get(metric)) for metric in metrics]
            numbers = [value for value in values if value is not None]
            if len(numbers) == len(metrics):
                found.append((row.number, tuple(numbers)))
    return found


def with_value(store: Store, experiment: JobId) -> int:
    """How many of its trials have a value of the first metric."""
    mine = (trials.c.experiment == experiment) & trials.c.best.isnot(None)
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(trials).where(mine)).scalar_one())


def numbered(store: Store, experiment: JobId, numbers: Sequence[int]) -> dict[int, Trial]:
    """The trials of these numbers."""
    found: dict[int, Trial] = {}
    with store.read() as connection:
        for part in chunks(numbers):
            mine = (trials.c.experiment == experiment) & trials.c.number.in_(part)
            found.update((row.number, trial_at(row)) for row in connection.execute(select(trials).where(mine)))
    return found


def best_of_name(store: Store, name: str, user: str, objective: Objective, *, limit: int) -> list[dict[str, JsonValue]]:
    """The best configurations of a user's searches of that name that judged the same metric, the best first."""
    ended = select(trials.c.config, trials.c.best, experiments.c.spec).where(trials.c.best.isnot(None))
    ended = ended.join_from(trials, experiments, experiments.c.id == trials.c.experiment)
    ended = ended.join(jobs, jobs.c.id == experiments.c.id).where(
        jobs.c.name == clean(name), jobs.c.user_name == clean(user)
    )
    order = trials.c.best if objective.mode == "min" else trials.c.best.desc()
    found: list[dict[str, JsonValue]] = []
    same: dict[str, bool] = {}
    with store.read() as connection:
        for row in connection.execute(ended.order_by(order, experiments.c.seq, trials.c.number).limit(limit * 20)):
            if row.spec not in same:
                judged = json.loads(row.spec)["objective"]
                same[row.spec] = (judged["metrics"][0], judged["modes"][0]) == (objective.metric, objective.mode)
            config = json.loads(row.config)
            if same[row.spec] and config not in found:
                found.append(config)
            if len(found) == limit:
                break
    return found


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
    turned, by = sort.startswith("-"), sort.removeprefix("-")
    with store.read() as connection:
        ordered = _ordered(connection, experiment, by, outcomes)
        if by == "value" and mode == "max":
            turned = not turned
        there = [one for one in ordered if one[0] is not None]
        there.sort(key=lambda one: one[1])
        there.sort(key=lambda one: _rank(one[0]), reverse=turned)
        lacking = sorted((one for one in ordered if one[0] is None), key=lambda one: one[1])
        listed = [*there, *lacking]
        start = _behind(listed, after, turned=turned) if after is not None else 0
        shown = listed[start : start + limit]
        numbers = [number for _, number in shown]
        rows: dict[int, Trial] = {}
        for part in chunks(numbers):
            mine = (trials.c.experiment == experiment) & trials.c.number.in_(part)
            rows.update((row.number, trial_at(row)) for row in connection.execute(select(trials).where(mine)))
        of_page = tuple(rows[number] for number in numbers if number in rows)
        own: dict[JobId, Job] = {}
        for ids in chunks([trial.job for trial in of_page]):
            found = jobs_of(connection, store.specs, connection.execute(select(jobs).where(jobs.c.id.in_(ids))))
            own.update((job.id, job) for job in found)
    more = start + limit < len(listed)
    return TrialsPage(of_page, own, json.dumps(list(shown[-1])) if more and shown else None, len(listed))


_Key = tuple[Any, int]  # what is sorted by, and the number


def _ordered(connection: Connection, experiment: JobId, by: str, outcomes: frozenset[str]) -> list[_Key]:
    mine = trials.c.experiment == experiment
    if by in ("number", "value") and not outcomes:
        rows = connection.execute(select(trials.c.number, trials.c.best).where(mine))
        return [(row.number if by == "number" else row.best, row.number) for row in rows]
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


def _behind(listed: Sequence[_Key], cursor: str, *, turned: bool) -> int:
    """Where the page behind a cursor begins; what it named may have moved since."""
    try:
        value, number = json.loads(cursor)
        assert isinstance(number, int)
        place = listed.index((value, number)) if (value, number) in listed else None
    except (ValueError, TypeError, AssertionError):
        raise _no_cursor(cursor) from None
    if place is not None:
        return place + 1
    if value is None:
        return next((at for at, one in enumerate(listed) if one[0] is None and one[1] > number), len(listed))
    rank = _rank(value)
    for at, one in enumerate(listed):
        if one[0] is None:
            return at
        other = _rank(one[0])
        beyond = other < rank if turned else other > rank
        if beyond or (other == rank and one[1] > number):
            return at
    return len(listed)


def number_of(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _no_cursor(text: str) -> InvalidUsage:
    return InvalidUsage(f"{text[:40]!r} is no cursor of this list.", hint="Take the `next` of the page before.")
