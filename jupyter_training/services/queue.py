"""The queue of a pool as a table: who waits and who runs, in the order in which the pool is served."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import AttemptState
from jupyter_training.core.policy import ActiveAttempt, Plan, QueueView
from jupyter_training.core.policy.aging import aged
from jupyter_training.core.queue_view import member
from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidUsage
from jupyter_training.schema import JobView, QueuePage, QueueRow
from jupyter_training.services import placing, pools
from jupyter_training.services.present import job_views
from jupyter_training.services.site import Site
from jupyter_training.services.standing import planned, standing
from jupyter_training.store import views

__all__ = ["QueueQuery", "page"]

PAGE_LIMIT = 500
_CURSOR = re.compile(r"(\d{1,3})_(\d{1,18})_(\d+)\Z", re.ASCII)

_Order = tuple[int, str, int]  # priority, position, number


class QueueQuery(BaseModel):
    """Which part of which pool's queue. Without a pool that of the default one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pool: str | None = None
    limit: int = Field(100, ge=1, le=PAGE_LIMIT)
    after: str | None = Field(None, description="cursor: the `next` of the page before")
    reverse: bool = Field(False, description="from the end")


def page(site: Site, query: QueueQuery) -> QueuePage:
    """One page of a pool's queue: what waits and what runs, not what is paused or has ended.

    Raises:
        UnknownPool: there is none of that name; with the near miss.
        InvalidUsage: a cursor that no page gave.
    """
    known = views.pools(site.store)
    name = placing.pool_of(known, query.pool, None)
    pool = placing.known_pool(known, name)
    with standing(site) as view:
        total = view.length(name)
        start, stop = _window(view, name, query)
        ids = view.order(name, start, stop - start) if stop > start else []
    plan = planned(site, as_of_now=True)
    found = {job.id: job for job in views.jobs(site.store, ids)}
    shown = [found[one] for one in ids if one in found]
    attempts = views.attempts(site.store, [job.id for job in shown])
    rows = []
    for place, (job, seen) in enumerate(zip(shown, job_views(site, shown), strict=True)):
        attempt = (attempts.get(job.id) or (None,))[-1]
        ahead = start + place if pool.policy == "priority" else None
        rows.append(_row(job, seen, attempt, pool, plan, ahead=ahead, now=site.now()))
    if query.reverse:
        rows.reverse()
    is_last = start == 0 if query.reverse else stop >= total
    cursor = None if is_last or not shown else _cursor(shown[0] if query.reverse else shown[-1])
    there = {one.name: one for one in pools.pools(site).pools}
    if name not in there:  # it was removed in this very moment
        placing.known_pool({one: pool for one, pool in known.items() if one != name}, name)
    return QueuePage(pool=there[name], rows=tuple(rows), total=total, next=cursor)


def _window(view: QueueView, pool: str, query: QueueQuery) -> tuple[int, int]:
    """From which place to which the page goes, both from 0, the second one behind the last."""
    total = view.length(pool)
    if query.after is None:
        passed = total if query.reverse else 0
    else:
        after = _read_cursor(query.after)
        passed = bisect_right(range(total), after, key=lambda place: _order_at(view, pool, place))
        if query.reverse and passed and _order_at(view, pool, passed - 1) == after:
            passed -= 1
    if query.reverse:
        return max(0, passed - query.limit), passed
    return passed, min(total, passed + query.limit)


def _order_at(view: QueueView, pool: str, place: int) -> _Order:
    (job_id,) = view.order(pool, place, 1)
    one = view.get(job_id)
    assert one is not None
    return (one.priority, one.position, one.seq)


def _cursor(job: Job) -> str:
    return f"{job.priority}_{job.seq}_{job.position}"


def _read_cursor(text: str) -> _Order:
    found = _CURSOR.match(text)
    if found is None:
        raise InvalidUsage(f"{text[:40]!r} is no cursor of this list.", hint="Take the `next` of the page before.")
    return (int(found[1]), found[3], int(found[2]))


def _row(
    job: Job,
    seen: JobView,
    attempt: Attempt | None,
    pool: Pool,
    plan: Plan,
    *,
    ahead: int | None,
    now: Instant,
) -> QueueRow:
    resources = job.spec.resources
    held = attempt.allocation if attempt is not None and attempt.state is not AttemptState.ENDED else None
    until = attempt.created if attempt is not None and held is not None else now
    better = (
        aged(job.priority, until - job.waiting_since, pool.aging) if job.waiting_since is not None else job.priority
    )
    one = member(job, attempt)
    let_past = isinstance(one, ActiveAttempt) and plan.is_backfilled(one)
    return QueueRow(
        ahead=ahead,
        job=job.id,
        type=_type(job),
        name=job.name,
        experiment=job.experiment,
        priority=job.priority,
        aged=better if better != job.priority else None,
        weight=job.weight,
        submitted=seen.submitted,
        waiting_since=seen.waiting_since,
        slots=resources.slots,
        acquired=held.slots if held is not None else 0,
        gpus=resources.gpus,
        devices=held.devices if held is not None else (),
        state="queued" if held is None else "backfilled" if let_past else "scheduled",
        phase=seen.phase,
        user=job.origin.user,
        sentence=seen.sentence,
        start=seen.start,
        start_note=seen.start_note,
        verbs=seen.verbs,
        version=job.version,
    )


def _type(job: Job) -> Literal["job", "trial", "driver"]:
    if job.experiment is None:
        return "job"
    return "trial" if job.trial is not None else "driver"
