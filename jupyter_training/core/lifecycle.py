"""What may become what, and how each state is said.

    wish      run ---------- cancel / kill ------------------.
               |                                             v
    job     queued -> running -> succeeded | failed | canceled
               ^         |
               '---------'   an attempt that never began is started again

    attempt launching -> running -> stopping -> ended(reason)
            (each may end directly), with ``seen`` live | gone | unknown beside it

States are few and live in the store; the *phase* is what a person is shown and
is computed here and nowhere else. Reasons are rich; each has its sentence in
one table. ``paused`` and the holds are in the tables already: the verbs that
reach them come with checkpoints.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_training.core.job import Attempt, Job

__all__ = [
    "ACTIVE",
    "TERMINAL",
    "AttemptState",
    "Desired",
    "EndReason",
    "Hold",
    "JobState",
    "Phase",
    "Seen",
    "Verb",
    "end_sentence",
    "job_state_after",
    "may",
    "phase",
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


class Verb(StrEnum):
    CANCEL = "cancel"
    KILL = "kill"


TERMINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED})
ACTIVE = frozenset({AttemptState.LAUNCHING, AttemptState.RUNNING, AttemptState.STOPPING})

# An attempt that provably never reached the person's code costs nothing to start again.
_FREE_RESTARTS = frozenset({EndReason.NOT_BEGUN, EndReason.VOID})
FREE_RESTART_LIMIT = 3

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
}

_ALLOWED: dict[Verb, frozenset[JobState]] = {
    Verb.CANCEL: frozenset({JobState.QUEUED, JobState.RUNNING, JobState.PAUSED}),
    Verb.KILL: frozenset({JobState.QUEUED, JobState.RUNNING, JobState.PAUSED}),
}


def may(verb: Verb, state: JobState) -> bool:
    """Whether the life cycle allows the verb in this state."""
    return state in _ALLOWED[verb]


def end_sentence(reason: EndReason, detail: str | None = None) -> str:
    """The sentence for a person; a detail, itself a sentence, replaces the general one."""
    return detail or _SENTENCES[reason]


def job_state_after(reason: EndReason, desired: Desired, starts_left: int) -> JobState:
    """The state of a job once its attempt has ended for ``reason``.

    A run that completed before a stop reached it is a success, whatever was
    wished meanwhile: what happened is stronger. ``starts_left`` is how many
    more free restarts the job has.
    """
    if reason is EndReason.COMPLETED:
        return JobState.SUCCEEDED
    if reason in (EndReason.CANCELED, EndReason.KILLED):
        return JobState.CANCELED
    if reason in _FREE_RESTARTS:
        if desired in (Desired.CANCEL, Desired.KILL):
            return JobState.CANCELED
        return JobState.QUEUED if starts_left > 0 else JobState.FAILED
    return JobState.FAILED


def phase(job: Job, attempt: Attempt | None) -> Phase:
    """What a person is shown. ``attempt`` is the job's latest, or None."""
    if job.state in TERMINAL:
        return Phase(job.state.value)
    if attempt is None or attempt.state is AttemptState.ENDED:
        if job.state is JobState.PAUSED:
            return Phase.PAUSED
        return Phase.STOPPING if job.desired in (Desired.CANCEL, Desired.KILL) else Phase.QUEUED
    if attempt.seen is Seen.UNKNOWN:
        return Phase.UNKNOWN
    if attempt.state is AttemptState.STOPPING or job.desired in (Desired.CANCEL, Desired.KILL):
        return Phase.STOPPING
    if job.desired is Desired.PAUSE:
        return Phase.PAUSING
    return Phase.STARTING if attempt.state is AttemptState.LAUNCHING else Phase.RUNNING
