"""A context's archive: what may be in it, and how it becomes a folder.

It may come from any client, so nothing that it says is believed: every name and
link stays in the folder, and only files, folders and links are made. Files come
before links, so that no file is written through one.
"""

from __future__ import annotations

import os
import posixpath
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

__all__ = ["MOST_ENTRIES", "Member", "Unusable", "read", "unpack"]

MOST_ENTRIES = 20_000  # more would keep a dispatcher from its other jobs for too long
_PIECE = 1024 * 1024


class Unusable(Exception):
    """The archive can't be a context; the text says why, as the end of a sentence about it."""


@dataclass(frozen=True)
class Member:
    """One entry. ``path`` is in normal form; ``offset`` where a file's content begins; ``target`` a link's."""

    path: str
    kind: Literal["folder", "file", "link"]
    size: int = 0
    offset: int = 0
    executable: bool = False
    target: str = ""


def read(archive: Path) -> list[Member]:
    """What an archive holds, every entry checked; contents are not read.

    Raises:
        Unusable: it is no plain tar, or an entry is none that may be there; the entry is named.
        OSError: it can't be read.
    """
    found: dict[str, Member] = {}
    end = archive.stat().st_size
    try:
        with tarfile.open(archive, "r:") as tar:
            for info in tar:
                member = _checked(info)
                if member.path in found:
                    raise Unusable(f"has {member.path!r} twice.")
                if member.offset + member.size > end:
                    raise Unusable(f"ends within {member.path!r}.")
                found[member.path] = member
                if len(found) > MOST_ENTRIES:
                    raise Unusable(f"has more than {MOST_ENTRIES:,} entries.")
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise Unusable(f"is no tar archive: {error}.") from None
    for member in found.values():
        above = posixpath.dirname(member.path)
        while above:
            if above in found and found[above].kind != "folder":
                raise Unusable(f"has {member.path!r} below a {found[above].kind}.")
            above = posixpath.dirname(above)
    return list(found.values())


def unpack(archive: Path, folder: Path) -> None:
    """Make what the archive holds in an empty folder.

    Raises:
        Unusable: the archive can't be a context, or a link leads out by another one.
        OSError: the archive can't be read or the folder not be written.
    """
    members = read(archive)
    with open(archive, "rb") as source:
        for member in members:
            place = folder / member.path
            if member.kind == "folder":
                place.mkdir(parents=True, exist_ok=True, mode=0o700)
            elif member.kind == "file":
                place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                source.seek(member.offset)
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                handle = os.open(place, flags, 0o700 if member.executable else 0o600)
                try:
                    with os.fdopen(handle, "wb") as out:
                        for piece in _pieces(source, member.size):
                            out.write(piece)
                except OSError as error:
                    raise OSError(error.errno, error.strerror, str(place)) from None  # a full disk names no file
    links = [member for member in members if member.kind == "link"]
    for member in links:
        place = folder / member.path
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.symlink(member.target, place)
    root = os.path.realpath(folder)
    for member in links:
        leads_to = os.path.realpath(folder / member.path)
        if leads_to != root and not leads_to.startswith(root + os.sep):
            raise Unusable(f"has a link {member.path!r} that leads out of it by another link.")


def _checked(info: tarfile.TarInfo) -> Member:
    path = _inside(info.name)
    if info.size < 0:
        raise Unusable(f"has {path!r} with a size that is none.")
    if info.isreg() and not info.issparse():
        return Member(path, "file", info.size, info.offset_data, bool(info.mode & 0o100))
    if info.isdir():
        return Member(path, "folder")
    if info.issym():
        target = info.linkname
        ends = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if not target or "\0" in target or target.startswith("/") or ends == ".." or ends.startswith("../"):
            raise Unusable(f"has a link {path!r} to {target!r}, outside of it.")
        return Member(path, "link", target=target)
    raise Unusable(f"has {path!r}, which is no file, folder or link.")


def _inside(name: str) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or not parts or "\0" in name:
        raise Unusable(f"has the name {name!r}, which is not inside of it.")
    return "/".join(parts)


def _pieces(source: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0:
        piece = source.read(min(size, _PIECE))
        if not piece:
            raise Unusable("ends too early.")
        size -= len(piece)
        yield piece
