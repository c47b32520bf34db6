"""Rows into frozen records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, CheckpointPolicy, Instant, Job, JobSpec, Origin
from jupyter_training.core.lifecycle import TERMINAL, AttemptState, Desired, EndReason, Hold, JobState, Seen
from jupyter_training.core.resources import Allocation
from jupyter_training.store.spec_cache import SpecCache
from jupyter_training.store.tables import jobs

__all__ = ["UNFINISHED", "attempt_of", "jobs_of"]

UNFINISHED = tuple(state.value for state in JobState if state not in TERMINAL)  # as the rows have them

_NO_HOLDS: frozenset[Hold] = frozenset()
_STATES = {state.value: state for state in JobState}
_DESIRED = {desired.value: desired for desired in Desired}
_REASONS: dict[str | None, EndReason | None] = {None: None, **{reason.value: reason for reason in EndReason}}
_SPEC_HASH = list(jobs.c.keys()).index("spec_hash")


def jobs_of(connection: Connection, cache: SpecCache, rows: Iterable[Row[Any]]) -> list[Job]:
    """Jobs of rows that hold every column of ``jobs``, in their order."""
    listed = list(rows)
    parsed = cache.get(connection, (row[_SPEC_HASH] for row in listed))
    origins: dict[tuple[Any, ...], Origin] = {}
    return [_job(row, parsed[row[_SPEC_HASH]], origins) for row in listed]


def _job(row: Sequence[Any], spec: JobSpec, origins: dict[tuple[Any, ...], Origin]) -> Job:
    # Taken apart by place, in the order of ``tables.jobs``: by name it takes twice as long.
    (
        seq, job_id, key, spec_hash, _name, user_name, notebook, cell, client, pool, priority, position, desired,
        generation, holds, state, reason, detail, submitted, started, ended, attempt, version, experiment, trial,
        run_id, _free_restarts, _recorded, _identity, retries_used, archived, parent, relation, base_step, overrides,
        discard, checkpoint_step, retention, weight, waiting_since, unmet, checkpoint_time, checkpoint_seconds,
        restore_seconds,
    ) = row  # fmt: skip
    who = (user_name, notebook, cell, client)
    origin = origins.get(who)
    if origin is None:
        origin = origins[who] = Origin(*who)
    return Job(
        id=job_id,
        seq=seq,
        key=key or "",
        spec=spec,
        spec_hash=spec_hash,
        origin=origin,
        pool=pool,
        priority=priority,
        position=position,
        desired=_DESIRED[desired],
        generation=generation,
        holds=frozenset(map(Hold, holds.split(","))) if holds else _NO_HOLDS,
        state=_STATES[state],
        reason=_REASONS[reason],
        detail=detail,
        submitted=submitted,
        started=started,
        ended=ended,
        attempt=attempt,
        version=version,
        experiment=experiment,
        trial=trial,
        run_id=run_id,
        retries_used=retries_used,
        archived=archived,
        parent=parent,
        relation=relation,
        base_step=base_step,
        overrides=json.loads(overrides) if overrides else {},
        discard=discard,
        checkpoint_step=checkpoint_step,
        retention=CheckpointPolicy.model_validate_json(retention) if retention else None,
        weight=weight,
        waiting_since=waiting_since,
        unmet=unmet,
        checkpoint_time=checkpoint_time,
        checkpoint_seconds=checkpoint_seconds,
        restore_seconds=restore_seconds,
    )


def attempt_of(row: Row[Any]) -> Attempt:
    """The attempt of a row of ``attempts``. Its ``figures``, the machine samples, are points and not here."""
    return Attempt(
        job=JobId(row.job),
        number=row.number,
        state=AttemptState(row.state),
        seen=Seen(row.seen),
        reason=_REASONS[row.reason],
        detail=row.detail,
        exit_code=row.exit_code,
        signal=row.signal,
        allocation=Allocation(row.pool, row.slots, tuple(row.devices.split(",")) if row.devices else ()),
        handle=row.handle,
        token=row.token,
        created=Instant(row.created),
        started=row.started,
        stopping=row.stopping,
        ended=row.ended,
        stop_asked=row.stop_asked,
        generation=row.generation,
        peak_memory=row.peak_memory,
        start_step=row.start_step,
        start_checkpoint=row.start_checkpoint,
        stage=row.stage,
    )
