"""A job where a service runs it: what it is called there, what it has cost, and what would be sent for one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from jupyter_training.core.job import Attempt, Job, JobSpec
from jupyter_training.core.lifecycle import AttemptState, EndReason
from jupyter_training.core.metric import SeriesSummary
from jupyter_training.core.resources import LOCAL, Pool
from jupyter_training.errors import TrainingError, UnknownPlugin
from jupyter_training.schema import PlannedCall, PlannedUpload, ServiceView
from jupyter_training.seams.backend_wishes import Price, money
from jupyter_training.services import options
from jupyter_training.services.signs import of_service, of_service_in_all
from jupyter_training.services.site import Site

__all__ = ["call", "cost_note", "view"]

_FRESH = 60.0  # seconds that a price counts: a list of many jobs of one kind asks once
_prices: dict[tuple[str, ...], tuple[float, Price | None]] = {}
_LEAVES = frozenset({EndReason.COMPLETED, EndReason.CANCELED, EndReason.TIMEOUT})  # and it may have left a model


def view(
    site: Site,
    job: Job,
    attempts: Sequence[Attempt],
    summaries: Mapping[str, SeriesSummary],
    pool: Pool | None,
) -> ServiceView | None:
    """The job at its service; None: it runs on this machine, or nobody knows its backend any more."""
    if not job.spec.options or pool is None or pool.backend == LOCAL:
        return None
    latest = attempts[-1] if attempts else None
    try:
        found = options.wishes_of(site, pool.backend).traces(job.spec, job.id, latest.number if latest else 1)
    except UnknownPlugin:
        return None
    if found is None:
        return None
    billable, training = (of_service_in_all(summaries, f"{name}_seconds") for name in ("billable", "training"))
    is_over = latest is not None and latest.state is AttemptState.ENDED
    return ServiceView(
        backend=pool.backend,
        machines=found.machines,
        name=found.name,
        stage=latest.stage if latest is not None and not is_over else None,
        model=found.model if latest is not None and is_over and latest.reason in _LEAVES else None,
        log_lag=of_service(summaries, "log_lag") if not is_over else None,
        billable=billable,
        training=training,
        cost=_cost(site, job.spec, pool, billable),
        saving=1 - billable / training if billable is not None and training and billable < training else None,
    )


def call(
    site: Site, spec: JobSpec, pool: Pool, *, jobs: int | None = 1, within: float | None = None
) -> PlannedCall | None:
    """What a submit of the settled spec would send. None: nothing to anybody.

    ``jobs``: as often as a search does, None: nobody knows how often; ``within``: the cost that ends it.
    """
    found = options.rehearsal(site, pool.backend, spec, jobs=jobs, within=within)
    traces = options.wishes_of(site, pool.backend).traces(spec, None, 1) if found is not None else None
    if found is None or traces is None:
        return None
    return PlannedCall(
        backend=pool.backend,
        machines=traces.machines,
        request=dict(found.request),
        uploads=tuple(PlannedUpload(**vars(one)) for one in found.uploads),
        cost=found.cost,
    )


def cost_note(
    site: Site, spec: JobSpec, pool: Pool | None, *, jobs: int | None = 1, within: float | None = None
) -> str | None:
    """What was just submitted will cost, where that is known without asking anybody; arguments as of ``call``."""
    if pool is None or pool.backend == LOCAL:
        return None
    try:
        found = options.rehearsal(site, pool.backend, spec, jobs=jobs, within=within, ask=False)
    except TrainingError:  # a table that can't be read now is no reason to say that nothing was submitted
        return None
    return f"Cost: {found.cost[0].lower()}{found.cost[1:]}" if found is not None and found.price is not None else None


def _cost(site: Site, spec: JobSpec, pool: Pool, seconds: float | None) -> str | None:
    """What so many seconds of all its machines cost."""
    price = _price(site, spec, pool) if seconds is not None else None
    if price is None or seconds is None:
        return None
    return money(seconds / 3600 * price.amount * spec.resources.slots, price.currency)


def _price(site: Site, spec: JobSpec, pool: Pool) -> Price | None:
    key = (str(site.settings.home), pool.backend, *(str(spec.options.get(one)) for one in sorted(pool.options)))
    known, now = _prices.get(key), time.monotonic()
    if known is None or now - known[0] > _FRESH:
        known = _prices[key] = (now, options.price(site, pool.backend, spec.options))
    return known[1]
