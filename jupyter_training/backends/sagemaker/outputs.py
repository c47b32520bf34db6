"""What an attempt has left at AWS, brought here once it has ended: its outputs, and its model.

Only what is not too large comes by itself; of the rest it is said where it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jupyter_training.backends.sagemaker.answers import Kind
from jupyter_training.backends.sagemaker.region import Failed, Region

__all__ = ["Results", "fetch", "leave", "unpack"]

_FILES = ("output.tar.gz", "model.tar.gz")
_NOTE = "at_aws.txt"
_MOST = 100_000  # entries of an archive
_PIECE = 1024 * 1024
# Of a file that can't be made because of its own name or place: tried again, it is the same.
_ODD = frozenset({errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ})


@dataclass(frozen=True)
class Results:
    """``left``: URLs of what was not brought here, with the reason."""

    fetched: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def fetch(region: Region, output: str, name: str, folder: Path, *, limit: int) -> Results:
    """Bring the results of a training job into a folder: outputs in it, the model below ``model/``.

    ``output``: its S3OutputPath; ``limit``: bytes, packed and unpacked. What is not there is no fault.

    Raises:
        Failed: AWS did not answer.
        OSError: the folder can't be written.
    """
    bucket, _, prefix = output.removeprefix("s3://").partition("/")
    fetched, left = [], []
    for file in _FILES:
        key = f"{prefix}/{name}/output/{file}".lstrip("/")
        url = f"s3://{bucket}/{key}"
        try:
            size = region.call(None, "s3", "head_object", "s3:GetObject", Bucket=bucket, Key=key)["ContentLength"]
        except Failed as failed:
            if failed.answer.kind is Kind.MISSING:
                continue
            if failed.answer.kind is Kind.DENIED:
                left.append(f"{url}: {failed.answer.sentence}")
                continue
            raise
        if size > limit:
            left.append(f"{url}: its {size / 1e6:,.0f} MB are over the limit of {limit / 1e6:,.0f} MB")
            continue
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder.parent) as packed:
            region.call(None, "s3", "download_fileobj", "s3:GetObject", Bucket=bucket, Key=key, Fileobj=packed)
            packed.seek(0)
            try:
                unpack(packed, folder / "model" if file == "model.tar.gz" else folder, limit=limit)
            except (tarfile.TarError, EOFError, ValueError) as error:
                left.append(f"{url}: {error}")
                continue
        fetched.append(url)
    if left:
        leave(folder, left)
    return Results(tuple(fetched), tuple(left))


def leave(folder: Path, left: Sequence[str]) -> None:
    """Say in a file beside the outputs what was not brought here. Where it can't be written, it is not said."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / _NOTE).write_text("\n".join(left) + "\n", "utf-8")


def unpack(packed: BinaryIO, folder: Path, *, limit: int) -> None:
    """Make the files of an archive below a folder. Only files and folders, and only inside; links are left out.

    Raises:
        ValueError: it holds more than it may, a name that leads out, or what no folder can hold; nothing of it is
            there then.
        OSError: it can't be written now.
        tarfile.TarError
    """
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Path(tempfile.mkdtemp(prefix=".fetched-", dir=folder.parent))
    try:
        left, entries = limit, 0
        with tarfile.open(fileobj=packed, mode="r|gz") as tar:
            for info in tar:
                entries += 1
                if entries > _MOST:
                    raise ValueError(f"it has more than {_MOST:,} entries")
                place = made / _inside(info.name)
                if info.isreg():
                    left -= info.size
                    if left < 0:
                        raise ValueError(f"it unpacks to more than {limit / 1e6:,.0f} MB")
                try:
                    _put(tar, info, place)
                except OSError as error:
                    if error.errno not in _ODD:
                        raise
                    raise ValueError(f"{info.name[:200]!r} in it can't be made here: {error.strerror}") from None
        _move(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _put(tar: tarfile.TarFile, info: tarfile.TarInfo, place: Path) -> None:
    if info.isdir():
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    elif info.isreg():
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = tar.extractfile(info)
        with open(place, "wb") as out:
            if content is not None:
                shutil.copyfileobj(content, out, _PIECE)


def _inside(name: str) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise ValueError(f"it has the name {name!r}, which leads out of it")
    return "/".join(parts)


def _move(made: Path, folder: Path) -> None:
    """Put all files in their place, over those of an earlier attempt."""
    for below, _, files in os.walk(made):
        target = folder / Path(below).relative_to(made)
        if target.is_symlink() or target.is_file():
            target.unlink()
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in files:
            place = target / name
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            os.replace(Path(below) / name, place)
