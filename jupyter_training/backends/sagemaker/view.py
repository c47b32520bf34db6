"""What the dispatcher is told of an attempt, from what is known of it. Pure."""

from __future__ import annotations

from jupyter_training.backends.sagemaker.region import Region
from jupyter_training.backends.sagemaker.remote import Remote
from jupyter_training.backends.sagemaker.verdict import Details, stage
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import AttemptState, Seen
from jupyter_training.seams.backend import AttemptRef, Observation

__all__ = ["of"]

_LONGEST = 300  # characters of a stage


def of(ref: AttemptRef, one: Remote, region: Region, *, heard: float, now: float) -> Observation:
    """One attempt. ``heard``: the boot time of the last list; ``now``: boot time."""
    started = Instant(one.details.started) if one.details is not None and one.details.started is not None else None
    if one.end is not None:
        return Observation(ref, Seen.GONE, AttemptState.ENDED, started, one.end, figures=dict(one.figures))
    seen = Seen.LIVE
    silent = one.arn is not None and now - max(heard, one.looked) > region.pace.silent
    if silent or region.no_credentials is not None or one.stranger is not None:
        seen = Seen.UNKNOWN
    state = AttemptState.RUNNING if started is not None else AttemptState.LAUNCHING
    words = region.no_credentials or one.doing or _stage(one)
    return Observation(
        ref,
        seen,
        state,
        started,
        figures=dict(one.figures),
        stage=words[:_LONGEST] if words else None,
        age=_age(one, now) if started is not None else None,
        is_heard=_is_heard(one, now - region.pace.silent),
    )


def _age(one: Remote, now: float) -> float | None:
    """Seconds that its code has run; what it waited for machines in between does not count."""
    if one.trained is None:
        return None
    return one.trained + (now - one.trains_at if one.trains_at is not None else 0.0)


def _is_heard(one: Remote, since: float) -> bool:
    """Whether its code runs, as far as AWS says, and its log has been read to its end since."""
    runs = one.details is not None and one.details.secondary == "Training"
    return runs and one.log_fault is None and one.read_at >= since


def _stage(one: Remote) -> str | None:
    if one.arn is None:
        return "getting ready"
    details: Details | None = one.details
    if details is None:
        return "starting"
    if details.is_terminal:
        return "reading the last of its log"
    if one.log_fault is not None:
        return f"{stage(details)}. {one.log_fault}"
    return stage(details)
