"""Rows of the store as the planner's view. Pure: the same for the dispatcher and for who explains a wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import TERMINAL, AttemptState
from jupyter_training.core.policy import ActiveAttempt, QueuedJob, QueueView
from jupyter_training.core.resources import Pool

__all__ = ["active_attempt", "member", "queue_view", "queued_job"]


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
    view = QueueView(pools)
    for job, attempt in unfinished:
        if job.state not in TERMINAL:
            view.put(member(job, attempt, (hang_at or {}).get(job.id), (time_up or {}).get(job.id)))
    return view


def member(
    job: Job, attempt: Attempt | None, hang_at: Instant | None = None, time_up: Instant | None = None
) -> QueuedJob | ActiveAttempt:
    """An unfinished job with its latest attempt as the view takes it."""
    if attempt is None or attempt.state is AttemptState.ENDED:
        return queued_job(job)
    return active_attempt(job, attempt, hang_at, time_up)


def queued_job(job: Job) -> QueuedJob:
    resources = job.spec.resources
    return QueuedJob(
        id=job.id,
        name=job.name,
        pool=job.pool,
        priority=job.priority,
        position=job.position,
        seq=job.seq,
        slots=resources.slots,
        desired=job.desired,
        held=bool(job.holds),
        gpus=resources.gpus,
        cpus=resources.cpus or 0.0,
        memory=resources.memory or 0,
        unmet=job.unmet,
        preemptible=_is_preemptible(job),
        waiting_since=job.waiting_since,
        experiment=job.experiment,
        max_slots=resources.max_slots,
        weight=job.weight,
        user=job.origin.user,
    )


def active_attempt(
    job: Job, attempt: Attempt, hang_at: Instant | None = None, time_up: Instant | None = None
) -> ActiveAttempt:
    """``hang_at``: when the attempt counts as hung, where its job wishes to be stopped then."""
    limit = job.spec.timeout
    if time_up is None and limit is not None and attempt.started is not None:
        time_up = Instant(attempt.started + limit)
    resources = job.spec.resources
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
        priority=job.priority,
        position=job.position,
        seq=job.seq,
        cpus=resources.cpus or 0.0,
        memory=resources.memory or 0,
        preemptible=_is_preemptible(job),
        waited=attempt.created - job.waiting_since if job.waiting_since is not None else 0.0,
        created=attempt.created,
        experiment=job.experiment,
        max_slots=resources.max_slots,
        weight=job.weight,
        user=job.origin.user,
        saved=job.checkpoint_time,
        save_seconds=job.checkpoint_seconds or 0.0,
        restore_seconds=job.restore_seconds or 0.0,
    )


def _is_preemptible(job: Job) -> bool:
    """Whether stopping it now would lose nothing that its owner did not offer to lose."""
    wish = job.spec.preemptible
    return wish == "restart" or (wish == "auto" and job.checkpoint_step is not None)
