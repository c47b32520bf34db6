"""Which pool a wish goes to: the one it names, the one of the backend it names, or the usual one."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidSpec, Problem, UnknownPlugin
from jupyter_training.seams import registry
from jupyter_training.services.site import Site
from jupyter_training.store import views

__all__ = ["pool_of"]

_USUAL = "local"


def pool_of(site: Site, pool: str | None, backend: str | None) -> str:
    """The name of the pool. Whether a pool that was named exists is judged with the rest of the wish.

    Raises:
        UnknownPlugin: no such backend is installed; with the near miss.
        InvalidSpec: the pool is another backend's, or which of the backend's pools is meant can't be told.
    """
    if backend is None:
        return pool if pool is not None else _USUAL
    try:
        registry.load("backends", backend)
    except UnknownPlugin as error:
        error.errors = (Problem(error.detail, key="backend", hint=error.hint),)
        raise
    pools = views.pools(site.store)
    if pool is not None:
        if pool in pools and pools[pool].backend != backend:
            raise _refused(f"the pool {pool!r} belongs to {pools[pool].backend!r}; {_words(pools)}.", "Leave one out.")
        return pool
    own = sorted(name for name, one in pools.items() if one.backend == backend)
    if len(own) == 1:
        return own[0]
    if backend in own:
        return backend
    if own:
        raise _refused(f"{backend!r} has several pools: {', '.join(own)}.", f"Name one of them, e.g. pool {own[0]}.")
    raise _refused(
        f"{backend!r} has no pool here; {_words(pools)}.",
        f"Make one: jupyter training pool set {backend} --backend {backend} --slots 2",
    )


def _words(pools: Mapping[str, Pool]) -> str:
    listed = ", ".join(f"{name} ({pool.backend})" for name, pool in sorted(pools.items()))
    return f"there is: {listed}" if listed else "there is no pool at all"


def _refused(words: str, hint: str) -> InvalidSpec:
    return InvalidSpec(f"backend: {words}", hint=hint, errors=[Problem(words, key="backend", hint=hint)])
