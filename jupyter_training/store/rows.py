"""Rows into frozen records, and specs parsed once per content."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, select

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job, JobSpec, Origin
from jupyter_training.core.lifecycle import AttemptState, Desired, EndReason, Hold, JobState, Seen
from jupyter_training.core.resources import Allocation
from jupyter_training.store.tables import specs

__all__ = ["SpecCache", "attempt_of", "chunks", "job_of", "jobs_of"]

# SQLite takes 32,766 values in a statement, PostgreSQL 65,535; short lists keep the number of prepared forms low.
_CHUNK = 500

_Item = TypeVar("_Item")

_NO_HOLDS: frozenset[Hold] = frozenset()
_STATES = {state.value: state for state in JobState}
_DESIRED = {desired.value: desired for desired in Desired}
_REASONS: dict[str | None, EndReason | None] = {None: None, **{reason.value: reason for reason in EndReason}}


class SpecCache:
    """Parsed specs by content hash: a hash never means anything else, so nothing goes stale. Thread-safe."""

    def __init__(self, limit: int = 150_000) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, JobSpec] = OrderedDict()
        self._lock = Lock()

    def add(self, spec_hash: str, spec: JobSpec) -> None:
        with self._lock:
            self._kept[spec_hash] = spec
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)

    def get(self, connection: Connection, hashes: Iterable[str]) -> Mapping[str, JobSpec]:
        """The specs of these hashes; those that are not at hand are read."""
        wanted = set(hashes)
        with self._lock:
            found = {spec_hash: self._kept[spec_hash] for spec_hash in wanted if spec_hash in self._kept}
        for part in chunks(sorted(wanted - found.keys())):
            for spec_hash, body in connection.execute(select(specs.c.hash, specs.c.body).where(specs.c.hash.in_(part))):
                found[spec_hash] = JobSpec.model_validate_json(body)
                self.add(spec_hash, found[spec_hash])
        return found


def jobs_of(connection: Connection, cache: SpecCache, rows: Iterable[Row[Any]]) -> list[Job]:
    """Jobs of rows that hold every column of ``jobs``, in their order."""
    listed = list(rows)
    parsed = cache.get(connection, (row.spec_hash for row in listed))
    return [job_of(row, parsed[row.spec_hash]) for row in listed]


def job_of(row: Row[Any], spec: JobSpec) -> Job:
    return Job(
        id=JobId(row.id),
        seq=row.seq,
        key=row.key or "",
        spec=spec,
        spec_hash=row.spec_hash,
        origin=Origin(row.user_name, row.notebook, row.cell, row.client),
        pool=row.pool,
        priority=row.priority,
        position=row.position,
        desired=_DESIRED[row.desired],
        generation=row.generation,
        holds=frozenset(map(Hold, row.holds.split(","))) if row.holds else _NO_HOLDS,
        state=_STATES[row.state],
        reason=_REASONS[row.reason],
        detail=row.detail,
        submitted=row.submitted,
        started=row.started,
        ended=row.ended,
        attempt=row.attempt,
        version=row.version,
        experiment=row.experiment,
        trial=row.trial,
        run_id=row.run_id,
    )


def attempt_of(row: Row[Any], figures: Mapping[str, float] | None = None) -> Attempt:
    return Attempt(
        job=JobId(row.job),
        number=row.number,
        state=AttemptState(row.state),
        seen=Seen(row.seen),
        reason=_REASONS[row.reason],
        detail=row.detail,
        exit_code=row.exit_code,
        signal=row.signal,
        allocation=Allocation(row.pool, row.slots, tuple(map(int, row.devices.split(","))) if row.devices else ()),
        handle=row.handle,
        token=row.token,
        created=Instant(row.created),
        started=row.started,
        stopping=row.stopping,
        ended=row.ended,
        stop_asked=row.stop_asked,
        generation=row.generation,
        peak_memory=row.peak_memory,
        figures=dict(figures or {}),
    )


def chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """The items in lists short enough for one statement."""
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
