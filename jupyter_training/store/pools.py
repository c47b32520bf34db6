"""Pools as rows: every one there is, made, changed and removed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.experiment import ExperimentState
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, JobState
from jupyter_training.core.resources import Pool
from jupyter_training.errors import PoolInUse
from jupyter_training.store import changelog
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import UNFINISHED
from jupyter_training.store.search_tables import experiments
from jupyter_training.store.tables import attempts, jobs, pools

__all__ = ["change", "make", "read", "read_all", "remove", "write"]

_SHOWN = 3  # searches that a sentence names


def read_all(store: Store) -> dict[str, Pool]:
    """Every pool by name, in the order of names."""
    with store.read() as connection:
        return read(connection)


def read(connection: Connection) -> dict[str, Pool]:
    """The same within a transaction."""
    return {row.name: _pool(row) for row in connection.execute(select(pools).order_by(pools.c.name))}


def write(store: Store, pool: Pool, *, now: Instant) -> None:
    """Make a pool, or change the one of that name. If it is the default one, no other is any more."""
    change(store, lambda _: [pool], now=now)


def change(store: Store, decide: Callable[[Mapping[str, Pool]], Iterable[Pool]], *, now: Instant) -> bool:
    """Make or change the pools that ``decide`` makes of those there are, as one step. True if anything changed.

    What ``decide`` raises undoes nothing, as nothing was done yet.
    """
    with store.write() as connection:
        known = read(connection)
        wanted = [pool for pool in decide(known) if pool != known.get(pool.name)]
        # The default one last: it takes that from all others, be they changed here or not.
        for pool in sorted(wanted, key=lambda one: one.is_default):
            _write(connection, pool, is_new=pool.name not in known)
        if wanted:
            changelog.append(connection, [(ChangeKind.POOL, None)], now)
    return bool(wanted)


def make(connection: Connection, pool: Pool, *, now: Instant) -> None:
    """Make a pool as part of a write transaction that does more; one of its name that is there stays as it is."""
    if pool.name not in read(connection):
        _write(connection, pool, is_new=True)
        changelog.append(connection, [(ChangeKind.POOL, None)], now)


def remove(store: Store, name: str, *, now: Instant) -> None:
    """Remove a pool in which nothing waits or runs, and no search begins trials; one that is not there stays so.

    Raises:
        PoolInUse: unfinished jobs are in it, with how many of which kind; or searches have it for theirs.
    """
    with store.write() as connection:
        inside, searches = _unfinished(connection, name), _searches(connection, name)
        if inside or searches:
            hints = []
            if inside:
                hints.append("Move what waits to another pool, and wait for what runs, or cancel it.")
            if searches:
                whose, which = ("the search", searches[0][0]) if len(searches) == 1 else ("each search", "SEARCH")
                hints.append(f"Give {whose} another: jupyter training queue update {which} --resource-pool NAME")
            words = "; ".join(filter(None, [inside, _in_words(searches)]))
            raise PoolInUse(f"The pool {name!r} is in use: {words}.", hint=" ".join(hints))
        if connection.execute(delete(pools).where(pools.c.name == name)).rowcount:
            changelog.append(connection, [(ChangeKind.POOL, None)], now)


def _unfinished(connection: Connection, name: str) -> str:
    """How many jobs run in the pool, wait, and are paused, in words; nothing where there is none."""
    active = select(attempts.c.job).where(attempts.c.pool == name, attempts.c.state != AttemptState.ENDED.value)
    running = connection.execute(select(func.count()).where(jobs.c.id.in_(active))).scalar_one()
    rows = connection.execute(
        select(jobs.c.state, func.count())
        .where(jobs.c.pool == name, jobs.c.state.in_(UNFINISHED), jobs.c.id.not_in(active))
        .group_by(jobs.c.state)
    )
    states = {JobState(state): count for state, count in rows}
    paused = states.pop(JobState.PAUSED, 0)
    kinds = ((running, "runs", "run"), (sum(states.values()), "waits", "wait"), (paused, "is paused", "are paused"))
    parts = [f"{count} {one if count == 1 else many}" for count, one, many in kinds if count]
    return f"of its jobs {' and '.join(filter(None, (', '.join(parts[:-1]), parts[-1])))}" if parts else ""


def _searches(connection: Connection, name: str) -> list[tuple[str, str]]:
    """The searches that have not ended whose trials go to the pool: id and name of each."""
    going = [state.value for state in ExperimentState if not state.is_final]
    wanted = select(jobs.c.id, jobs.c.name).join(experiments, experiments.c.id == jobs.c.id)
    wanted = wanted.where(experiments.c.pool == name, experiments.c.state.in_(going)).order_by(jobs.c.seq)
    return [(row.id, row.name) for row in connection.execute(wanted)]


def _in_words(searches: Sequence[tuple[str, str]]) -> str:
    """``1 search puts its trials there: hunt (3f2a91c0de)``."""
    listed = ", ".join(f"{name} ({one})" for one, name in searches[:_SHOWN])
    more = f" and {len(searches) - _SHOWN} more" if len(searches) > _SHOWN else ""
    what = "1 search puts its trials" if len(searches) == 1 else f"{len(searches)} searches put their trials"
    return f"{what} there: {listed}{more}" if searches else ""


def _write(connection: Connection, pool: Pool, *, is_new: bool) -> None:
    values = _row(pool)
    if is_new:
        connection.execute(insert(pools).values(**values))
    else:
        connection.execute(update(pools).where(pools.c.name == pool.name).values(**values))
    if pool.is_default:
        connection.execute(update(pools).where(pools.c.name != pool.name).values(is_default=False))


def _pool(row: Row[Any]) -> Pool:
    devices = tuple(row.devices.split(",")) if row.devices else ()
    return Pool(**{**row._mapping, "devices": devices, "options": json.loads(row.options)})


def _row(pool: Pool) -> dict[str, Any]:
    return {**vars(pool), "devices": ",".join(pool.devices), "options": json.dumps(pool.options, sort_keys=True)}
