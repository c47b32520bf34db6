"""House-keeping: letting go of what nobody keeps any more. Backups and checks have files of their own."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, or_, select

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import TERMINAL
from jupyter_training.store import aside, changelog, points, removals
from jupyter_training.store.backup import backup
from jupyter_training.store.checks import Finding, check
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.search_tables import experiments
from jupyter_training.store.tables import changes, heads, jobs, offsets, progress, series, specs, starts

__all__ = ["Finding", "GcReport", "backup", "check", "collect", "forget"]

DAY = 86_400.0
KEPT_CHANGES = 200_000
KEPT_CHANGES_FOR = 3_600.0  # seconds; a live view that was away for less need not read everything anew


@dataclass(frozen=True)
class GcReport:
    """What was let go. The folders of ``jobs`` may be deleted now; each has left a removal that says so.

    ``held_back``: jobs old enough whose record in MLflow is not complete.
    """

    jobs: tuple[JobId, ...]
    held_back: int
    points: int
    specs: int
    changes: int


def collect(
    store: Store, *, now: Instant, keep_days: float | None = None, keep_changes: int = KEPT_CHANGES
) -> GcReport:
    """Delete jobs that ended more than ``keep_days`` ago (None: as the settings say; 0: never) and what hangs on them.

    First the jobs, then their points: were it the other way round, a job could
    be left without what it reported. The change log is cut to its newest lines;
    readers that are further behind read everything anew.
    """
    days = store.settings.keep_finished_days if keep_days is None else keep_days
    gone: list[JobId] = []
    held_back = 0
    if days > 0:
        old, held_back = _old(store, now - days * DAY)
        for part in chunks(old):
            with store.write() as connection:
                removals.remember(connection, part, now, runs={})
                connection.execute(delete(jobs).where(jobs.c.id.in_(part)))
                # Whoever shows one of them asks for it again, and learns that it is gone.
                changelog.append(connection, [(ChangeKind.STATE, job) for job in part], now)
            gone += part
    removed = _sweep_points(store)
    with store.write() as connection:
        unused = select(specs.c.hash).outerjoin(jobs, jobs.c.spec_hash == specs.c.hash).where(jobs.c.seq.is_(None))
        specs_gone = connection.execute(delete(specs).where(specs.c.hash.in_(unused))).rowcount
        lines = _trim(connection, now, keep_changes)
    points.settle(store)
    return GcReport(tuple(gone), held_back, removed, specs_gone, lines)


def _old(store: Store, before: float) -> tuple[list[JobId], int]:
    """The jobs that ended before, and how many more did whose record has to be completed first.

    A trial stays as long as its search: that may go on from it, and shows it.
    """
    goes_on = experiments.c.ended.is_(None) | (experiments.c.ended >= before)
    kept = select(experiments.c.id).where(experiments.c.id == jobs.c.experiment, goes_on).exists()
    ended = (jobs.c.state.in_([state.value for state in sorted(TERMINAL)]), jobs.c.ended < before, ~kept)
    recorded = or_(jobs.c.recorded, jobs.c.attempt == 0)
    with store.read() as connection:
        total = connection.execute(select(func.count()).select_from(jobs).where(*ended)).scalar_one()
        found = connection.execute(select(jobs.c.id).where(*ended, recorded).order_by(jobs.c.seq)).scalars().all()
    return [JobId(job) for job in found], total - len(found)


def _sweep_points(store: Store) -> int:
    """Delete the points of jobs that are no more. How many there were."""
    with store.read_points() as connection:  # before the jobs: a job is there before its points are
        owners: set[str] = set()
        for table in (heads, offsets, progress, series):
            names = connection.execute(select(table.c.job).distinct()).scalars()
            owners.update(job for job in map(aside.owner, names) if job is not None)
    with store.read() as connection:
        orphans = sorted(owners.difference(connection.execute(select(jobs.c.id)).scalars()))
    count = sum(forget(store, orphan) for orphan in orphans)
    while aside.clear(store):
        pass
    return count


def forget(store: Store, job: str) -> int:
    """Let go of the points of a job that is no more; ``aside.clear`` deletes them. How many there were."""
    with store.write_points() as connection:
        count = aside.drop(connection, JobId(job), all_of_it=True)
        for table in (offsets, heads, progress, starts):
            connection.execute(delete(table).where(table.c.job == job))
    return count


def _trim(connection: Connection, now: Instant, keep: int) -> int:
    """Cut the log at one place, so that nothing is missing after its oldest line. The newest line stays."""
    head = changelog.head_of(connection)
    fresh = connection.execute(select(func.min(changes.c.n)).where(changes.c.at >= now - KEPT_CHANGES_FOR)).scalar()
    cut = min(head - keep + 1, head if fresh is None else fresh, head)
    return connection.execute(delete(changes).where(changes.c.n < cut)).rowcount
