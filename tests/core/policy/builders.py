"""Waiting jobs, attempts and pools that say only what a test is about."""

from __future__ import annotations

from typing import Any

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, Desired, Seen
from jupyter_training.core.policy import ActiveAttempt, Plan, QueuedJob, QueueView, Start, Stop, plan
from jupyter_training.core.queue_position import of_submission
from jupyter_training.core.resources import Allocation, Pool

__all__ = ["NOW", "a_job", "a_pool", "a_view", "an_attempt", "preempted", "started"]

NOW = Instant(1_000_000.0)


def a_job(name: str, *, seq: int = 0, slots: int = 1, priority: int = 42, **more: Any) -> QueuedJob:
    given: dict[str, Any] = {
        "pool": "local",
        "position": of_submission(seq),
        "desired": Desired.RUN,
        "waiting_since": NOW,
        **more,
    }
    return QueuedJob(id=JobId(name), name=name, priority=priority, seq=seq, slots=slots, **given)


def an_attempt(
    name: str, *, seq: int = 0, slots: int = 1, devices: tuple[str, ...] = (), pool: str = "local", **more: Any
) -> ActiveAttempt:
    given: dict[str, Any] = {
        "state": AttemptState.RUNNING,
        "seen": Seen.LIVE,
        "desired": Desired.RUN,
        "stop_asked": None,
        "position": of_submission(seq),
        "created": NOW,
        **more,
    }
    return ActiveAttempt(
        job=JobId(name), name=name, number=1, seq=seq, allocation=Allocation(pool, slots, devices), **given
    )


def a_pool(slots: int = 2, **more: Any) -> Pool:
    return Pool(**{"name": "local", "backend": "local", "slots": slots, **more})


def a_view(*members: QueuedJob | ActiveAttempt, pool: Pool | None = None, slots: int = 2) -> QueueView:
    found = pool or a_pool(slots)
    view = QueueView({found.name: found})
    for one in members:
        view.put(one)
    return view


def started(planned: QueueView | Plan) -> list[str]:
    """The names of those that start, in order."""
    found = planned if isinstance(planned, Plan) else plan(planned, NOW)
    return [one.job for one in found.decisions if isinstance(one, Start)]


def preempted(planned: QueueView | Plan) -> list[str]:
    found = planned if isinstance(planned, Plan) else plan(planned, NOW)
    return [one.job for one in found.decisions if isinstance(one, Stop) and one.how == "preempt"]
