"""What people wished and what time did: stops and ends that no room is weighed for.

Wishes are level-triggered: what is desired is compared with what was asked for,
so planning again after acting yields nothing new.
"""

from __future__ import annotations

from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import STRENGTH, Desired, StopHow
from jupyter_training.core.policy.nouns import ActiveAttempt, Finish, Stop
from jupyter_training.core.policy.view import QueueView

__all__ = ["finishes", "next_time", "stops"]


def stops(view: QueueView, now: Instant) -> list[Stop]:
    """The stops that attempts still have to be asked for. A stronger one outranks what was asked before."""
    looked_at = {*view.wished, *view.times()}
    found = [_stop(view.attempt(job_id), view, now) for job_id in sorted(looked_at)]
    return [stop for stop in found if stop is not None]


def finishes(view: QueueView) -> list[Finish]:
    """The jobs that end without an attempt."""
    ending = sorted(view.ending.values(), key=lambda job: job.order)
    return [Finish(job.id, "kill" if job.desired is Desired.KILL else "cancel") for job in ending]


def next_time(view: QueueView, now: Instant) -> Instant | None:
    """The next moment at which an attempt's time is up."""
    moments = [moment for times in view.times().values() for moment in times if moment is not None and moment > now]
    return min(moments, default=None)


def _stop(attempt: ActiveAttempt, view: QueueView, now: Instant) -> Stop | None:
    asked = STRENGTH[attempt.stop_asked] if attempt.stop_asked is not None else 0
    reasons = _reasons(attempt, *view.times().get(attempt.job, (None, None)), now)
    wanted = max(reasons, key=lambda how: STRENGTH[how], default=None)
    if wanted is None or STRENGTH[wanted] <= asked:
        return None
    return Stop(attempt.job, attempt.number, wanted)


def _reasons(attempt: ActiveAttempt, deadline: Instant | None, hang_at: Instant | None, now: Instant) -> list[StopHow]:
    """Every reason to stop there is, what a person wished before what time did."""
    found: list[StopHow] = []
    if attempt.desired is Desired.PAUSE:
        found.append("discard" if attempt.discard else "pause")
    elif attempt.desired is Desired.CANCEL:
        found.append("cancel")
    elif attempt.desired is Desired.KILL:
        found.append("kill")
    if deadline is not None and deadline <= now:
        found.append("timeout")
    if hang_at is not None and hang_at <= now:
        found.append("hang")
    return found
