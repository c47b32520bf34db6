"""The planner on long queues: a pass after a change, and the dispatcher's whole way from a submit to the plan."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, Desired, Seen
from jupyter_training.core.policy import ActiveAttempt, QueuedJob, QueueView, plan
from jupyter_training.core.resources import Allocation, Pool
from jupyter_training.dispatch.holdings import Holdings
from jupyter_training.settings import Settings
from jupyter_training.store import facts, lease, pools, wishes
from jupyter_training.store.engine import Store
from jupyter_training.testing.builders import a_submission
from tests.benchmarks.row import Row, in_turn, middle, row, seconds

__all__ = ["measure"]

QUEUED = (1_000, 10_000, 100_000)
RUNNING = 1_000
ROUNDS = 15
BATCH = 1_000
NOW = Instant(1_800_000_000.0)
POOLS = {
    "by priority": Pool("local", "local", RUNNING),
    "with preemption and aging": Pool("local", "local", RUNNING, preemption=True, aging=600.0),
    "fair share": Pool("local", "local", RUNNING, policy="fair_share"),
    "fair share with preemption": Pool("local", "local", RUNNING, policy="fair_share", preemption=True),
}


def measure() -> list[Row]:
    return [*_passes(), *_whole_way()]


def _passes() -> Iterator[Row]:
    for count in QUEUED:
        for what, pool in POOLS.items():
            if count == QUEUED[-1] or what == "by priority":
                yield _pass(f"planning pass after a change, {what}, {count:,} queued", pool, count)


def _pass(what: str, pool: Pool, count: int) -> Row:
    """One waiting job gets another priority, and all is planned anew."""
    rng = random.Random(7)
    queued = [_queued(rng, seq) for seq in range(RUNNING, RUNNING + count)]
    view = QueueView({pool.name: pool}, queued, [_running(rng, seq) for seq in range(RUNNING)])
    changes = itertools.cycle(_queued(rng, seq) for seq in range(RUNNING, RUNNING + 50))

    def again(changed: QueuedJob) -> None:
        view.put(changed)
        plan(view, NOW)

    def one() -> float:
        changed = next(changes)
        return seconds(lambda: again(changed))

    passes, sorts = in_turn(ROUNDS, one, lambda: seconds(lambda: sorted(queued, key=lambda job: job.order)))
    return _judged(what, 1e3 * middle(passes), 1e3 * middle(sorts))


def _whole_way() -> Iterator[Row]:
    """A job is submitted to a store in which many wait: the dispatcher hears of it, and plans."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-plan-") as folder,
        Store.open(Settings(home=Path(folder) / "home")) as store,
    ):
        rng = random.Random(7)
        pools.write(store, POOLS["by priority"], now=NOW)
        _begin(store, rng, _submit(store, rng, RUNNING, priority=1))
        have, first, base = 0, 0.0, 0.0
        for count in QUEUED:
            while have < count:
                _submit(store, rng, min(BATCH, count - have))
                have += BATCH
            holdings = Holdings(store)
            first = seconds(holdings.refresh)
            queued = list(holdings.view(time_up={}, hang_at={}).queued)
            ways, sorts = in_turn(
                ROUNDS,
                lambda holdings=holdings: _heard_of(store, rng, holdings),  # type: ignore[misc]
                lambda queued=queued: seconds(lambda: sorted(queued, key=lambda job: job.order)),  # type: ignore[misc]
            )
            base = 1e3 * middle(sorts)
            yield _judged(f"a submit is heard of and planned, {count:,} queued in the store", 1e3 * middle(ways), base)
        yield row(
            f"a dispatcher reads {QUEUED[-1]:,} for the first time",
            first,
            "s",
            baseline=base / 1e3,
            baseline_what=_BASE,
        )


def _heard_of(store: Store, rng: random.Random, holdings: Holdings) -> float:
    _submit(store, rng, 1)
    return seconds(lambda: (holdings.refresh(), plan(holdings.view(time_up={}, hang_at={}), NOW)))


_BASE = "sorted() of the queue"


def _judged(what: str, figure: float, base: float) -> Row:
    return row(what, figure, "ms", baseline=base, baseline_what=_BASE, budget="< 20 ms", ok=figure < 20)


def _queued(rng: random.Random, seq: int) -> QueuedJob:
    """Most ask for one slot; there are a few kinds of needs, and half of the jobs belong to an experiment."""
    return QueuedJob(
        id=JobId(f"job{seq:07}"),
        name=f"job-{seq}",
        pool="local",
        priority=rng.randint(2, 99),
        position=f"{seq:015}5",
        seq=seq,
        slots=rng.choice((1, 1, 1, 2, 4, 8)),
        desired=Desired.RUN,
        waiting_since=Instant(NOW - rng.uniform(0, 3600)),
        preemptible=rng.random() < 0.5,
        experiment=f"sweep-{seq % 200}" if seq % 2 else None,
        max_slots=8 if seq % 10 == 1 else None,
    )


def _running(rng: random.Random, seq: int) -> ActiveAttempt:
    return ActiveAttempt(
        job=JobId(f"job{seq:07}"),
        name=f"job-{seq}",
        number=1,
        state=AttemptState.RUNNING,
        seen=Seen.LIVE,
        desired=Desired.RUN,
        allocation=Allocation("local", 1),
        stop_asked=None,
        priority=1,
        position=f"{seq:015}5",
        seq=seq,
        preemptible=rng.random() < 0.5,
        created=NOW,
        experiment=f"sweep-{seq % 200}" if seq % 2 else None,
    )


def _submit(store: Store, rng: random.Random, count: int, *, priority: int | None = None) -> list[JobId]:
    wanted = [
        a_submission(
            "digits",
            slots=rng.choice((1, 1, 1, 2, 4, 8)) if priority is None else 1,
            priority=priority or rng.randint(2, 99),
        )
        for _ in range(count)
    ]
    return [one.job.id for one in wishes.submit(store, wanted, new_id=lambda: new_job_id(rng), now=NOW)]


def _begin(store: Store, rng: random.Random, jobs: list[JobId]) -> None:
    taken = lease.take(store, lease.Holder("bench", 1, 0, "boot"), ttl=15, boot_now=0.0, alive=lambda one: False)
    if taken is None:
        raise RuntimeError("The lease of a new store is held by somebody.")
    facts.begin(store, taken.epoch, [(job, Allocation("local", 1), f"{rng.random()}") for job in jobs], NOW)
