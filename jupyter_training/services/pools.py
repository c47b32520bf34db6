"""Use cases on pools: list them, and change their capacity."""

from __future__ import annotations

import re
from collections import Counter

from pydantic import BaseModel, ConfigDict, Field

from jupyter_training.core.ids import NAME_PATTERN, no_name
from jupyter_training.core.lifecycle import AttemptState
from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidSpec
from jupyter_training.schema import PoolList, PoolView
from jupyter_training.seams import registry
from jupyter_training.services.site import Site
from jupyter_training.store import pools as pool_rows
from jupyter_training.store import views

__all__ = ["PoolRequest", "pools", "set_pool"]


class PoolRequest(BaseModel):
    """A pool's capacity. Taking slots away stops nothing that runs; it only starts less."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    slots: int = Field(ge=0, le=100_000)
    backend: str = "local"


def pools(site: Site) -> PoolList:
    """Every pool with what it uses and how many jobs wait for it, by name."""
    used: Counter[str] = Counter()
    queued: Counter[str] = Counter()
    for job, attempt in views.unfinished(site.store):
        if attempt is not None and attempt.state is not AttemptState.ENDED:
            used[attempt.allocation.pool] += attempt.allocation.slots
        else:
            queued[job.pool] += 1
    return PoolList(
        pools=tuple(
            PoolView(
                name=pool.name,
                backend=pool.backend,
                slots=pool.slots,
                used=used[pool.name],
                queued=queued[pool.name],
                policy=pool.policy,
            )
            for _, pool in sorted(views.pools(site.store).items())
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
    registry.load("backends", request.backend)
    pool_rows.write(site.store, Pool(request.name, request.backend, request.slots), now=site.now())
    site.wake()
    return pools(site)
