"""Rows of the store as the planner's view. Pure: the same for the dispatcher and for who explains a wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import TERMINAL, AttemptState
from jupyter_training.core.policy import ActiveAttempt, QueuedJob, QueueView
from jupyter_training.core.resources import Pool

__all__ = ["active_attempt", "queue_view", "queued_job"]


def queue_view(
    pools: Mapping[str, Pool],
    unfinished: Iterable[tuple[Job, Attempt | None]],
    hang_at: Mapping[JobId, Instant] | None = None,
    time_up: Mapping[JobId, Instant] | None = None,
) -> QueueView:
    """The view of all unfinished jobs with their latest attempts.

    ``hang_at`` for those that stop when they hang; ``time_up`` where it is known better than by the recorded start
    when a time limit is reached, since clocks jump.
    """
    queued: list[QueuedJob] = []
    active: list[ActiveAttempt] = []
    for job, attempt in unfinished:
        if job.state in TERMINAL:
            continue
        if attempt is not None and attempt.state is not AttemptState.ENDED:
            active.append(active_attempt(job, attempt, (hang_at or {}).get(job.id), (time_up or {}).get(job.id)))
        else:
            queued.append(queued_job(job))
    return QueueView(pools, queued, active)


def queued_job(job: Job) -> QueuedJob:
    return QueuedJob(
        id=job.id,
        name=job.name,
        pool=job.pool,
        priority=job.priority,
        position=job.position,
        seq=job.seq,
        slots=job.spec.resources.slots,
        desired=job.desired,
        held=bool(job.holds),
    )


def active_attempt(
    job: Job, attempt: Attempt, hang_at: Instant | None = None, time_up: Instant | None = None
) -> ActiveAttempt:
    """``hang_at``: when the attempt counts as hung, where its job wishes to be stopped then."""
    limit = job.spec.timeout
    if time_up is None and limit is not None and attempt.started is not None:
        time_up = Instant(attempt.started + limit)
    return ActiveAttempt(
        job=job.id,
        name=job.name,
        number=attempt.number,
        state=attempt.state,
        seen=attempt.seen,
        desired=job.desired,
        allocation=attempt.allocation,
        stop_asked=attempt.stop_asked,
        deadline=time_up,
        discard=job.discard,
        hang_at=hang_at,
    )
