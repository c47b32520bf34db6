"""Files for a run: the code put together from its blobs, the outputs by hard link where that can be."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from jupyter_training.core.job import JobSpec
from jupyter_training.tracking.mlflow_place import local_path

__all__ = ["lay_out", "link", "regular_files", "remove"]

log = logging.getLogger("jupyter_training.tracking")


def lay_out(spec: JobSpec, blobs: Path, folder: Path) -> None:
    """Put the bundle's files under their names. One whose content is no longer kept is left out."""
    for file in spec.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(blobs / file.sha256, target)
        except FileNotFoundError:
            log.warning("the content of %r is no longer kept; the record is without it.", file.path)


def regular_files(folder: Path) -> Iterator[tuple[Path, int]]:
    """Every readable regular file below, with a descriptor of its folder that is open until the next one is asked for.

    Links may lead anywhere and a pipe blocks its reader: both are left alone, and a folder that is a link itself.
    """
    with contextlib.suppress(OSError):  # the folder has gone or can't be read
        for place, folders, names, here in os.fwalk(folder):
            folders.sort()
            for name in sorted(names):
                path = Path(place, name)
                try:
                    is_regular = stat.S_ISREG(os.stat(name, dir_fd=here, follow_symlinks=False).st_mode)
                except OSError:
                    continue
                if is_regular and os.access(name, os.R_OK, dir_fd=here):
                    yield path, here
                elif is_regular:
                    log.warning("%s can't be read; the record is without it.", path)


def link(path: Path, here: int, target: Path) -> bool:
    """Make ``target`` another name of the file, replacing what is there. False where the disk does not allow it.

    ``here``: a descriptor of the file's folder. Outputs can be large, and nobody writes to them once the job has ended.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        os.link(path.name, target, src_dir_fd=here, follow_symlinks=False)
    except OSError:
        return False
    return True


def remove(artifact_uri: str | None, run_id: str, root: Path | None) -> None:
    """Remove a run's files where they lie in our own folder; others are their server's, or whoever's chose the place.

    ``root``: that folder, None where there is none. Below it each run has ``<experiment>/<run id>/artifacts``.
    """
    place = local_path(artifact_uri)
    if root is None or place is None:
        return
    place, root = place.resolve(), root.resolve()
    if place.parts[-2:] != (run_id, "artifacts") or place.parents[2] != root:
        return
    try:
        shutil.rmtree(place.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("%s of a deleted run can't be removed: %s", place.parent, error)
