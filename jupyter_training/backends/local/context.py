"""The code folder of an attempt whose job brought a context: the context, and in it the job's own code.

It is made beside its place and put there by one rename. A launcher that was held
up in the middle, and goes on while the attempt runs, so changes nothing in it.
"""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from jupyter_training.backends import context
from jupyter_training.core.job import BundleFile, ContextRef
from jupyter_training.errors import LaunchFailed

__all__ = ["lay_out"]


def lay_out(wished: ContextRef, files: Iterable[BundleFile], code: Path, *, data: Path, blobs: Path) -> None:
    """Make the code folder, unless it is there. ``data`` and ``blobs`` are where contents are kept.

    Raises:
        LaunchFailed: a content is gone, is no context, or has a name that means another thing in the code.
        OSError: the folder can't be written.
    """
    if code.exists():
        return
    made = Path(tempfile.mkdtemp(prefix=".code-", dir=code.parent))
    try:
        _unpack(wished, made, data)
        for file in files:
            _place(file, made, blobs)
        os.rename(made, code)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY) or not code.exists():  # else somebody was first
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _unpack(wished: ContextRef, folder: Path, kept: Path) -> None:
    archive = kept / wished.sha256
    if not archive.is_file():
        raise LaunchFailed("its context is no longer in the home's data.", hint="Submit it again.")
    try:
        context.unpack(archive, folder)
    except context.Unusable as error:
        raise LaunchFailed(f"its context {error}", hint="Submit it again, from a folder.") from None


def _place(file: BundleFile, folder: Path, blobs: Path) -> None:
    target, content = folder / file.path, blobs / file.sha256
    if not content.is_file():
        raise LaunchFailed(f"the content of {file.path!r} is no longer in the home's blobs.")
    try:
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(content, target)
        elif not target.is_file() or not filecmp.cmp(content, target, shallow=False):
            raise LaunchFailed(f"its context and its own code both have {file.path!r}, and not the same.")
    except (FileExistsError, NotADirectoryError):
        raise LaunchFailed(f"its code has {file.path!r} below what is a file in its context.") from None
