"""Use cases on pools: list them, and change their capacity."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from sqlalchemy import func, select

from jupyter_training.core.ids import NAME_PATTERN, no_name
from jupyter_training.core.lifecycle import AttemptState, JobState
from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidSpec, PoolInUse, UnknownPool
from jupyter_training.schema import PoolList, PoolRequest, PoolView
from jupyter_training.seams import registry
from jupyter_training.services.site import Site
from jupyter_training.store import pools as pool_rows
from jupyter_training.store import views
from jupyter_training.store.tables import jobs

__all__ = ["pools", "remove_pool", "set_pool"]


def pools(site: Site) -> PoolList:
    """Every pool with what it uses and how many jobs wait for it, by name."""
    used: Counter[str] = Counter()
    running: Counter[str] = Counter()
    queued: Counter[str] = Counter()
    held: dict[str, set[str]] = {}
    known = views.pools(site.store)
    for job, attempt in views.unfinished(site.store):
        if attempt is not None and attempt.state is not AttemptState.ENDED:
            given = attempt.allocation
            used[given.pool] += given.slots
            running[given.pool] += 1
            if given.devices and given.pool in known:  # pools of one backend may share devices
                held.setdefault(known[given.pool].backend, set()).update(given.devices)
        elif job.state is JobState.QUEUED:
            queued[job.pool] += 1
    return PoolList(
        pools=tuple(
            PoolView(
                **vars(pool),
                used=used[pool.name],
                queued=queued[pool.name],
                running=running[pool.name],
                free_devices=tuple(one for one in pool.devices if one not in held.get(pool.backend, ())),
            )
            for pool in known.values()
        )
    )


def set_pool(site: Site, request: PoolRequest) -> PoolList:
    """Make a pool or change its slots; idempotent.

    Raises:
        InvalidSpec: the name breaks the rule of names.
        UnknownPlugin: no such backend, with the list.
    """
    if re.fullmatch(NAME_PATTERN, request.name) is None:
        raise InvalidSpec(no_name(request.name))
    registry.load("backends", request.backend or "local")
    before = views.pools(site.store).get(request.name) or Pool(request.name, "local", 1)
    given = {name: value for name, value in request.model_dump().items() if value is not None and hasattr(before, name)}
    pool_rows.write(site.store, replace(before, **given), now=site.now())
    site.wake()
    return pools(site)


def remove_pool(site: Site, name: str) -> PoolList:
    """Remove a pool in which no job waits or runs.

    Raises:
        UnknownPool: there is none of that name.
        PoolInUse: jobs wait or run in it, or it is the default one.
    """
    with site.store.write() as connection:
        pool = pool_rows.read(connection).get(name)
        if pool is None:
            raise UnknownPool(f"There is no pool {name[:80]!r}.")
        unfinished = [JobState.QUEUED.value, JobState.RUNNING.value, JobState.PAUSED.value]
        inside = select(func.count()).where(jobs.c.pool == name, jobs.c.state.in_(unfinished))
        count = connection.execute(inside).scalar_one()
        if pool.is_default:
            raise PoolInUse(f"The pool {name!r} is where jobs go that name none.", hint="Make another one the default.")
        if count:
            raise PoolInUse(f"The pool {name!r} has {count} unfinished jobs.", hint="Move or cancel them first.")
        pool_rows.remove(connection, name, now=site.now())
    site.wake()
    return pools(site)
