"""Unpack the code: context and bundle in one archive. Nothing in it gets out of the folder."""

from __future__ import annotations

import os
import posixpath
import shutil
import tarfile

from jupyter_training.boot.places import CHANNEL_CODE, Places
from jupyter_training.boot.refusals import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

__all__ = ["unpack"]

_SUFFIXES = (".tar.gz", ".tgz", ".tar")


def unpack(places: Places) -> None:
    """Make the code folder of what the channel brought. What an image has there stays, except under the same names.

    Raises:
        Refused: there is no archive, or something in it would get out of the folder.
        OSError: the folder can't be written.
    """
    channel = places.channel(CHANNEL_CODE)
    names = sorted(name for name in _listed(channel) if name.endswith(_SUFFIXES))
    if len(names) != 1:
        raise Refused(f"its code is not in {channel}: there is {', '.join(names) or 'no archive'}.")
    try:
        with tarfile.open(os.path.join(channel, names[0]), "r:*") as tar:
            links = [info for info in tar if not _put(tar, info, places.code)]
        # After the files, so that none is written through one.
        for info in links:
            _link(info, places.code)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise Refused(f"the archive of its code is damaged: {error}.") from None


def _put(tar: tarfile.TarFile, info: tarfile.TarInfo, folder: str) -> bool:
    """Make a file or folder. False: it is a link."""
    path = _inside(info.name)
    if info.issym():
        return False
    target = os.path.join(folder, path)
    if info.isdir():
        if path:
            _clear(folder, posixpath.dirname(path))
            if os.path.islink(target) or not os.path.isdir(target):
                _remove(target)
                os.makedirs(target)
        return True
    if not info.isreg() or not path:
        raise Refused(f"the archive of its code has {info.name!r}, which is no file, folder or link.")
    _clear(folder, posixpath.dirname(path))
    _remove(target)
    content: IO[bytes] | None = tar.extractfile(info)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o755 if info.mode & 0o100 else 0o644)
    with os.fdopen(handle, "wb") as file:
        if content is not None:
            shutil.copyfileobj(content, file)
    return True


def _link(info: tarfile.TarInfo, folder: str) -> None:
    path, target = _inside(info.name), info.linkname
    ends = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if not path or not target or target.startswith("/") or ends.split("/")[0] == "..":
        raise Refused(f"the archive of its code has a link {info.name!r} to {target!r}, outside of it.")
    place = os.path.join(folder, path)
    _clear(folder, posixpath.dirname(path))
    _remove(place)
    os.symlink(target, place)
    root = os.path.realpath(folder)
    if os.path.commonpath([root, os.path.realpath(place)]) != root:
        raise Refused(f"the archive of its code has a link {info.name!r} that leads out of it by another link.")


def _inside(name: str) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise Refused(f"the archive of its code has the name {name!r}, which is not inside of it.")
    return "/".join(parts)


def _clear(folder: str, above: str) -> None:
    """Make the folders on the way to a file; what stands in their place, also a link, is replaced."""
    at = folder
    for part in above.split("/") if above else ():
        at = os.path.join(at, part)
        if os.path.islink(at) or not os.path.isdir(at):
            _remove(at)
            os.mkdir(at)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
