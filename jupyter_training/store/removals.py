"""Jobs that were deleted, and what of them is still outside the store: a run in MLflow, checkpoints under URLs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from jupyter_training.core.ids import JobId
from jupyter_training.store.bulk import insert_missing
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.tables import checkpoints, records, removals

__all__ = ["UNKNOWN", "Removal", "pending", "places_gone", "remember", "run_gone"]


UNKNOWN = ""  # instead of a run's id: one may have been made
_GONE = "null"  # instead of places: they and the folders here were removed


@dataclass(frozen=True)
class Removal:
    """``run_id`` None: there is no run, or it was removed. ``is_swept``: the folders and places were; the run is left.

    It is struck off once both are so, whoever is first: that there are no
    ``places`` says nothing of the folders.
    """

    job: JobId
    run_id: str | None
    places: tuple[str, ...]
    is_swept: bool = False


def pending(store: Store) -> list[Removal]:
    """What is still to be removed, oldest first."""
    with store.read() as connection:
        rows = connection.execute(select(removals).order_by(removals.c.at, removals.c.job))
        return [
            Removal(JobId(row.job), row.run_id, tuple(json.loads(row.places) or ()), row.places == _GONE)
            for row in rows
        ]


def remember(connection: Connection, jobs: Sequence[JobId], now: float, *, runs: Mapping[str, str | None]) -> None:
    """Note what these jobs have outside the store, in the transaction that deletes them. ``runs``: to be removed too.

    Of one that the mirror was about to make, nobody knows whether it is there: whoever removes it looks for it.
    Each leaves a note, as nobody else knows by then that its folders are to go.
    """
    places: dict[str, list[str]] = {}
    outside = select(checkpoints.c.job, checkpoints.c.place).where(
        checkpoints.c.job.in_(jobs), checkpoints.c.place.isnot(None), checkpoints.c.state != "deleted"
    )
    for row in connection.execute(outside):
        places.setdefault(row.job, []).append(row.place)
    begun = select(records.c.job).where(records.c.job.in_(list(runs)), records.c.run_id.is_(None))
    runs = {**runs, **dict.fromkeys(connection.execute(begun).scalars(), UNKNOWN)}
    rows = [{"job": job, "run_id": runs.get(job), "places": json.dumps(places.get(job, [])), "at": now} for job in jobs]
    insert_missing(connection, removals, rows)


def places_gone(store: Store, *jobs: JobId) -> None:
    """Their folders here and their checkpoints under URLs are no more."""
    _settle(store, jobs, places=_GONE)


def run_gone(store: Store, job: JobId) -> None:
    """Its run in MLflow is no more."""
    _settle(store, [job], run_id=None)


def _settle(store: Store, jobs: Sequence[JobId], **values: Any) -> None:
    if not jobs:
        return
    with store.write() as connection:
        for part in chunks(jobs):
            own = removals.c.job.in_(part)
            connection.execute(update(removals).where(own).values(**values))
            connection.execute(delete(removals).where(own, removals.c.run_id.is_(None), removals.c.places == _GONE))
