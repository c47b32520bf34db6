"""Which pool a wish goes to, whether that could ever hold it, and what its policy lets one say of it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from jupyter_training.core.experiment import DRIVERS
from jupyter_training.core.job import JobSpec
from jupyter_training.core.resources import LOCAL, Pool, Resources
from jupyter_training.errors import IllegalMove, InvalidSpec, Problem, UnknownPlugin, UnknownPool, near_miss
from jupyter_training.seams import registry

__all__ = ["check_fit", "check_is_training", "check_order", "check_same", "known_pool", "pool_of"]

_FEWER = "Ask for fewer, or name a larger pool."


def pool_of(pools: Mapping[str, Pool], pool: str | None, backend: str | None) -> str:
    """The name of the pool: the one that is named, the one of the backend, or the default one.

    Whether a pool that was named exists is judged with the rest of the wish.

    Raises:
        UnknownPlugin: no such backend is installed; with the near miss.
        InvalidSpec: the pool is another backend's, or which of the backend's pools is meant can't be told.
    """
    if backend is None:
        return pool if pool is not None else _default(pools)
    try:
        registry.load("backends", backend)
    except UnknownPlugin as error:
        error.errors = (Problem(error.detail, key="backend", hint=error.hint),)
        raise
    if pool is not None:
        if pool in pools and pools[pool].backend != backend:
            raise _refused(f"the pool {pool!r} belongs to {pools[pool].backend!r}; {_words(pools)}.", "Leave one out.")
        return pool
    own = sorted(name for name, one in pools.items() if one.backend == backend)
    if len(own) == 1:
        return own[0]
    if _default(pools) in own:
        return _default(pools)
    if backend in own:
        return backend
    if own:
        raise _refused(f"{backend!r} has several pools: {', '.join(own)}.", f"Name one of them, e.g. pool {own[0]}.")
    raise _refused(
        f"{backend!r} has no pool here; {_words(pools)}.",
        f"Make one: jupyter training pool add {backend} --backend {backend} --slots 2",
    )


def known_pool(pools: Mapping[str, Pool], name: str) -> Pool:
    """The pool of that name.

    Raises:
        UnknownPool: with those there are, and the near miss.
    """
    found = pools.get(name)
    if found is None:
        close = near_miss(name, pools)
        words = f"There is no pool {name[:80]!r}; there is: {', '.join(sorted(pools)) or 'none'}."
        hint = f"Did you mean {close!r}?" if close else f"To make one: jupyter training pool add {name[:80]}"
        raise UnknownPool(words, hint=hint, errors=[Problem(words, key="pool", hint=hint)])
    return found


def check_is_training(spec: JobSpec) -> None:
    """See that nothing of ours is asked for: the environment of what drives a search holds the way into the store.

    Raises:
        InvalidSpec: it is.
    """
    for key, given, own in (
        ("launcher", spec.launcher, "driver"),
        ("environment.kind", spec.environment.kind, "dispatcher"),
    ):
        if given == own:
            raise _of_drivers(key, own)


def check_fit(pool: Pool, wanted: Resources) -> None:
    """See that a pool is for trainings, and that it could hold the job if it were empty; one of a service may grow.

    Raises:
        InvalidSpec: it asks for more than there will ever be; with the numbers.
    """
    if pool.name == DRIVERS:
        raise _of_drivers("pool", DRIVERS)
    if wanted.max_slots is not None and wanted.slots > wanted.max_slots:
        raise InvalidSpec(
            f"max_slots: all jobs of its experiment together may have {wanted.max_slots}, and it alone asks for "
            f"{wanted.slots}.",
            hint="Raise max_slots, or ask for fewer slots.",
        )
    if pool.is_served:
        return  # what it has follows a service, and may be more tomorrow: then the job waits, and says for what
    if wanted.gpus and not pool.devices:
        raise InvalidSpec(
            f"gpus: it asks for {wanted.gpus}; the pool {pool.name!r} has none.",
            hint="A GPU job is never run on a CPU silently; leave gpus out to run there.",
        )
    asked: tuple[tuple[str, float, float | None], ...] = (
        ("slots", wanted.slots, pool.slots),
        ("gpus", wanted.gpus, len(pool.devices)),
        ("cpus", wanted.cpus or 0, pool.cpus),
        ("memory", wanted.memory or 0, pool.memory),
    )
    if wanted.slots and not pool.slots:
        raise InvalidSpec(
            f"slots: it asks for {wanted.slots}; the pool {pool.name!r} has none now.",
            hint=f"Name another pool, or give it some: jupyter training pool set {pool.name} --slots 1",
        )
    for key, count, limit in asked:
        if limit is not None and count > limit:
            raise InvalidSpec(
                f"{key}: it asks for {_amount(key, count)}; the pool {pool.name!r} has {_amount(key, limit)} "
                "and never more.",
                hint="Ask for less, or name a larger pool." if key == "memory" else _FEWER,
            )


def check_same(before: Pool | None, after: Pool, wanted: Mapping[str, JsonValue]) -> None:
    """See that a job of one pool can be one of another as it is: its options are those of a backend.

    Raises:
        IllegalMove: the other pool is another backend's, or runs its jobs otherwise than the job says.
    """
    anew = "A fork with another pool begins anew there, and `continue` with its last checkpoint."
    if before is not None and before.backend != after.backend:
        raise IllegalMove(
            f"The pool {after.name!r} runs its jobs at {after.backend!r}, not at {before.backend!r}.", hint=anew
        )
    for key, value in after.options.items():
        if key in wanted and wanted[key] != value:
            raise IllegalMove(
                f"The pool {after.name!r} is for {key} {value}, and the job is for {wanted[key]}.", hint=anew
            )


def check_order(pool: Pool, *, priority: int | None, weight: float | None) -> None:
    """See that what is said of a job's turn means something in the pool; None: it is not said.

    Raises:
        InvalidSpec: the pool's policy knows no priorities, or no weights.
    """
    if priority is not None and pool.policy != "priority":
        raise InvalidSpec(
            f"priority: it means nothing in the pool {pool.name!r}, whose policy is fair share.",
            hint="Give a weight, or name a pool that goes by priority.",
        )
    if weight is not None and pool.policy != "fair_share":
        raise InvalidSpec(
            f"weight: it means nothing in the pool {pool.name!r}, whose policy is priority.",
            hint="Give a priority, or name a pool that shares fairly.",
        )


def _default(pools: Mapping[str, Pool]) -> str:
    return next((name for name, pool in pools.items() if pool.is_default), LOCAL)


def _amount(key: str, value: float) -> str:
    if key != "memory":
        return f"{value:g}"
    if value >= 1e12:
        return f"{value / 1e12:.3g} TB" if value < 1e15 else f"{value / 1e12:,.0f} TB"
    return f"{value / 1e9:.3g} GB" if value >= 1e9 else f"{value / 1e6:.3g} MB"


def _words(pools: Mapping[str, Pool]) -> str:
    listed = ", ".join(f"{name} ({pool.backend})" for name, pool in sorted(pools.items()))
    return f"there is: {listed}" if listed else "there is no pool at all"


def _of_drivers(key: str, own: str) -> InvalidSpec:
    words, hint = f"{own} is for what drives a search, and for no training", "Leave it out, or name another."
    return InvalidSpec(f"{key}: {words}.", hint=hint, errors=[Problem(words, key=key, hint=hint)])


def _refused(words: str, hint: str) -> InvalidSpec:
    return InvalidSpec(f"backend: {words}", hint=hint, errors=[Problem(words, key="backend", hint=hint)])
