"""A job's state, wait or end in words: the sentence that cards, lists and the command line show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jupyter_training import spool
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import (
    TERMINAL,
    Desired,
    EndReason,
    Hold,
    JobState,
    Phase,
    said_of,
)
from jupyter_training.core.policy import Blocked, no_pool, words
from jupyter_training.core.queue_view import queued_job
from jupyter_training.spool import checkpoints as folders
from jupyter_training.spool import layout
from jupyter_training.store.checkpoints import Newest
from jupyter_training.store.dependencies import Dependency

__all__ = ["began_anew", "kept_here", "passed_over", "sentence", "span", "unread", "warning"]

_WHO = (
    (Hold.USER, "Paused by you"),
    (Hold.EXPERIMENT, "Paused with its search"),
    (Hold.SEARCHER, "Paused by its searcher"),
)
_USUAL = "training"  # the stage of which there is nothing to say
_AGO_FROM = 60.0  # seconds; what is fresher is said without its age, as sentences stand for a while
_GOES_ON = {
    EndReason.CANCELED: "the checkpoint of step {} is kept.",
    EndReason.KILLED: "the checkpoint of step {} is kept.",
}


def sentence(
    job: Job,
    shown: Phase,
    attempts: Sequence[Attempt],
    *,
    blocked: Mapping[str, Blocked],
    before: Sequence[Dependency] = (),
    down: str | None,
    now: Instant,
) -> str:
    """The state, the wait or the end of a job in words.

    ``before``: what it starts after; ``down``: why nobody starts anything, if so.
    """
    latest = attempts[-1] if attempts else None
    if job.state in TERMINAL:
        return _end(job, attempts)
    if shown is Phase.QUEUED:
        return down or _wait(job, blocked, [one for one in before if not one.met])
    if shown is Phase.PAUSED:
        return _paused(job, latest, now)
    stage = latest.stage if latest is not None else None
    if shown is Phase.UNKNOWN:
        why = f" {_sentence(stage)}" if stage is not None else ""
        return f"No answer from where it runs; its slots are kept until there is one.{why}"
    if shown is Phase.STARTING:
        return f"Starting: {stage.removeprefix('starting: ')}." if stage not in (None, "starting") else "Starting."
    if shown is Phase.PAUSING:
        return _pausing(job, latest)
    if shown is Phase.STOPPING and (latest is None or latest.ended is not None):
        return "Canceled; it leaves the queue."
    if shown is Phase.STOPPING:
        return "Being killed." if job.desired is Desired.KILL else "Stopping; it may finish what it is doing."
    return "Running." if stage in (None, _USUAL) else _sentence(stage)


def warning(latest: Attempt | None, seen: float | None, quiet_after: float | None, *, now: Instant) -> str | None:
    """That a running job has given no sign of life for too long; None where all is well."""
    if latest is None or quiet_after is None:
        return None
    since = max(moment for moment in (seen, latest.started, latest.created) if moment is not None)
    quiet = now - since
    return f"No report and no log line for {span(quiet)}." if quiet >= quiet_after else None


def kept_here(job: Job, newest: Newest | None) -> str | None:
    """That its newest checkpoint is not where it was wished; None where it is, or nothing was wished."""
    to = job.checkpoints.to
    if to is None or newest is None or newest.place is not None or newest.attempt == 0:
        return None
    return f"Its checkpoints are kept on this machine only: they could not be copied to {to}."


def unread(root: str, job: Job) -> str | None:
    """That the job's own patterns are given up in its latest attempt, whose folder is below ``root``."""
    if not isinstance(job.spec.metrics, Mapping) or not job.attempt:
        return None
    found = layout.read_json(layout.slow_file(spool.attempt_folder(root, job.id, job.attempt)))
    if found is None:
        return None
    return (
        f"metrics.{found.get('metric')}: its pattern takes too long for what the code prints, so the output is read for"
        " no more metrics. A repetition inside a repetition, as in (a+)+, is slow: write it without, and retry."
    )


def passed_over(attempt: Attempt, damaged: Sequence[tuple[int, int]]) -> str | None:
    """That an attempt went on from an older checkpoint, as newer ones are damaged (attempt and step, newest first)."""
    began = folders.parts(attempt.start_checkpoint or "")
    if began is None or attempt.start_step is None:
        return None
    step, number, _ = began
    newer = [one for of, one in damaged if (number, step) < (of, one) and of < attempt.number]
    if not newer:
        return None
    steps = list(dict.fromkeys(newer))
    which = f"the checkpoint of step {_number(steps[0])} is damaged"
    if len(steps) > 1:
        which = f"{len(steps)} newer checkpoints are damaged, the newest of step {_number(steps[0])}"
    return f"From step {_number(attempt.start_step)}: {which}."


def began_anew(attempt: Attempt, damaged: Sequence[tuple[int, int]]) -> str | None:
    """That an attempt had checkpoints and could use none, as all are damaged (attempt and step, newest first)."""
    if attempt.start_step is not None or attempt.start_checkpoint is None:
        return None
    steps = [step for of, step in damaged if of < attempt.number]
    if not steps:
        return None  # they have been removed since
    if len(steps) == 1:
        return f"Its only checkpoint, of step {_number(steps[0])}, is damaged; it began anew."
    return (
        f"None of its {len(steps)} checkpoints could be used:"
        f" all are damaged, the newest is of step {_number(steps[0])}; it began anew."
    )


def span(seconds: float) -> str:
    """A span, short, as cards write it too (``kernel.wording.span_text``, which can't be used on this side)."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} m" if hours < 48 else f"{hours // 24} d"


def _end(job: Job, attempts: Sequence[Attempt]) -> str:
    if job.reason is None:
        return f"{job.state.value.capitalize()}."
    if job.reason is EndReason.COMPLETED and job.started is not None and job.ended is not None:
        ran = [one.ended - one.started for one in attempts if one.started is not None and one.ended is not None]
        return f"Succeeded in {span(sum(ran) if len(ran) > 1 else job.ended - job.started)}."
    if job.started is None and job.state is JobState.CANCELED:
        return "Stopped before it started." if job.trial is not None else "Stopped by you before it started."
    said = said_of(job, job.reason)
    if job.checkpoint_step is None or job.reason is EndReason.COMPLETED or "checkpoint" in said:
        return said  # whoever saw the end may have told of it
    step = _number(job.checkpoint_step)
    kept = _GOES_ON.get(job.reason)
    if kept is not None:
        return f"{said.removesuffix('.')}; {kept.format(step)}"
    return f"{said} Last checkpoint: step {step}."


def _wait(job: Job, blocked: Mapping[str, Blocked], before: Sequence[Dependency]) -> str:
    rule = blocked.get(job.pool)
    if rule is not None:
        why = rule.sentence(queued_job(job))
    else:
        why = no_pool(job.pool) if blocked else "about to start."
    why = _starts_after(before) if before else why
    again = f"retry {job.retries_used} of {job.spec.retries.max} " if job.retries_used else ""
    if job.checkpoint_step is not None:
        return f"Waits: {why.removesuffix('.')}; {again or 'it '}goes on from step {_number(job.checkpoint_step)}."
    if again:
        return f"Waits: {why.removesuffix('.')}; {again}starts from the beginning."
    return f"Waits: {why}"


def _starts_after(before: Sequence[Dependency]) -> str:
    """``Starts after prepare.``: what is under way without its state, as that changes by itself.

    Of what has ended otherwise than well it says so, and what lets the job start all the same.
    """
    under_way = (JobState.QUEUED, JobState.RUNNING)
    names = [
        "a job that is deleted" if one.name is None or one.state is None
        else one.name if one.state in under_way
        else f"{one.name} ({one.state.value})"
        for one in before
    ]  # fmt: skip
    said = f"Starts after {words.listed(names)}."
    ended = [one for one in before if one.state not in under_way]
    again = [one.name for one in ended if one.name is not None and one.state is not None]
    if not ended:
        return said
    retried = f"a retry of {words.listed(again)} or " if again and len(again) == len(ended) else ""
    return f"{said} Only {retried}`queue after` can let it start."


def _paused(job: Job, latest: Attempt | None, now: Instant) -> str:
    who = next((said for hold, said in _WHO if hold in job.holds), "Paused")
    if latest is None:
        return f"{who} before it started."
    ago = now - latest.ended if latest.ended is not None else 0.0
    when = f" {span(ago)} ago" if ago >= _AGO_FROM else ""
    if job.checkpoint_step is None:
        return f"{who}{when}, without a checkpoint: it starts from the beginning."
    return f"{who}{when} at step {_number(job.checkpoint_step)}."


def _pausing(job: Job, latest: Attempt | None) -> str:
    if job.discard or (latest is not None and latest.stop_asked == "discard"):
        return "Pausing, without a checkpoint."
    if latest is not None and latest.stop_asked == "preempt":
        return "Makes room for another job, after its next checkpoint."
    return "Pausing, after its next checkpoint."


def _sentence(words: str) -> str:
    """A few words as a sentence."""
    return f"{words[:1].upper()}{words[1:].removesuffix('.')}."


def _number(step: int) -> str:
    return f"{step:,}"
