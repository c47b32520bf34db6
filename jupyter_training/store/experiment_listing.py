"""What readers see of searches: pages of them, how many trials are where, and what is best.

Pages of their trials stand in ``trial_listing``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue
from sqlalchemy import func, select

from jupyter_training.core.experiment import EventKind, Experiment, ExperimentState, Mode, Objective, Trial
from jupyter_training.core.ids import JobId
from jupyter_training.core.stop_rule import Concluded
from jupyter_training.errors import InvalidUsage
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.experiments import JOINED, experiment_of, trial_at
from jupyter_training.store.search_tables import experiments, searches, trials
from jupyter_training.store.tables import jobs
from jupyter_training.store.texts import clean
from jupyter_training.store.trial_listing import STATES, state_of

__all__ = [
    "Counted",
    "ExperimentQuery",
    "ExperimentsPage",
    "best",
    "best_of_each",
    "best_of_name",
    "counted",
    "ends",
    "last_lines",
    "number_of",
    "numbered",
    "page",
    "states",
    "told_values",
    "touched",
    "with_value",
]

_SEARCHES = 200  # of one name whose configurations are looked at: the newest


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


def best(store: Store, experiment: JobId, mode: Mode, limit: int = 1) -> list[Trial]:
    """The trials with the best values of the first metric, the best first; of equal ones the earlier."""
    order = trials.c.best if mode == "min" else trials.c.best.desc()
    wanted = select(trials).where(trials.c.experiment == experiment, trials.c.best.isnot(None))
    with store.read() as connection:
        rows = connection.execute(wanted.order_by(order, trials.c.number).limit(limit))
        return [trial_at(row) for row in rows]


def best_of_each(store: Store, listed: Mapping[JobId, Mode]) -> dict[JobId, Trial]:
    """The best trial of each search that has one, by its mode: a look into an index for each, in one statement."""
    found: dict[JobId, Trial] = {}
    with store.read() as connection:
        for mode in sorted(set(listed.values())):
            other = trials.alias("other")
            order = other.c.best if mode == "min" else other.c.best.desc()
            top = (
                select(other.c.number)
                .where(other.c.experiment == experiments.c.id, other.c.best.isnot(None))
                .order_by(order, other.c.number)
                .limit(1)
                .scalar_subquery()
            )
            joined = select(trials).join_from(
                experiments, trials, (trials.c.experiment == experiments.c.id) & (trials.c.number == top)
            )
            for part in chunks([one for one, own in listed.items() if own == mode]):
                rows = connection.execute(joined.where(experiments.c.id.in_(part)))
                found.update((JobId(row.experiment), trial_at(row)) for row in rows)
    return found


def last_lines(store: Store, ids: Sequence[JobId]) -> dict[JobId, int]:
    """The number of the last line of each search's record; 0 where there is none."""
    last = select(func.max(searches.c.n)).where(searches.c.experiment == experiments.c.id).scalar_subquery()
    found: dict[JobId, int] = {}
    with store.read() as connection:
        for part in chunks(ids):
            rows = connection.execute(select(experiments.c.id, last).where(experiments.c.id.in_(part)))
            found.update((JobId(one), number or 0) for one, number in rows)
    return found


def told_values(
    store: Store, experiment: JobId, *, after: int = 0, limit: int | None = None
) -> list[tuple[int, int, tuple[float | None, ...]]]:
    """What the searcher was told, from behind a line of the record on: (line, trial, values of the metrics)."""
    mine = (searches.c.experiment == experiment) & (searches.c.n > after) & (searches.c.kind == EventKind.TELL.value)
    counts = searches.c.verdict.is_distinct_from("ignored")
    wanted = select(searches.c.n, searches.c.trial, searches.c.body).where(mine, counts).order_by(searches.c.n)
    with store.read() as connection:
        rows = connection.execute(wanted.limit(limit) if limit is not None else wanted).all()
    return [(n, trial, tuple(map(number_of, json.loads(body)["values"]))) for n, trial, body in rows]


def ends(store: Store, experiment: JobId, *, after: int, until: int) -> list[Concluded]:
    """By what a search has ended, in the lines of its record behind ``after``, to ``until``."""
    lines = (searches.c.n > after) & (searches.c.n <= until) & (searches.c.kind == EventKind.CONCLUDED.value)
    mine = select(searches.c.body).where(searches.c.experiment == experiment, lines).order_by(searches.c.n)
    with store.read() as connection:
        found = [json.loads(body) for body in connection.execute(mine).scalars()]
    return [Concluded(one["rule"], one["more"], one["begun"]) for one in found if "begun" in one]


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
    """The best configurations of a user's newest searches of that name that judged the same metric, the best first."""
    mine = select(experiments.c.id, experiments.c.spec).join(jobs, jobs.c.id == experiments.c.id)
    mine = mine.where(jobs.c.name == clean(name), jobs.c.user_name == clean(user)).order_by(experiments.c.seq.desc())
    order = trials.c.best if objective.mode == "min" else trials.c.best.desc()
    found: list[dict[str, JsonValue]] = []
    with store.read() as connection:
        same = [row.id for row in connection.execute(mine.limit(_SEARCHES)) if _judges(row.spec, objective)]
        best = select(trials.c.config).where(trials.c.experiment.in_(same), trials.c.best.isnot(None))
        best = best.join_from(trials, experiments, experiments.c.id == trials.c.experiment)
        for text in connection.execute(
            best.order_by(order, experiments.c.seq, trials.c.number).limit(limit * 20)
        ).scalars():
            config = json.loads(text)
            if config not in found:
                found.append(config)
            if len(found) == limit:
                break
    return found


def _judges(spec: str, objective: Objective) -> bool:
    judged = json.loads(spec)["objective"]
    return bool((judged["metrics"][0], judged["modes"][0]) == (objective.metric, objective.mode))


def number_of(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _no_cursor(text: str) -> InvalidUsage:
    return InvalidUsage(f"{text[:40]!r} is no cursor of this list.", hint="Take the `next` of the page before.")
