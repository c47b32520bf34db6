"""A job's checkpoints as people see them: the list, another policy for what is kept, and one to go on from."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job, StartFrom
from jupyter_training.core.retention import Checkpoint
from jupyter_training.errors import NoCheckpoint, Problem, TrainingError, Unavailable
from jupyter_training.schema import CheckpointList, CheckpointView
from jupyter_training.seams import storage
from jupyter_training.services.instants import instant
from jupyter_training.services.jobs import known
from jupyter_training.services.site import Site
from jupyter_training.spool import checkpoints as folders
from jupyter_training.store import checkpoints, views

__all__ = ["UNSETTLED", "Chosen", "chosen", "listed", "of_job", "view"]

# In the folder of a job that is being stored, with the store's id: if that job never comes, the folder may go.
UNSETTLED = f"{folders.TEMPORARY}unsettled"
_SHOWN = 5  # steps in a sentence


def listed(site: Site, job_id: str) -> CheckpointList:
    """All checkpoints of a job, those that are gone too.

    Raises:
        UnknownJob: no job has that id.
    """
    job = known(site, job_id)
    policy = job.checkpoints
    return CheckpointList(
        checkpoints=tuple(map(view, of_job(site, job))), keep=policy.keep, metric=policy.metric, mode=policy.mode
    )


def of_job(site: Site, job: Job) -> tuple[Checkpoint, ...]:
    """Its checkpoints, newest first."""
    return checkpoints.of_jobs(site.store, [job.id]).get(job.id, ())


def view(one: Checkpoint) -> CheckpointView:
    return CheckpointView(
        name=one.name,
        step=one.step,
        attempt=one.attempt,
        created=instant(one.created) or "",
        size=one.size,
        files=one.files,
        kind=one.kind,
        metric=one.metric,
        state=one.state,
        place=one.place,
        seconds=one.seconds,
    )


class Chosen:
    """A checkpoint of a job that another one begins with. ``notes``: newer ones that were passed over, and why."""

    def __init__(self, checkpoint: Checkpoint, coming: Path | None, notes: tuple[str, ...]) -> None:
        self.checkpoint = checkpoint
        self.notes = notes
        self._coming = coming
        self._given: JobId | None = None

    @property
    def start(self) -> StartFrom:
        one = self.checkpoint
        return StartFrom(job=one.job, name=one.name, step=one.step, sha256=one.sha256)

    def settle(self, site: Site) -> Callable[[Connection, Job], None]:
        """What gives it to the new job, in the transaction that stores that."""

        def give(connection: Connection, job: Job) -> None:
            own = replace(self.checkpoint, job=job.id, name=folders.name(self.checkpoint.step, 0), attempt=0)
            if self._coming is not None:
                own = replace(own, place=None)
                folder = site.settings.checkpoints / job.id
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._given = job.id
                (folder / UNSETTLED).write_text(site.store.store_id)
                os.rename(self._coming, folder / own.name)
            checkpoints.copied(connection, own)

        return give

    def settled(self, site: Site) -> None:
        """See whether the new job is there: if not, nor is its folder from now on."""
        if self._given is None:
            return
        folder = site.settings.checkpoints / self._given
        try:
            is_there = bool(views.jobs(site.store, [self._given]))
        except TrainingError:
            return  # nobody can say now; ``db gc`` looks again
        if is_there:
            (folder / UNSETTLED).unlink(missing_ok=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def chosen(site: Site, job: Job, wish: str | int | None, *, fetch: bool = False) -> Iterator[Chosen]:
    """The checkpoint that is meant (by name, by step, None: the newest good one), checked, and a copy of it at hand.

    The copy shares its files with the original by hard links, so that it costs
    no room and outlives it. One under a URL stays there: its manifest is looked at
    now, its files by whoever loads it, unless ``fetch`` brings it here. May take minutes.

    Raises:
        NoCheckpoint: there is none, or the one that is named was removed or is damaged.
        Unavailable: it can't be read now.
    """
    found, coming, notes = _found(site, job, wish, fetch=fetch)
    begins = Chosen(found, coming, notes)
    try:
        yield begins
    finally:
        begins.settled(site)
        if coming is not None:
            shutil.rmtree(coming.parent, ignore_errors=True)


def _found(
    site: Site, job: Job, wish: str | int | None, *, fetch: bool
) -> tuple[Checkpoint, Path | None, tuple[str, ...]]:
    """The checkpoint, its copy, and what was passed over."""
    every = of_job(site, job)
    notes: list[str] = []
    for one in _wanted(job, every, wish):
        coming = _linked(site, one) if one.place is None else None
        why = _fault(one, coming) if one.place is None else _fault_far_away(site, one, one.place)
        if why is None and fetch and one.place is not None:
            coming = _fetched(site, one, one.place)
            why = _fault(one, coming)
        if why is None:
            return one, coming, tuple(notes)
        if coming is not None:
            shutil.rmtree(coming.parent, ignore_errors=True)
        checkpoints.found_damaged(site.store, job.id, one.name, site.now())
        if wish is not None:
            raise _unfit(job, every, one, f"is damaged: {why}")
        notes.append(f"The checkpoint of step {one.step} is damaged: {why}. The one before it is taken.")
    raise NoCheckpoint(
        f"No checkpoint of the job {job.id} ({job.name}) is whole.", hint="A fork begins anew, with the same config."
    )


def _fault(one: Checkpoint, coming: Path | None) -> str | None:
    if coming is None:
        return "its files are gone"
    try:
        return folders.fault(coming, one.sha256)
    except OSError as error:
        shutil.rmtree(coming.parent, ignore_errors=True)
        raise Unavailable(f"The checkpoint {one.name} of {one.job} can't be read: {error.strerror}.") from error


def _fault_far_away(site: Site, one: Checkpoint, place: str) -> str | None:
    """What is wrong with a checkpoint under a URL, as far as its manifest tells."""
    try:
        system, root = storage.opened(site.settings, place)
        manifest = system.cat_file(f"{root.rstrip('/')}/{folders.MANIFEST}")
    except FileNotFoundError:
        return f"its {folders.MANIFEST} is missing from {place}"
    except Exception as error:  # each storage library has errors of its own
        why = f"{type(error).__name__}: {error}".rstrip(": .")
        raise Unavailable(
            f"The checkpoint {one.name} of {one.job} can't be read from {place}: {why}.",
            hint="See whether this server can reach the place, with the rights that it needs.",
        ) from error
    if hashlib.sha256(manifest).hexdigest() != one.sha256:
        return f"its {folders.MANIFEST} in {place} has changed since it was written"
    return None


def _fetched(site: Site, one: Checkpoint, place: str) -> Path:
    """A folder with the files of a checkpoint that is kept under a URL.

    Raises:
        Unavailable: they can't be had now.
    """
    site.settings.checkpoints.mkdir(parents=True, exist_ok=True, mode=0o700)
    above = Path(tempfile.mkdtemp(dir=site.settings.checkpoints, prefix=folders.TEMPORARY))
    target = above / one.name
    try:
        system, root = storage.opened(site.settings, place)
        target.mkdir()
        system.get_file(f"{root.rstrip('/')}/{folders.MANIFEST}", str(target / folders.MANIFEST))
        for file in _inside(folders.read(target) or {}):
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            system.get_file(f"{root.rstrip('/')}/{file}", str(target / file))
    except Exception as error:  # each storage library has errors of its own
        shutil.rmtree(above, ignore_errors=True)
        why = f"{type(error).__name__}: {error}".rstrip(": .")
        raise Unavailable(
            f"The checkpoint {one.name} of {one.job} can't be fetched from {place}: {why}.",
            hint="See whether this server can reach the place, with the rights that it needs.",
        ) from error
    return target


def _inside(manifest: Mapping[str, Any]) -> Iterator[str]:
    """The paths of a manifest that stay in its folder; whoever checks it finds fault with others."""
    for one in manifest.get("files", ()):
        path = str(one["path"])
        if not os.path.isabs(path) and os.pardir not in path.split("/"):
            yield path


def _wanted(job: Job, every: Sequence[Checkpoint], wish: str | int | None) -> list[Checkpoint]:
    """What may be meant, the first one to try in front."""
    good = [one for one in every if one.state == "kept"]
    if not every or (wish is None and not good):
        why = "has left no checkpoint" if not every else "has no checkpoint left: they were removed or are damaged"
        raise NoCheckpoint(f"The job {job.id} ({job.name}) {why}.", hint="A fork begins anew, with the same config.")
    if wish is None:
        return good
    step = int(wish) if isinstance(wish, int) or (wish.isascii() and wish.isdigit()) else None
    meant = [one for one in every if one.name == wish or one.step == step]
    for one in meant:
        if one.state == "kept":
            return [one]
    if not meant:
        words = f"of step {step}" if step is not None else f"{str(wish)[:60]!r}"
        raise NoCheckpoint(
            f"The job {job.id} ({job.name}) has no checkpoint {words}.",
            hint=_others(every),
            errors=[Problem("there is none", key="checkpoint")],
        )
    state = "has been removed" if meant[0].state == "deleted" else "is damaged"
    raise _unfit(job, every, meant[0], state)


def _unfit(job: Job, every: Sequence[Checkpoint], one: Checkpoint, state: str) -> NoCheckpoint:
    return NoCheckpoint(
        f"The checkpoint {one.name} (step {one.step}) of the job {job.id} ({job.name}) {state}.",
        hint=_others([other for other in every if other.name != one.name]),
        errors=[Problem(state, key="checkpoint")],
    )


def _others(every: Sequence[Checkpoint]) -> str:
    """What there is instead."""
    steps = list(dict.fromkeys(one.step for one in every if one.state == "kept"))
    if not steps:
        return "A fork begins anew, with the same config."
    more = f" and {len(steps) - _SHOWN} more" if len(steps) > _SHOWN else ""
    return f"There is the one of step {', '.join(map(str, steps[:_SHOWN]))}{more}."


def _linked(site: Site, one: Checkpoint) -> Path | None:
    """A folder with the same files as a checkpoint's; None where they are gone.

    Raises:
        Unavailable: they can't be read now.
    """
    source = site.settings.checkpoints / one.job / one.name
    if not source.parent.is_dir():
        raise Unavailable(
            f"The checkpoint {one.name} of {one.job} can't be reached: the folder {source.parent} is not there.",
            hint="See whether its disk is mounted. If it is gone for good, fork the job to begin anew.",
        )
    site.settings.checkpoints.mkdir(parents=True, exist_ok=True, mode=0o700)
    above = Path(tempfile.mkdtemp(dir=site.settings.checkpoints, prefix=folders.TEMPORARY))
    try:
        return Path(shutil.copytree(source, above / one.name, copy_function=_link))
    except (FileNotFoundError, NotADirectoryError):
        shutil.rmtree(above, ignore_errors=True)
        return None
    except (OSError, shutil.Error) as error:
        shutil.rmtree(above, ignore_errors=True)
        if not source.is_dir():
            return None
        raise Unavailable(f"The checkpoint {one.name} of {one.job} can't be copied: {error}.") from error


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise
        shutil.copy2(source, target, follow_symlinks=False)  # a file system without hard links
    return target
