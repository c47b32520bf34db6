"""What people wish of jobs that are there: stop, pause, go on, try again, put away, delete.

Each call is one transaction and durable when it returns. A wish on a job without
a live attempt moves the job itself; with one it is ``desired``, and the
dispatcher makes it so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, delete, func, select, update

from jupyter_training.core import queue_position
from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import TERMINAL, AttemptState, Desired, Hold, JobState, Verb, may
from jupyter_training.errors import IllegalVerb, NoCheckpoint, TrainingError, UnknownJob
from jupyter_training.store import changelog, checkpoints, keys, record, removals
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.find import WHERE_LISTED
from jupyter_training.store.rows import jobs_of
from jupyter_training.store.tables import attempts, jobs, records

__all__ = ["resume", "wish", "wish_within"]

_STRENGTH = {Desired.RUN: 0, Desired.PAUSE: 1, Desired.CANCEL: 2, Desired.KILL: 3}
_PARTICIPLE = {
    Verb.CANCEL: "canceled",
    Verb.KILL: "killed",
    Verb.PAUSE: "paused",
    Verb.ACTIVATE: "activated",
    Verb.RETRY: "retried",
    Verb.ARCHIVE: "archived",
    Verb.UNARCHIVE: "taken out of the archive",
    Verb.DELETE: "deleted",
}
_NEEDS = {
    Verb.CANCEL: "only what has not ended can be",
    Verb.KILL: "only what has not ended can be",
    Verb.PAUSE: "only a queued or running job can be",
    Verb.ACTIVATE: "only a paused job can be",
    Verb.RETRY: "only a failed or canceled job can be",
    Verb.ARCHIVE: "only a job that has succeeded, failed or been canceled can be",
    Verb.UNARCHIVE: "only an archived job can be",
    Verb.DELETE: "only a job that has succeeded, failed or been canceled can be",
}
_HINTS = {
    Verb.ARCHIVE: "Cancel it first, or wait for its end.",
    Verb.DELETE: "Cancel it first, or wait for its end.",
}
_HAD = "A fork begins anew, with the same config."
_HAD_NONE = "Save one in the code with checkpoint.save(...), or start anew without resume."
_FORCED = "--force starts it once more, from its last checkpoint; resume does more steps, fork starts anew."


def wish(
    store: Store,
    job_ids: Sequence[JobId],
    verb: Verb,
    *,
    now: Instant,
    discard: bool = False,
    force: bool = False,
    settle: Callable[[Job], None] | None = None,
    has_begun: Callable[[JobId, int], bool] = lambda job, number: False,
    hold: Hold = Hold.USER,
) -> list[Job | TrainingError]:
    """Wish something of several jobs: each one's new state or the reason it was refused, in the same order.

    A stop never weakens (a kill stays a kill), and repeating one changes nothing.
    ``discard``: a pause need not wait for a checkpoint, nor does it need one; nor
    does that of a job that is only being launched, unless ``has_begun`` knows of
    its attempt that the code may run already, which is noted here a moment later.
    ``force``: what has succeeded may be retried. A deleted job is given as it was.
    ``settle`` is called for each that is retried before anybody can start it, to
    put in place what it needs. ``hold``: whose a pause is; activating clears that one alone, and a job goes on
    once nobody holds it.
    """
    with store.write() as connection:
        return wish_within(
            connection, store, job_ids, verb, now=now, discard=discard, force=force, settle=settle, has_begun=has_begun,
            hold=hold,
        )  # fmt: skip


def wish_within(
    connection: Connection,
    store: Store,
    job_ids: Sequence[JobId],
    verb: Verb,
    *,
    now: Instant,
    discard: bool = False,
    force: bool = False,
    settle: Callable[[Job], None] | None = None,
    has_begun: Callable[[JobId, int], bool] = lambda job, number: False,
    hold: Hold = Hold.USER,
) -> list[Job | TrainingError]:
    """``wish`` as part of a write transaction that does more."""
    found: list[Job] = []
    for part in chunks(list(dict.fromkeys(job_ids))):
        found += jobs_of(connection, store.specs, connection.execute(select(jobs).where(jobs.c.id.in_(part))))
    known: dict[JobId, Job] = {job.id: job for job in found}
    refused: dict[JobId, TrainingError] = {}
    moves: dict[JobId, dict[str, Any]] = {}
    unbegun = _unbegun(connection, found, has_begun) if verb is Verb.PAUSE and not discard else frozenset()
    for job in found:
        refusal = _refusal(job, verb, loses_nothing=discard or job.id in unbegun, force=force, hold=hold)
        if refusal is not None:
            refused[job.id] = refusal
        else:
            moves[job.id] = _moves(job, verb, discard=discard, hold=hold)
    if verb is Verb.DELETE:
        _delete(connection, [known[job_id] for job_id in moves], now)
    else:
        _move(connection, known, {job_id: values for job_id, values in moves.items() if values}, now)
    if verb is Verb.RETRY and settle is not None:
        for job_id in moves:
            settle(known[job_id])
    unknown = {one: UnknownJob(f"There is no job {one!r}.", hint=WHERE_LISTED) for one in job_ids if one not in known}
    return [refused.get(one) or unknown.get(one) or known[one] for one in job_ids]


def resume(
    store: Store,
    job_id: JobId,
    overrides: Mapping[str, JsonValue],
    *,
    now: Instant,
    key: str | None = None,
    settle: Callable[[Job], None] | None = None,
) -> Job:
    """Extend a job that has ended or is paused, from its newest good checkpoint on.

    ``checkpoint.steps(n)`` then counts ``n`` more steps from there; ``overrides``
    replace parameters and are kept beside the spec. With a ``key`` a repeated
    call changes nothing and gives the job as it is. ``settle``: as in ``wish``.

    Raises:
        UnknownJob
        IllegalVerb: it has not ended, is being stopped, or is archived; or another than a person has it paused.
        NoCheckpoint: there is nothing to go on from.
        KeyReused: the key came before with another content.
    """
    with store.write() as connection:
        row = connection.execute(select(jobs).where(jobs.c.id == job_id)).all()
        if not row:
            raise UnknownJob(f"There is no job {job_id!r}.")
        (job,) = jobs_of(connection, store.specs, row)
        if key is not None and keys.of_resume(connection, key, job, overrides):
            return job
        being_stopped = job.state is JobState.PAUSED and job.desired in (Desired.CANCEL, Desired.KILL)
        if job.state not in TERMINAL | {JobState.PAUSED} or job.archived or being_stopped:
            raise IllegalVerb(
                f"{_called(job)} can't be resumed: {_is(job)}, and only a finished, interrupted or paused job can be."
            )
        if job.state is JobState.PAUSED and job.holds - {Hold.USER}:
            raise _held(job, "resumed")
        if job.checkpoint_step is None:
            why, had_one = checkpoints.why_none(connection, job.id)
            raise NoCheckpoint(f"{_called(job)} can't be resumed: it {why}.", hint=_HAD if had_one else _HAD_NONE)
        values = _again(job)
        values["base_step"] = job.checkpoint_step
        values["overrides"] = {**job.overrides, **overrides}
        known = {job.id: job}
        _move(connection, known, {job.id: values}, now)
        if settle is not None:
            settle(known[job.id])
    return known[job.id]


def _unbegun(connection: Connection, found: Sequence[Job], has_begun: Callable[[JobId, int], bool]) -> frozenset[JobId]:
    """Those of these jobs that are being launched: no code of theirs has run that a pause could undo."""
    launching: set[JobId] = set()
    for part in chunks([job.id for job in found if job.state is JobState.RUNNING and job.checkpoint_step is None]):
        wanted = select(attempts.c.job, attempts.c.number).where(
            attempts.c.job.in_(part), attempts.c.state == AttemptState.LAUNCHING.value, attempts.c.started.is_(None)
        )
        rows = connection.execute(wanted).all()
        launching.update(JobId(row.job) for row in rows if not has_begun(JobId(row.job), row.number))
    return frozenset(launching)


def _refusal(job: Job, verb: Verb, *, loses_nothing: bool, force: bool, hold: Hold) -> TrainingError | None:
    if not may(verb, job, force=force) and not _adds_a_hold(job, verb, hold):
        hint = _HINTS.get(verb)
        if verb is Verb.RETRY and job.state is JobState.SUCCEEDED and not job.archived:
            hint = _FORCED if job.checkpoint_step is not None else "--force runs it once more."
        elif hint is not None and job.state is JobState.PAUSED and not job.archived:
            hint = "Cancel it first."  # by itself it never ends
        elif job.archived and verb is not Verb.UNARCHIVE:
            hint = "Take it out of the archive first."
        return IllegalVerb(f"{_called(job)} can't be {_PARTICIPLE[verb]}: {_is(job)}, and {_NEEDS[verb]}.", hint=hint)
    if verb is Verb.ACTIVATE and hold is Hold.USER and job.holds and Hold.USER not in job.holds:
        return _held(job, "activated")
    if verb is Verb.PAUSE and job.state is JobState.RUNNING and job.checkpoint_step is None and not loses_nothing:
        return NoCheckpoint(
            f"{_called(job)} can't be paused: it is running and has written no checkpoint; all it did would be lost.",
            hint="--discard pauses it all the same; it then starts from the beginning.",
        )
    return None


def _adds_a_hold(job: Job, verb: Verb, hold: Hold) -> bool:
    """Whether a paused job is paused by one more: it then goes on once both let it."""
    stays = job.state is JobState.PAUSED and job.desired not in (Desired.CANCEL, Desired.KILL)
    return verb is Verb.PAUSE and hold is not Hold.USER and stays


def _held(job: Job, participle: str) -> TrainingError:
    """That it is not a person's to let a job go on, and who has it paused."""
    if Hold.EXPERIMENT in job.holds:
        why, hint = "its search is paused", f"Activate the search: {job.experiment}."
    elif Hold.SEARCHER in job.holds:
        why, hint = (
            "its searcher has paused it",
            "It goes on when the searcher finds it good enough, and is stopped else.",
        )
    else:
        why, hint = "it made room for another job", "It goes on by itself."
    return IllegalVerb(f"{_called(job)} can't be {participle}: {why}.", hint=hint)


def _moves(job: Job, verb: Verb, *, discard: bool, hold: Hold) -> dict[str, Any]:
    """What changes in the job; empty where it is so already."""
    if verb in (Verb.CANCEL, Verb.KILL):
        desired = Desired.CANCEL if verb is Verb.CANCEL else Desired.KILL
        return {"desired": desired} if _STRENGTH[desired] > _STRENGTH[job.desired] else {}
    if verb is Verb.PAUSE:
        values = {"desired": Desired.PAUSE, "holds": job.holds | {hold}, "discard": job.discard or discard}
        if job.state is JobState.QUEUED:
            values |= {"state": JobState.PAUSED, "discard": False}
        return {name: value for name, value in values.items() if getattr(job, name) != value}
    if verb is Verb.ACTIVATE:
        holds = job.holds - {hold}
        if holds:  # somebody else has it paused still
            return {"holds": holds} if holds != job.holds else {}
        state = JobState.QUEUED if job.state is JobState.PAUSED else job.state
        return {"desired": Desired.RUN, "holds": holds, "discard": False, "state": state}
    if verb is Verb.RETRY:
        return _again(job)
    return {"archived": verb is Verb.ARCHIVE}


def _again(job: Job) -> dict[str, Any]:
    """An ended or paused job waits anew, behind those that wait already. Nobody holds any more what has ended."""
    return {
        "state": JobState.QUEUED,
        "desired": Desired.RUN,
        "generation": job.generation + 1,
        "holds": frozenset() if job.state in TERMINAL else job.holds - {Hold.USER},
        "reason": None,
        "detail": None,
        "ended": None,
        "retries_used": 0,
        "discard": False,
        "archived": False,
    }


def _move(connection: Connection, known: dict[JobId, Job], moves: Mapping[JobId, dict[str, Any]], now: Instant) -> None:
    """Write the moves and log them; ``known`` then has the jobs as they are."""
    if not moves:
        return
    lines = [(_kind(values), job_id) for job_id, values in moves.items()]
    versions = changelog.append(connection, lines, now)
    again = [job_id for job_id, values in moves.items() if "generation" in values]
    newest = 0
    if again:
        newest = connection.execute(select(func.max(jobs.c.seq))).scalar_one()
        record.reopen(connection, again)
        for part in chunks(again):
            connection.execute(update(jobs).where(jobs.c.id.in_(part)).values(free_restarts=0))
    for (job_id, values), version in zip(moves.items(), versions, strict=True):
        written = {**values, "version": version}
        if "generation" in values:
            written["position"] = queue_position.after_all(newest, version)
        if values.get("state") is JobState.QUEUED:
            written["waiting_since"] = now
        known[job_id] = replace(known[job_id], **written)
        if "holds" in written:
            written["holds"] = ",".join(sorted(hold.value for hold in written["holds"]))
        if "overrides" in written:
            written["overrides"] = json.dumps(written["overrides"]) if written["overrides"] else None
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(**written))


def _kind(values: Mapping[str, Any]) -> ChangeKind:
    """A job that came to another state is counted anew by who counts them."""
    return ChangeKind.STATE if "state" in values or "archived" in values else ChangeKind.WISH


def _delete(connection: Connection, gone: Sequence[Job], now: Instant) -> None:
    """The rows go now; what is outside the store goes by the list that is left."""
    for part in chunks([job.id for job in gone]):
        named = select(records.c.job, records.c.run_id).where(records.c.job.in_(part))
        runs: dict[str, str | None] = {
            **dict.fromkeys(part),
            **{row.job: row.run_id for row in connection.execute(named)},
        }
        removals.remember(connection, part, now, runs=runs)
        connection.execute(delete(jobs).where(jobs.c.id.in_(part)))
    changelog.append(connection, [(ChangeKind.GONE, job.id) for job in gone], now)


def _called(job: Job) -> str:
    return f"The job {job.id} ({job.name})"


def _is(job: Job) -> str:
    if job.archived:
        return "it is archived"
    if job.state not in TERMINAL:
        stopping = job.desired in (Desired.CANCEL, Desired.KILL)
        return f"it is {job.state.value} and being stopped" if stopping else f"it is {job.state.value}"
    return "it has been canceled" if job.state is JobState.CANCELED else f"it has {job.state.value}"
