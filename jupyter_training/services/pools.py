"""Use cases on pools: list them, make, change and remove them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from jupyter_training.core.experiment import DRIVERS
from jupyter_training.core.resources import LOCAL, Capacity, Pool, Resources
from jupyter_training.errors import InvalidSpec, PoolExists, PoolInUse, Problem
from jupyter_training.languages.pools import read, two_names
from jupyter_training.schema import PoolList, PoolRequest, PoolView
from jupyter_training.services.options import check_shape, wishes_of
from jupyter_training.services.placing import known_pool
from jupyter_training.services.site import Site
from jupyter_training.services.standing import standing
from jupyter_training.store import pools as pool_rows
from jupyter_training.store import views

__all__ = ["pools", "remove_pool", "set_pool", "unused_gpus"]


def pools(site: Site) -> PoolList:
    """Every pool with what it uses and how many jobs wait for it, by name."""
    used: Counter[str] = Counter()
    running: Counter[str] = Counter()
    with standing(site) as view:
        for attempt in view.active:
            used[attempt.pool] += attempt.allocation.slots
            running[attempt.pool] += 1
        known = view.pools
        queued = {name: view.length(name) - running[name] for name in known}
        free = {name: view.free_devices(pool) for name, pool in known.items()}
    return PoolList(
        pools=tuple(
            PoolView(
                **vars(pool),
                used=used[pool.name],
                queued=queued[pool.name],
                running=running[pool.name],
                free_devices=tuple(one for one in pool.devices if one in free[pool.name]),
                note=_note(pool, used[pool.name]),
            )
            for pool in known.values()
        )
    )


def set_pool(site: Site, request: PoolRequest) -> PoolList:
    """Make a pool, or change what is given of one; idempotent. Taking away stops nothing that runs.

    Raises:
        InvalidSpec: a name, key or value that no pool has, or that the settings say otherwise.
        UnknownPlugin: no such backend, with the list.
        UnknownPool: it should be there, and is not; with the near miss.
        PoolExists: it should be new, and is there with other values.
    """
    name = request.name
    given = {
        key: value
        for key, value in request.model_dump(exclude={"name", "is_new"}).items()
        if value is not None and key in request.model_fields_set
    }
    _check_settings(site, name, given)
    before = views.pools(site.store).get(name)
    backend = request.backend or (before.backend if before else LOCAL)
    wishes_of(site, backend)
    if request.options:
        check_shape(site, backend, request.options)
    capacity = site.capacity(backend) if backend == LOCAL and _asks_machine(given) else None

    def changed(known: Mapping[str, Pool]) -> list[Pool]:
        there = known.get(name)
        if request.is_new is False:
            known_pool(known, name)
        _check_drivers(name, given, there)
        pool = read(name, given, before=there, capacity=capacity)
        if name == LOCAL and site.settings.local_slots is not None:
            pool = replace(pool, slots=site.settings.local_slots)
        if there is not None and request.is_new and pool != there:
            raise PoolExists(
                f"There is a pool {name!r} already, with {_difference(there, pool)}.",
                hint="`jupyter training pool set` changes it.",
            )
        _check_names(pool, [other for other in known.values() if other.name != name], capacity)
        return [pool]

    if pool_rows.change(site.store, changed, now=site.now()):
        site.wake()
    return pools(site)


def remove_pool(site: Site, name: str) -> PoolList:
    """Remove a pool in which no job waits or runs.

    Raises:
        UnknownPool: there is none of that name; with the near miss.
        PoolInUse: jobs wait or run in it, or it must be there.
    """
    known = views.pools(site.store)
    pool = known_pool(known, name)
    if name == LOCAL:
        raise PoolInUse(
            "The pool 'local' is this machine's own, and made anew at each start.",
            hint="To let nothing start in it: jupyter training pool set local --slots 0",
        )
    if name in site.settings.pools:
        raise PoolInUse(
            f"The pool {name!r} is said in the settings, and made anew at each start.",
            hint=f"Take [pools.{name}] out of {site.settings.home / 'settings.toml'}, or wherever it is said.",
        )
    if pool.is_default:
        raise PoolInUse(
            f"The pool {name!r} is where jobs go that name none.",
            hint="Make another one the default first: jupyter training pool set NAME --default",
        )
    pool_rows.remove(site.store, name, now=site.now())
    site.wake()
    return pools(site)


def unused_gpus(pool: Pool | None, wanted: Resources) -> str | None:
    """What to say of a job that asks for no GPU of a pool that has some: it will see none."""
    if pool is None or not pool.devices or wanted.gpus or not wanted.slots:
        return None
    count = len(pool.devices)
    has = "1 GPU" if count == 1 else f"{count} GPUs"
    return f"The pool {pool.name} has {has} and this job asks for none, so it sees none; gpus=1 asks for one."


def _asks_machine(given: Mapping[str, Any]) -> bool:
    """Whether what the machine has must be known."""
    return bool(given.get("is_found") or given.get("gpus") or given.get("devices"))


def _check_names(pool: Pool, others: Iterable[Pool], capacity: Capacity | None) -> None:
    """Refuse a device that another pool calls otherwise: pools may share it, and must know that they do."""
    if capacity is None or not pool.devices:
        return
    for other in (pool, *others):
        same = two_names([other, pool], capacity)
        if same is not None:
            raise InvalidSpec(
                f"devices: {same[0]} and {same[1]} are the same GPU.",
                hint="Call it the same in all pools: then it is given to one job at a time.",
            )


def _check_settings(site: Site, name: str, given: Mapping[str, Any]) -> None:
    """Refuse to change what the settings say: it would be as they say again at the next start."""
    said = {{"default": "is_default", "found": "is_found"}.get(key, key) for key in site.settings.pools.get(name, {})}
    place = f"[pools.{name}] "
    if name == LOCAL and site.settings.local_slots is not None:
        said.add("slots")
        place = place if site.settings.pools.get(name) else "local_slots "
    clash = sorted(said & given.keys())
    if clash:
        raise InvalidSpec(
            f"{clash[0]}: the settings say what it is for the pool {name!r}, and count again at each start.",
            hint=f"Change {place}in {site.settings.home / 'settings.toml'}, or wherever it is said.",
        )


def _check_drivers(name: str, given: Mapping[str, Any], there: Pool | None) -> None:
    """The pool of what drives searches is no person's to make; once it is there, it may be made larger or smaller."""
    if name != DRIVERS or (there is not None and given.get("backend", there.backend) == there.backend):
        return
    words = f"{DRIVERS!r} is the pool that what drives searches runs in: on this machine, and made with the first one"
    hint = f"Take another name. How many are driven at once: jupyter training pool set {DRIVERS} --slots N, later."
    raise InvalidSpec(f"name: {words}.", hint=hint, errors=[Problem(words, key="name", hint=hint)])


def _difference(there: Pool, wanted: Pool) -> str:
    """``slots 2 and not 4, policy priority and not fair-share``."""
    parts = []
    for key, value in vars(there).items():
        other = vars(wanted)[key]
        if value != other and key != "is_found":
            parts.append(f"{key.removeprefix('is_')} {_written(value)} and not {_written(other)}")
    return ", ".join(parts) or "another way to find its capacity"


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value).replace("_", "-")


def _note(pool: Pool, used: int) -> str | None:
    """What is out of the ordinary: a pool that has less now than is in use."""
    if used > pool.slots:
        slots = "1 slot is" if used == 1 else f"{used} slots are"
        return f"{slots} in use and it has {pool.slots} now: what runs goes on, and nothing more starts."
    return None
