"""Let go of what nobody keeps any more: old jobs, their folders, code that no job has.

First the rows, then the files: a job whose files are gone would be a lie, files
without a job only take room. What belongs to no job of this store is left alone,
as it may be another's: a store that was put back from a backup knows less than
its folders.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_training.core.ids import JobId, is_job_id
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import TERMINAL
from jupyter_training.services.site import Site
from jupyter_training.store import record, upkeep, views

__all__ = ["Tidied", "tidy"]

_DAY = 86_400.0
_PAGE = 500
# Code is stored before its job is: what is younger may belong to a submit that is under way.
_YOUNG_SECONDS = _DAY


@dataclass(frozen=True)
class Tidied:
    """What was let go. ``strangers``: folders of jobs that this store does not know; they are left alone."""

    jobs: int
    held_back: int
    points: int
    spools: int
    blobs: int
    bytes: int
    strangers: int


def tidy(site: Site, *, keep_days: float | None = None) -> Tidied:
    """Remove finished jobs older than ``keep_days`` (None: as the settings say; 0: none), and what is no longer needed.

    Spools of finished jobs go after ``keep_spool_days``, once their record is complete.

    Raises:
        Unavailable: the store can't be written.
    """
    now = site.now()
    report = upkeep.collect(site.store, now=now, keep_days=keep_days)
    freed = 0
    for job in report.jobs:
        freed += _remove(site.settings.outputs / job) + _remove(site.settings.spool_root / job)
    known, strangers = _split(site)
    spools = 0
    for old in _settled(site, known, before=now - site.settings.keep_spool_days * _DAY):
        freed += _remove(site.settings.spool_root / old.id)
        spools += 1
    blobs, more = _sweep_blobs(site, before=now - _YOUNG_SECONDS)
    return Tidied(len(report.jobs), report.held_back, report.points, spools, blobs, freed + more, strangers)


def _split(site: Site) -> tuple[list[Job], int]:
    """The jobs that have a spool, and how many spools there are of jobs that this store does not know."""
    try:
        names = [name for name in os.listdir(site.settings.spool_root) if is_job_id(name)]
    except OSError:
        return [], 0
    known = views.jobs(site.store, [JobId(name) for name in names])
    return known, len(names) - len(known)


def _settled(site: Site, jobs: Iterable[Job], *, before: float) -> Iterator[Job]:
    """Of these jobs those that ended before and whose record lacks nothing."""
    for job in jobs:
        if job.state in TERMINAL and job.ended is not None and job.ended < before:
            row = record.load(site.store, job.id)
            if job.attempt == 0 or (row is not None and row.ended_sent):
                yield job


def _sweep_blobs(site: Site, *, before: float) -> tuple[int, int]:
    """Remove contents that no job's code has. How many, and their bytes."""
    old: dict[str, int] = {}
    try:
        with os.scandir(site.settings.blobs) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                if status.st_mtime < before:
                    old[entry.name] = status.st_size
    except OSError:
        return 0, 0
    for used in _used_blobs(site) if old else ():
        old.pop(used, None)
    for name in old:
        (site.settings.blobs / name).unlink(missing_ok=True)
    return len(old), sum(old.values())


def _used_blobs(site: Site) -> Iterator[str]:
    after: str | None = None
    while True:
        page = views.page(site.store, views.JobQuery(), after=after, limit=_PAGE)
        for job in page.jobs:
            yield from (file.sha256 for file in job.spec.files)
        after = page.next
        if after is None:
            return


def _remove(folder: Path) -> int:
    """Remove a folder with all that is in it, following no links. The bytes that it had."""
    size = 0
    for here, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(here, name)).st_blocks * 512
            except OSError:
                continue
    shutil.rmtree(folder, ignore_errors=True)
    return size
