"""Let go of what nobody keeps any more: old jobs, their folders, code and data that no job has.

First the rows, then the files: a job whose files are gone would be a lie, files
without a job only take room. What belongs to no job of this store is left alone,
as it may be another's: a store that was put back from a backup knows less than
its folders.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_training.core.ids import JobId, is_job_id
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import TERMINAL
from jupyter_training.services import rehearsals, removing
from jupyter_training.services.checkpoints import UNSETTLED
from jupyter_training.services.site import Site
from jupyter_training.spool import checkpoints as folders
from jupyter_training.store import checkpoints, experiments, record, upkeep, views

__all__ = ["Tidied", "tidy"]

_DAY = 86_400.0
_PAGE = 500
# Code and data are stored before their job is: what is younger may belong to a submit that is under way.
_YOUNG_SECONDS = _DAY


@dataclass(frozen=True)
class Tidied:
    """What was let go. ``strangers``: folders of jobs that this store does not know; they are left alone."""

    jobs: int
    held_back: int
    points: int
    spools: int
    blobs: int
    data: int
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
    freed += removing.local(site, report.jobs) + removing.pending(site)
    freed += _sweep_checkpoints(site)
    rehearsals.sweep(site)
    known, strangers = _split(site)
    spools = 0
    for old in _settled(site, known, before=now - site.settings.keep_spool_days * _DAY):
        freed += removing.folder(site.settings.spool_root / old.id)
        spools += 1
    before = now - _YOUNG_SECONDS
    old_code, old_data = _older(site.settings.blobs, before), _older(site.settings.data, before)
    used_code, used_data = _used(site) if old_code or old_data else (set[str](), set[str]())
    blobs = _sweep(site.settings.blobs, old_code - used_code, before)
    data = _sweep(site.settings.data, old_data - used_data, before)
    freed += sum(blobs) + sum(data) + sum(_sweep_secrets(site, before))
    return Tidied(
        jobs=len(report.jobs),
        held_back=report.held_back,
        points=report.points,
        spools=spools,
        blobs=len(blobs),
        data=len(data),
        bytes=freed,
        strangers=strangers,
    )


def _sweep_checkpoints(site: Site) -> int:
    """Remove the folders of checkpoints that were let go of, and what interrupted copies have left. Their bytes."""
    try:
        names = os.listdir(site.settings.checkpoints)
    except OSError:
        return 0
    freed = 0
    before = site.now() - _YOUNG_SECONDS
    old = _older(site.settings.checkpoints, before)
    never_came = _never_came(site, [JobId(name) for name in old if is_job_id(name)])
    for name in old:
        if name.startswith(folders.TEMPORARY) or name in never_came:
            freed += removing.folder(site.settings.checkpoints / name)
    jobs = [JobId(name) for name in names if is_job_id(name)]
    for job, own in checkpoints.of_jobs(site.store, jobs).items():
        for one in own:
            here = site.settings.checkpoints / job / one.name
            if one.state == "deleted" and here.exists():
                freed += removing.folder(here)
    return freed


def _never_came(site: Site, jobs: list[JobId]) -> set[JobId]:
    """Of these folders those that this store was about to give to a job that was then not stored."""
    known = {job.id for job in views.jobs(site.store, jobs)}
    found = set()
    for job in jobs:
        if job not in known:
            try:
                owner = (site.settings.checkpoints / job / UNSETTLED).read_text()
            except OSError:
                continue
            if owner == site.store.store_id:
                found.add(job)
    return found


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


def _older(folder: Path, before: float) -> set[str]:
    """The files of a folder that nobody has touched since."""
    try:
        with os.scandir(folder) as entries:
            return {one.name for one in entries if one.stat(follow_symlinks=False).st_mtime < before}
    except OSError:
        return set()


def _used(site: Site) -> tuple[set[str], set[str]]:
    """The contents that jobs and the trials to come have as their code, and as their data."""
    code: set[str] = set()
    data: set[str] = set()
    after: str | None = None
    while True:
        page = views.page(site.store, views.JobQuery(trials=True), after=after, limit=_PAGE)
        for job in page.jobs:
            code.update(file.sha256 for file in job.spec.files)
            data.update(file.sha256 for file in job.spec.data)
            if job.spec.context is not None:
                data.add(job.spec.context.sha256)
        after = page.next
        if after is None:
            break
    for template in experiments.templates(site.store):
        code.update(file.sha256 for file in template.files)
        data.update(file.sha256 for file in template.data)
        if template.context is not None:
            data.add(template.context.sha256)
    return code, data


def _sweep_secrets(site: Site, before: float) -> list[int]:
    """Remove the values of ``pass_env`` that no job waits for: a submit or a dispatcher died beside them."""
    old = _older(site.settings.secrets, before)
    waiting = views.unfinished(site.store) if old else ()
    awaited = {site.settings.secrets_file(job.key).name for job, _ in waiting}
    return _sweep(site.settings.secrets, old - awaited, before)


def _sweep(folder: Path, names: Iterable[str], before: float) -> list[int]:
    """Remove these files, but for those that were touched meanwhile. Their bytes."""
    sizes = []
    for name in names:
        try:
            status = os.lstat(folder / name)
            if status.st_mtime < before:
                os.unlink(folder / name)
                sizes.append(status.st_size)
        except OSError:
            continue
    return sizes
