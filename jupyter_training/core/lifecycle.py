"""What may become what, and how each state is said.

                 .------ retry, resume -----------.
                 v                                |
    job       queued -> running -> succeeded | failed | canceled
              ^ |  ^       |
      activate| |  '-------|  an attempt that never began, was preempted, or is retried
              | v          |
             paused <------'  paused, once its attempt has ended

    attempt launching -> running -> stopping -> ended(reason)
            (each may end directly), with ``seen`` live | gone | unknown beside it

Without a live attempt a wish moves the job itself (queued, paused, and back from
its end); with one, the wish is ``desired`` and the attempt's end decides.

States are few and live in the store; the *phase* is what a person is shown and
is computed here and nowhere else. Reasons are rich; each has its sentence in
one table.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from jupyter_training.core.job import Attempt, Job

__all__ = [
    "ACTIVE",
    "FREE_RESTART_LIMIT",
    "STOPPED",
    "STRENGTH",
    "TERMINAL",
    "AttemptState",
    "Desired",
    "EndReason",
    "Hold",
    "JobState",
    "Phase",
    "RetryOn",
    "Seen",
    "StopHow",
    "Verb",
    "end_sentence",
    "job_state_after",
    "legal",
    "may",
    "phase",
    "retry_group",
    "said_of",
]


class Desired(StrEnum):
    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"  # graceful
    KILL = "kill"  # at once


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class AttemptState(StrEnum):
    LAUNCHING = "launching"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"


class Seen(StrEnum):
    """What the backend last said. UNKNOWN is not dead: its slots are not given away."""

    LIVE = "live"
    GONE = "gone"
    UNKNOWN = "unknown"


class Hold(StrEnum):
    USER = "user"
    SEARCHER = "searcher"
    EXPERIMENT = "experiment"
    PREEMPTION = "preemption"


class Phase(StrEnum):
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


class EndReason(StrEnum):
    """Why an attempt, and with its last attempt a job, ended."""

    COMPLETED = "completed"
    ERROR = "error"
    SIGNALED = "signaled"
    OUT_OF_MEMORY = "out_of_memory"
    TIMEOUT = "timeout"
    CANCELED = "canceled"
    KILLED = "killed"
    LAUNCH_FAILED = "launch_failed"
    LOST = "lost"
    NOT_BEGUN = "not_begun"
    VOID = "void"
    UNPLACED = "unplaced"  # its backend had no room for it
    PAUSED = "paused"
    PREEMPTED = "preempted"
    HUNG = "hung"
    INVALID = "invalid"  # its code says that its parameters make no sense


class Verb(StrEnum):
    CANCEL = "cancel"
    KILL = "kill"
    PAUSE = "pause"
    ACTIVATE = "activate"
    RETRY = "retry"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"
    DELETE = "delete"


# How an attempt is asked to end, and what outranks what: a stronger stop replaces a weaker one.
StopHow = Literal["pause", "preempt", "discard", "cancel", "timeout", "hang", "kill"]
STRENGTH: dict[StopHow, int] = {
    "pause": 1,
    "preempt": 1,
    "discard": 2,
    "cancel": 3,
    "timeout": 3,
    "hang": 3,
    "kill": 4,
}

# Why an attempt ended that a stop has ended.
STOPPED: dict[StopHow, EndReason] = {
    "cancel": EndReason.CANCELED,
    "kill": EndReason.KILLED,
    "timeout": EndReason.TIMEOUT,
    "pause": EndReason.PAUSED,
    "discard": EndReason.PAUSED,
    "preempt": EndReason.PREEMPTED,
    "hang": EndReason.HUNG,
}

# What ``retries.on`` may name. ``preempted``: a backend interrupted it; making room for a job of ours is no retry.
RetryOn = Literal["error", "timeout", "lost", "preempted"]

TERMINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED})
ACTIVE = frozenset({AttemptState.LAUNCHING, AttemptState.RUNNING, AttemptState.STOPPING})

# An attempt that provably never reached the person's code costs nothing to start again.
_FREE_RESTARTS = frozenset({EndReason.NOT_BEGUN, EndReason.VOID})
FREE_RESTART_LIMIT = 3
_GOES_ON = _FREE_RESTARTS | {EndReason.UNPLACED, EndReason.PAUSED, EndReason.PREEMPTED}

_SENTENCES: dict[EndReason, str] = {
    EndReason.COMPLETED: "Succeeded.",
    EndReason.ERROR: "Failed: the code ended with an error.",
    EndReason.SIGNALED: "Failed: a signal from outside ended it.",
    EndReason.OUT_OF_MEMORY: "Killed, probably out of memory.",
    EndReason.TIMEOUT: "Stopped: its time limit was reached.",
    EndReason.CANCELED: "Stopped by you.",
    EndReason.KILLED: "Killed by you.",
    EndReason.LAUNCH_FAILED: "Failed: it could not be started.",
    EndReason.LOST: "Lost: its process vanished and left no record of its end.",
    EndReason.NOT_BEGUN: "Its launch was interrupted before the code began.",
    EndReason.VOID: "Its launch was given up before the code began.",
    EndReason.UNPLACED: "There was no room for it; it waits again.",
    EndReason.PAUSED: "Paused by you.",
    EndReason.PREEMPTED: "Made room for another job.",
    EndReason.HUNG: "Stopped: it gave no sign of life for too long.",
    EndReason.INVALID: "Failed: its parameters make no sense together.",
}

# A launch that failed is in none, nor is what makes no sense: what they lack does not come by itself.
_GROUPS: dict[EndReason, RetryOn] = {
    EndReason.ERROR: "error",
    EndReason.SIGNALED: "error",
    EndReason.OUT_OF_MEMORY: "error",
    EndReason.TIMEOUT: "timeout",
    EndReason.HUNG: "timeout",
    EndReason.LOST: "lost",
    EndReason.PREEMPTED: "preempted",
}

_UNFINISHED = frozenset({JobState.QUEUED, JobState.RUNNING, JobState.PAUSED})
_ALLOWED: dict[Verb, frozenset[JobState]] = {
    Verb.CANCEL: _UNFINISHED,
    Verb.KILL: _UNFINISHED,
    Verb.PAUSE: frozenset({JobState.QUEUED, JobState.RUNNING}),
    Verb.ACTIVATE: frozenset({JobState.PAUSED}),
    Verb.RETRY: frozenset({JobState.FAILED, JobState.CANCELED}),
    Verb.ARCHIVE: TERMINAL,
    Verb.UNARCHIVE: TERMINAL,
    Verb.DELETE: TERMINAL,
}


def may(verb: Verb, job: Job, *, force: bool = False) -> bool:
    """Whether the life cycle allows the verb now. ``force`` allows to retry what succeeded.

    A job that is being paused may be activated before its attempt has ended, and
    one that is being stopped may only be stopped harder.
    """
    if verb is Verb.ARCHIVE or verb is Verb.UNARCHIVE:
        return job.state in TERMINAL and job.archived is (verb is Verb.UNARCHIVE)
    if verb is Verb.RETRY:
        states = _ALLOWED[verb] | ({JobState.SUCCEEDED} if force else frozenset())
        return job.state in states and not job.archived
    if verb in (Verb.PAUSE, Verb.ACTIVATE) and job.desired in (Desired.CANCEL, Desired.KILL):
        return False
    if verb is Verb.ACTIVATE and job.desired is Desired.PAUSE and job.state is JobState.RUNNING:
        return True
    return job.state in _ALLOWED[verb]


def legal(job: Job) -> tuple[Verb, ...]:
    """The verbs that a person may use now, without force, in the order of the table.

    What would change nothing is left out: a second pause, a second cancel.
    """
    idle = {Desired.PAUSE: {Verb.PAUSE}, Desired.CANCEL: {Verb.CANCEL}, Desired.KILL: {Verb.CANCEL, Verb.KILL}}
    nothing = idle.get(job.desired, set()) if job.state not in TERMINAL else set()
    return tuple(verb for verb in Verb if verb not in nothing and may(verb, job))


def retry_group(reason: EndReason) -> RetryOn | None:
    """Under which word of ``retries.on`` an end falls; None: never tried again by itself."""
    return _GROUPS.get(reason)


def end_sentence(reason: EndReason, detail: str | None = None) -> str:
    """The sentence for a person; a detail, itself a sentence, replaces the general one."""
    return detail or _SENTENCES[reason]


def said_of(job: Job, reason: EndReason) -> str:
    """The sentence for the end of a job. A trial may have been stopped by its search, so it is not said who did it."""
    sentence = end_sentence(reason, job.detail)
    return sentence.replace(" by you", "", 1) if job.trial is not None else sentence


def job_state_after(
    reason: EndReason,
    desired: Desired,
    starts_left: int,
    *,
    retry_on: Collection[RetryOn] = (),
    retries_left: int = 0,
) -> JobState:
    """The state of a job once its attempt has ended for ``reason``.

    A run that completed before a stop reached it is a success, whatever was
    wished meanwhile: what happened is stronger. ``starts_left`` is how many
    more free restarts the job has, ``retries_left`` how many of its own retries;
    being preempted by us costs none of either and needs no word in ``retry_on``.
    """
    if reason is EndReason.COMPLETED:
        return JobState.SUCCEEDED
    if reason in (EndReason.CANCELED, EndReason.KILLED):
        return JobState.CANCELED
    if desired in (Desired.CANCEL, Desired.KILL) and reason in _GOES_ON:
        return JobState.CANCELED
    again = JobState.PAUSED if desired is Desired.PAUSE else JobState.QUEUED
    if reason in (EndReason.PAUSED, EndReason.PREEMPTED, EndReason.UNPLACED):
        return again
    if reason in _FREE_RESTARTS:
        return again if starts_left > 0 else JobState.FAILED
    if desired not in (Desired.CANCEL, Desired.KILL) and retry_group(reason) in retry_on and retries_left > 0:
        return again
    return JobState.FAILED


def phase(job: Job, attempt: Attempt | None) -> Phase:
    """What a person is shown. ``attempt`` is the job's latest, or None."""
    if job.state in TERMINAL:
        return Phase(job.state.value)
    if attempt is None or attempt.state is AttemptState.ENDED:
        if job.desired in (Desired.CANCEL, Desired.KILL):
            return Phase.STOPPING
        return Phase.PAUSED if job.state is JobState.PAUSED else Phase.QUEUED
    if attempt.seen is Seen.UNKNOWN:
        return Phase.UNKNOWN
    if job.desired in (Desired.CANCEL, Desired.KILL):
        return Phase.STOPPING
    if attempt.state is AttemptState.STOPPING:
        return Phase.PAUSING if attempt.stop_asked in ("pause", "preempt", "discard") else Phase.STOPPING
    if job.desired is Desired.PAUSE:
        return Phase.PAUSING
    return Phase.STARTING if attempt.state is AttemptState.LAUNCHING else Phase.RUNNING
