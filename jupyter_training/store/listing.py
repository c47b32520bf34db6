"""Pages of a list of jobs. They are cut by key: the five hundredth page costs what the first does.

What columns can tell is asked of the database; the rest of a filter (metrics,
parameters, tags) is judged here, page by page of the table, newest first. One
call looks at no more than ``SCANNED`` jobs: where fewer fit, its page is short,
even empty, and its cursor goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, select, tuple_, union_all

from jupyter_training.core import filter as filters
from jupyter_training.core.filter import Comparison, Field, Filter, Text
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import JobState
from jupyter_training.errors import InvalidUsage
from jupyter_training.store import last_values
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import jobs_of
from jupyter_training.store.tables import jobs as jobs_table
from jupyter_training.store.texts import clean

__all__ = ["SCANNED", "JobQuery", "JobsPage", "page"]

SCANNED = 5_000  # jobs that one call judges at most
_PIECE = (200, 1_000)  # jobs that are judged at a time: at first, and later


@dataclass(frozen=True)
class JobQuery:
    """What a list is narrowed to; None and an empty set narrow nothing. ``text``: part of a name or an id.

    The jobs of searches, their trials and those that drive them, are left out unless ``trials`` says otherwise;
    ``experiment``: only those of this one. ``order`` "queue": only what waits, in the order in which it starts.
    """

    states: frozenset[JobState] = frozenset()
    name: str | None = None
    text: str | None = None
    user: str | None = None
    notebook: str | None = None
    pool: str | None = None
    archived: bool | None = None
    trials: bool = False
    experiment: JobId | None = None
    filter: Filter = field(default_factory=Filter)
    order: Literal["newest", "queue"] = "newest"


@dataclass(frozen=True)
class JobsPage:
    """Jobs in the order of the list. ``next`` is the cursor of the page after; None: this was the last."""

    jobs: tuple[Job, ...]
    next: str | None


def page(store: Store, query: JobQuery, *, after: str | None, limit: int) -> JobsPage:
    """One page of a list. ``after`` is the ``next`` of the page before.

    Raises:
        InvalidUsage: a cursor that no page gave.
    """
    listing = _Queue() if query.order == "queue" else _Newest(_states(query))
    conditions = _conditions(query)
    judged = Filter(tuple(term for term in query.filter.terms if not _is_told_by_columns(term)))
    found: list[Job] = []
    seen, size = 0, limit + 1 if not judged.terms else max(limit + 1, _PIECE[0])
    with store.read() as connection:
        while True:
            own = conditions if after is None else [*conditions, listing.beyond(after)]
            rows = connection.execute(listing.rows(own, size)).all()
            fitting = _fitting(store, connection, rows, judged)
            room = limit - len(found)
            found += fitting[:room]
            if len(fitting) > room:  # the next page begins after the last one that is shown
                return JobsPage(tuple(found), listing.cursor(found[-1]))
            seen += len(rows)
            if len(rows) < size:
                return JobsPage(tuple(found), None)
            after = listing.cursor_of(rows[-1])
            if seen >= SCANNED:
                return JobsPage(tuple(found), after)
            size = min(_PIECE[1], SCANNED - seen, size * 2)


def _fitting(store: Store, connection: Connection, rows: Sequence[Row[Any]], judged: Filter) -> list[Job]:
    """The jobs of these rows that fit what columns can't tell."""
    found = jobs_of(connection, store.specs, rows)
    if not judged.terms:
        return found
    last = last_values.of(store, [job.id for job in found], judged.metrics) if judged.metrics else {}
    nothing: dict[str, float | None] = {}
    return [job for job in found if filters.fits(judged, job, last.get(job.id, nothing))]


class _Newest:
    """The newest first."""

    def __init__(self, states: frozenset[JobState]) -> None:
        self._states = states

    def rows(self, conditions: Sequence[ColumnElement[bool]], limit: int) -> Select[Any]:
        wanted = jobs_table.c.seq.in_(_newest(self._states, conditions, limit))
        return select(jobs_table).where(wanted).order_by(jobs_table.c.seq.desc())

    def beyond(self, cursor: str) -> ColumnElement[bool]:
        return jobs_table.c.seq < _number(cursor)

    def cursor(self, job: Job) -> str:
        return str(job.seq)

    def cursor_of(self, row: Row[Any]) -> str:
        return str(row.seq)


class _Queue:
    """What waits, in the order in which the planner takes it; see ``core.policy``."""

    _order = (jobs_table.c.priority, jobs_table.c.position, jobs_table.c.seq)

    def rows(self, conditions: Sequence[ColumnElement[bool]], limit: int) -> Select[Any]:
        waits = jobs_table.c.state == JobState.QUEUED.value
        return select(jobs_table).where(waits, *conditions).order_by(*self._order).limit(limit)

    def beyond(self, cursor: str) -> ColumnElement[bool]:
        priority, _, rest = cursor.partition("_")
        position, _, seq = rest.partition("_")
        if not (position.isascii() and position.isdigit()):
            raise _no_cursor(cursor)
        place = (_number(priority), position, _number(seq))
        return tuple_(*self._order) > tuple_(*place)

    def cursor(self, job: Job) -> str:
        return _queue_cursor(job.priority, job.position, job.seq)

    def cursor_of(self, row: Row[Any]) -> str:
        return _queue_cursor(row.priority, row.position, row.seq)


def _queue_cursor(priority: int, position: str, seq: int) -> str:
    return f"{priority}_{position}_{seq}"


def _newest(states: frozenset[JobState], conditions: Sequence[ColumnElement[bool]], limit: int) -> Select[tuple[int]]:
    """The newest numbers. A query for each state, as one index can't give several states in order."""
    columns = select(jobs_table.c.seq).where(*conditions).order_by(jobs_table.c.seq.desc()).limit(limit)
    if not states:
        return select(columns.subquery().c.seq)
    parts = [select(columns.where(jobs_table.c.state == state.value).subquery().c.seq) for state in sorted(states)]
    merged = union_all(*parts).subquery()
    return select(select(merged.c.seq).order_by(merged.c.seq.desc()).limit(limit).subquery().c.seq)


def _states(query: JobQuery) -> frozenset[JobState]:
    """The states that are asked for, those of a plain term of the filter too: there is an index for them."""
    named = [
        frozenset(map(JobState, term.values))
        for term in query.filter.terms
        if isinstance(term, Field) and term.word == "state" and not term.negated
    ]
    wished = [query.states, *named] if query.states else named
    if not wished:
        return frozenset()
    # Where they exclude each other any will do: the conditions leave nothing over.
    return frozenset.intersection(*wished) or wished[0]


def _conditions(query: JobQuery) -> list[ColumnElement[bool]]:
    table = jobs_table.c
    found: list[ColumnElement[bool]] = []
    for column, value in (
        (table.name, query.name),
        (table.user_name, query.user),
        (table.notebook, query.notebook),
        (table.pool, query.pool),
    ):
        if value is not None:
            found.append(column == clean(value))
    if query.archived is not None:
        found.append(table.archived if query.archived else ~table.archived)
    if query.experiment is not None:
        found.append(table.experiment == query.experiment)
    elif not query.trials:
        found.append(table.experiment.is_(None))
    if query.text:
        found.append(_contains(query.text))
    return found + [_condition(term) for term in query.filter.terms if _is_told_by_columns(term)]


_COLUMNS = {
    "state": jobs_table.c.state,
    "name": jobs_table.c.name,
    "user": jobs_table.c.user_name,
    "pool": jobs_table.c.pool,
}


def _is_told_by_columns(term: filters.Term) -> bool:
    return isinstance(term, Text) or (
        isinstance(term, Field) and (term.word == "is" or (term.word in _COLUMNS and term.is_plain))
    )


def _condition(term: filters.Term) -> ColumnElement[bool]:
    assert not isinstance(term, Comparison)
    if isinstance(term, Text):
        holds = _contains(term.text)
    elif term.word == "is":
        holds = jobs_table.c.archived
    else:
        holds = _COLUMNS[term.word].in_([clean(value) for value in term.values])
    return ~holds if term.negated else holds


def _contains(text: str) -> ColumnElement[bool]:
    text = clean(text)
    table = jobs_table.c
    return table.name.icontains(text, autoescape=True) | table.id.icontains(text, autoescape=True)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise _no_cursor(text)
    return int(text)


def _no_cursor(text: str) -> InvalidUsage:
    return InvalidUsage(f"{text[:40]!r} is no cursor of this list.", hint="Take the `next` of the page before.")
