"""Take away what deleted jobs and checkpoints that are let go of have on disk and under URLs.

First the rows, then the files. What is cut short is finished by ``db gc``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from jupyter_training.core.ids import JobId
from jupyter_training.core.retention import Checkpoint
from jupyter_training.errors import Unavailable
from jupyter_training.seams import storage
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.spool import checkpoints as folders
from jupyter_training.store import checkpoints, removals

__all__ = ["checkpoint_folders", "local", "pending", "under_url"]


def local(site: Site, jobs: Iterable[JobId]) -> int:
    """Remove the folders of deleted jobs: outputs, spools, checkpoints. Their bytes."""
    roots = (site.settings.outputs, site.settings.spool_root, site.settings.checkpoints)
    return sum(folder(root / job) for job in jobs for root in roots)


def pending(site: Site) -> int:
    """Finish the removal of deleted jobs, their checkpoints under URLs too; what can't be reached waits. The bytes."""
    freed = 0
    gone: list[JobId] = []
    for removal in removals.pending(site.store):
        if removal.is_swept:
            continue
        freed += local(site, [removal.job])
        try:
            for place in checkpoints.left_behind(site.store, removal.job, removal.places):
                under_url(site.settings, place)
        except Unavailable:
            continue
        gone.append(removal.job)
    removals.places_gone(site.store, *gone)
    return freed


def checkpoint_folders(site: Site, gone: Iterable[Checkpoint]) -> None:
    """Remove the folders of checkpoints that were let go of."""
    for one in gone:
        here = site.settings.checkpoints / one.job / one.name
        if os.path.lexists(here):
            # Under a name that no reader takes for a checkpoint, before the first file of it goes.
            beside = Path(tempfile.mkdtemp(dir=here.parent, prefix=folders.TEMPORARY))
            with contextlib.suppress(OSError):
                os.rename(here, beside / one.name)
            folder(beside)


def under_url(settings: Settings, place: str) -> None:
    """Remove a folder under a URL; nothing happens where there is none.

    Raises:
        Unavailable: the place can't be reached.
    """
    try:
        system, root = storage.opened(settings, place)
        system.rm(root, recursive=True)
    except FileNotFoundError:
        return
    except Exception as error:  # each storage library has errors of its own
        raise Unavailable(f"{place} can't be removed: {type(error).__name__}: {error}") from error


def folder(path: Path) -> int:
    """Remove a folder with all that is in it, following no links: of one that is a link, the link. The bytes it had."""
    if path.is_symlink():
        with contextlib.suppress(OSError):
            path.unlink()
        return 0
    size = 0
    for here, _, names in os.walk(path):
        for name in names:
            try:
                size += os.lstat(os.path.join(here, name)).st_blocks * 512
            except OSError:
                continue
    shutil.rmtree(path, ignore_errors=True)
    return size
