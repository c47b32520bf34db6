"""How long jobs that succeeded took, by their names: what forecasts are made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, func, select, union_all

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.durations import Earlier
from jupyter_training.core.lifecycle import JobState
from jupyter_training.store.engine import Store
from jupyter_training.store.tables import attempts, changes, checkpoints, jobs

__all__ = ["has_moved", "succeeded"]

_TOGETHER = 100  # names in one query; SQLite takes 500 parts
_MOST = 200  # newest jobs of a name, so that those of one person or experiment are among them
_ALL = 2_000  # of all names of a query
_FEWEST = 50

_KINDS = (ChangeKind.STATE.value, ChangeKind.GONE.value)


def has_moved(store: Store, after: int) -> bool:
    """Whether a job may have ended since a change."""
    wanted = select(changes.c.n).where(changes.c.n > after, changes.c.kind.in_(_KINDS)).limit(1)
    with store.read() as connection:
        return connection.execute(wanted).first() is not None


def succeeded(store: Store, names: Iterable[str]) -> dict[str, tuple[Earlier, ...]]:
    """The newest jobs of each name that succeeded, newest first; a name without any is left out.

    A job's work is that of its last attempt and of those which that one goes back to, checkpoint by checkpoint.
    """
    wanted = sorted(set(names))
    found: dict[str, list[Earlier]] = {}
    with store.read() as connection:
        for start in range(0, len(wanted), _TOGETHER):
            for name, earlier in _of(connection, wanted[start : start + _TOGETHER]):
                found.setdefault(name, []).append(earlier)
    return {name: tuple(listed) for name, listed in found.items()}


def _of(connection: Connection, names: Sequence[str]) -> Iterable[tuple[str, Earlier]]:
    limit = max(_FEWEST, min(_MOST, _ALL // len(names)))
    newest = (
        select(jobs.c.seq)
        .where(jobs.c.name == name, jobs.c.state == JobState.SUCCEEDED.value)
        .order_by(jobs.c.seq.desc())
        .limit(limit)
        for name in names
    )
    chosen = union_all(*(select(one.subquery().c.seq) for one in newest)).subquery()
    first_saved = (
        select(func.min(checkpoints.c.created))
        .where(checkpoints.c.job == jobs.c.id, checkpoints.c.attempt > 0)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            jobs.c.seq,
            jobs.c.name,
            jobs.c.user_name,
            jobs.c.notebook,
            jobs.c.experiment,
            first_saved.label("first_saved"),
            attempts.c.started,
            attempts.c.ended,
            attempts.c.start_step,
        )
        .join(attempts, attempts.c.job == jobs.c.id)
        .where(jobs.c.seq.in_(select(chosen.c.seq)), attempts.c.started.isnot(None), attempts.c.ended.isnot(None))
        .order_by(jobs.c.seq.desc(), attempts.c.number)
    )
    for _, own in groupby(rows, attrgetter("seq")):
        of_job = list(own)
        yield of_job[0].name, _earlier(of_job)


def _earlier(rows: Sequence[Any]) -> Earlier:
    """``rows``: the attempts of one job, in order."""
    row = rows[0]
    saved_after = max(0.0, row.first_saved - row.started) if row.first_saved is not None else None
    seconds = 0.0
    for one in reversed(rows):
        seconds += max(0.0, one.ended - one.started)
        if one.start_step is None:
            break
    return Earlier(seconds, row.user_name, row.notebook, row.experiment, saved_after)
