"""What goes along with a job, as files with a name that follows from their content. No AWS here.

The code is one archive, the same bytes for the same files wherever and whenever
it is made; a folder of data is known by the hash of all that is in it.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import stat
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jupyter_training.backends.local import context
from jupyter_training.core.job import DataFile, JobSpec
from jupyter_training.errors import LaunchFailed

__all__ = ["File", "Tree", "code_archive", "code_key", "data_key", "digest_of", "tree"]

_PIECE = 1024 * 1024


@dataclass(frozen=True)
class File:
    """A file to be sent. ``path`` is its name at its place."""

    path: str
    source: Path
    size: int  # bytes


@dataclass(frozen=True)
class Tree:
    """Files that belong together, and the hash of all of them with their names."""

    digest: str
    files: tuple[File, ...]

    @property
    def size(self) -> int:
        return sum(one.size for one in self.files)


def code_key(spec: JobSpec) -> str:
    """What tells one code from another without making its archive."""
    found = hashlib.sha256()
    found.update(f"{spec.context.sha256 if spec.context else ''}\n".encode())
    for file in sorted(spec.files, key=lambda one: one.path):
        found.update(f"{file.path}\0{file.sha256}\n".encode())
    return found.hexdigest()


@contextmanager
def code_archive(spec: JobSpec, *, data: Path, blobs: Path, within: Path) -> Iterator[Path]:
    """The job's code as ``code.tar.gz`` in a throw-away folder below ``within``.

    Raises:
        LaunchFailed: a content is no longer there.
        OSError: it can't be written.
    """
    within.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Path(tempfile.mkdtemp(prefix=".code-", dir=within))
    try:
        archive = made / "code.tar.gz"
        with (
            open(archive, "wb") as out,
            gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            if spec.context is None:
                for file in sorted(spec.files, key=lambda one: one.path):
                    _add_blob(tar, file.path, blobs / file.sha256)
            else:
                code = made / "code"
                context.lay_out(spec.context, spec.files, code, data=data, blobs=blobs)
                _add_folder(tar, code)
        yield archive
    finally:
        shutil.rmtree(made, ignore_errors=True)


def data_key(data: tuple[DataFile, ...]) -> str:
    """The hash of a set of values taken along."""
    return hashlib.sha256("\n".join(sorted(one.sha256 for one in data)).encode()).hexdigest()


_known: dict[str, str] = {}  # digests of trees by what stat says of them
_knowing = threading.Lock()


def tree(root: Path) -> Tree:
    """A file or a folder that a job reads. Links are followed; what is neither file nor folder is left out.

    Raises:
        LaunchFailed: it is not there, or can't be read.
    """
    try:
        found = list(_files(root))
        looks = "\n".join(f"{one.path}\0{_look(one.source)}" for one in found)
        with _knowing:
            known = _known.get(f"{root}\n{looks}")
        if known is None:
            digest = hashlib.sha256()
            for one in found:
                digest.update(f"{one.path}\0{one.size}\0{digest_of(one.source)}\n".encode())
            known = digest.hexdigest()
            with _knowing:
                _known[f"{root}\n{looks}"] = known
    except OSError as error:
        raise LaunchFailed(f"the input {error.filename or root} can't be read: {error.strerror}.") from None
    return Tree(known, tuple(found))


def digest_of(path: Path) -> str:
    """A file's SHA-256.

    Raises:
        OSError
    """
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def _files(root: Path) -> Iterator[File]:
    if root.is_file():
        yield File(root.name, root, root.stat().st_size)
        return
    if not root.is_dir():
        raise LaunchFailed(f"the input {root} is not there.")
    yield from _below(root, "", frozenset())


def _below(folder: Path, name: str, above: frozenset[tuple[int, int]]) -> Iterator[File]:
    """The files of a folder that is called so, and of those in it. ``above``: those on the way; no link leads back."""
    state = folder.stat()
    itself = (state.st_dev, state.st_ino)
    if itself in above:
        return
    inner = []
    for one in sorted(os.listdir(folder)):
        path = folder / one
        state = path.stat()
        if stat.S_ISREG(state.st_mode):
            yield File(f"{name}{one}", path, state.st_size)
        elif stat.S_ISDIR(state.st_mode):
            inner.append(one)
    for one in inner:
        yield from _below(folder / one, f"{name}{one}/", above | {itself})


def _look(path: Path) -> str:
    state = path.stat()
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ino}"


def _add_blob(tar: tarfile.TarFile, path: str, blob: Path) -> None:
    try:
        with open(blob, "rb") as content:
            tar.addfile(_info(path, size=os.fstat(content.fileno()).st_size), content)
    except FileNotFoundError:
        raise LaunchFailed(f"the content of {path!r} is no longer in the home's blobs.") from None


def _add_folder(tar: tarfile.TarFile, root: Path) -> None:
    for path in sorted(root.rglob("*"), key=lambda one: one.relative_to(root).as_posix()):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            info = _info(name)
            info.type, info.linkname = tarfile.SYMTYPE, os.readlink(path)
            tar.addfile(info)
        elif path.is_dir():
            info = _info(name, executable=True)
            info.type = tarfile.DIRTYPE
            tar.addfile(info)
        else:
            state = path.stat()
            with open(path, "rb") as content:
                tar.addfile(_info(name, size=state.st_size, executable=bool(state.st_mode & 0o100)), content)


def _info(path: str, *, size: int = 0, executable: bool = False) -> tarfile.TarInfo:
    """An entry that says nothing of when, where and by whom it was made."""
    info = tarfile.TarInfo(path)
    info.size, info.mtime, info.mode = size, 0, 0o755 if executable else 0o644
    return info
