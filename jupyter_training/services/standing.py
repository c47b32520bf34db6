"""Who stands where in the queues, kept between requests and brought up to date by what changed.

One for each opened home: the planner's view, as the dispatcher has one of its
own, and why those wait that do. Who asks again after a change pays for the
change, not for the queue.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from weakref import WeakKeyDictionary

from jupyter_training.core.policy import Plan, QueueView, plan
from jupyter_training.core.queue_view import member, queue_view
from jupyter_training.services.site import Site
from jupyter_training.store import queue, views

__all__ = ["planned", "standing"]

# Seconds that a plan is as good as a new one, although something or the time changed. Not the pools: of one that it
# does not know it would be said that it is gone.
_KEPT = 1.0


class _Standing:
    """``at``: the change that the view is as of; ``head``: that of the plan, which was ``made`` at that moment."""

    def __init__(self) -> None:
        self.turn = Lock()
        self.at: int | None = None
        self.view = QueueView({})
        self.plan: Plan | None = None
        self.head = 0
        self.made = 0.0

    def refresh(self, site: Site) -> None:
        at, delta = queue.changed(site.store, self.at)
        pools = views.pools(site.store)  # after the jobs: a pool is made before what goes there
        if delta.anew:
            self.view = queue_view(pools, delta.entries)
        else:
            self.view.pools = pools
            for job_id in delta.gone:
                self.view.drop(job_id)
            for job, attempt in delta.entries:
                self.view.put(member(job, attempt))
        self.at = at  # last: where something of this fails, the next one takes it in


_all_turn = Lock()
_all: WeakKeyDictionary[Site, _Standing] = WeakKeyDictionary()


@contextmanager
def standing(site: Site) -> Iterator[QueueView]:
    """The view as of now, for as long as the context lasts; others wait meanwhile."""
    kept = _of(site)
    with kept.turn:
        kept.refresh(site)
        yield kept.view


def planned(site: Site, *, as_of_now: bool = False) -> Plan:
    """What the dispatcher would do, and why those wait that do; a moment old at most, or as of now."""
    kept = _of(site)
    pools = views.pools(site.store)
    with kept.turn:
        moment = time.monotonic()
        is_fresh = kept.plan is not None and moment - kept.made < _KEPT and not as_of_now
        if kept.plan is not None and is_fresh and pools == {name: one.pool for name, one in kept.plan.blocked.items()}:
            return kept.plan
        head = views.head(site.store)
        if kept.plan is None or kept.head != head or moment - kept.made >= _KEPT:
            kept.refresh(site)
            kept.plan = plan(kept.view, site.now())
            kept.made, kept.head = moment, head
        return kept.plan


def _of(site: Site) -> _Standing:
    with _all_turn:
        return _all.setdefault(site, _Standing())
