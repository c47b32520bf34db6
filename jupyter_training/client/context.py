"""A folder that goes along with a job, packed: the same content gives the same bytes, on any machine.

The archive is a tar, sorted and without times, owners or compression, so that
its SHA-256 names its content. It is sent like any other data, once per content,
and becomes the job's code folder and working folder.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_training.client.context_walk import IGNORE_FILES, KEY, Entry, Rule, refused, rules_of, shown, walk
from jupyter_training.errors import InvalidSpec, Problem, TooLarge, near_miss

__all__ = ["Packed", "check_names", "pack", "shown", "size_words", "surroundings"]

_SHOWN = 5  # largest entries in a refusal and a plan
_MOST_OF = 0.8  # of a folder's bytes: what has so many is named instead of the folder
_LONGEST_RULES = 1_000_000  # bytes of the ignore files

AskRules = Callable[[str], Iterable[Mapping[str, Any]]]


@dataclass(frozen=True)
class Packed:
    """A context in an archive, which is gone with it. ``size``: bytes of its files' content."""

    folder: Path  # as a real path
    called: str  # as it was named
    sha256: str
    size: int
    files: int
    largest: tuple[tuple[str, int], ...]  # paths with their bytes, the largest first; folders end in /
    paths: frozenset[str]  # of all entries
    path: Path  # the archive

    @property
    def words(self) -> str:
        """``12 files, 3.4 MiB``."""
        return _words(self.files, self.size)

    @property
    def sentence(self) -> str:
        """``Context '.': 12 files, 3.4 MiB.``"""
        return f"Context {shown(self.called)}: {self.words}."

    def wire(self) -> dict[str, Any]:
        """As a request names it."""
        return {"sha256": self.sha256, "size": self.size, "files": self.files}


def pack(
    folder: str | os.PathLike[str],
    ask_rules: AskRules,
    *,
    limit: int,
    without: Iterable[str | os.PathLike[str]] = (),
) -> Packed:
    """Write a folder's archive, without what its ignore files leave out.

    ``ask_rules`` gives the rules for the text of ignore files; it is not asked where there are none.
    ``limit`` is the most bytes that the files may have. ``without`` are paths
    that stay, too, where no line of an ignore file brings them back.

    Raises:
        InvalidSpec: it is no folder, or has an entry that can't go along; the entry is named.
        TooLarge: more than ``limit``; with the largest entries.
    """
    called = os.fspath(folder)
    root = _root(called)
    entries = walk(root, [*_staying(root, without), *_rules(root, ask_rules)])
    size = sum(entry.size for entry in entries)
    files = sum(entry.kind != "folder" for entry in entries)
    largest = _largest(entries)
    if size > limit:
        raise _too_large(called, files, size, limit, largest)
    from jupyter_training.client import context_tar  # only who has a context pays for tarfile

    try:
        place = Path(tempfile.mkdtemp(prefix="jupyter-training-context-"))
    except OSError as error:
        raise refused(f"There is no folder to pack the context in: {error.strerror}.") from None
    archive = place / "context.tar"
    try:
        digest = context_tar.write(archive, root, entries)
    except BaseException as error:
        shutil.rmtree(place, ignore_errors=True)
        if isinstance(error, OSError):
            words = f"The context can't be packed in {place.parent}: {error.strerror}."
            raise refused(words, "Make room there.") from None
        raise
    paths = frozenset(entry.path for entry in entries)
    found = Packed(root, called, digest, size, files, largest, paths, archive)
    weakref.finalize(found, shutil.rmtree, place, ignore_errors=True)
    return found


def check_names(packed: Packed, files: Mapping[str, bytes]) -> None:
    """See that the job's own files and the context mean the same where they have the same name.

    Raises:
        InvalidSpec: they do not; every such name is listed.
    """
    clashing = sorted(path for path, content in files.items() if _clashes(packed, path, content))
    if clashing:
        named = ", ".join(shown(path) for path in clashing[:_SHOWN]) + (" and more" if clashing[_SHOWN:] else "")
        raise refused(
            f"The context {packed.called!r} and the job's own code both have {named}, and not the same.",
            "Rename it, or leave it out of the context by a line in its .trainignore.",
        )


def surroundings(environment: Mapping[str, Any], folder: str | os.PathLike[str] | None) -> dict[str, Any]:
    """The environment of a wish that has a context: it works in that, and nowhere else.

    Raises:
        InvalidSpec: a ``folder`` to work in was given as well.
    """
    if folder is not None:
        raise refused(
            f"The job can't work in the folder {os.fspath(folder)!r} and in its context.",
            "Leave one of --folder and --context out.",
        )
    return {**environment, "folder": None}


def size_words(size: float) -> str:
    """``3.4 MiB``."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}".replace(".0 ", " ")
        size /= 1024
    return f"{size:.1f} GiB".replace(".0 ", " ")


def _root(called: str) -> Path:
    place = Path.cwd() / Path(called).expanduser()
    try:
        root = place.resolve(strict=True)
        status = root.stat()
    except (OSError, RuntimeError):
        raise refused(f"There is no folder {called!r} for the context.", _neighbour(place)) from None
    if not stat.S_ISDIR(status.st_mode):
        is_here = root.parent == Path.cwd()
        hint = f"Name the folder that it is in: {'.' if is_here else str(place.parent)}"
        raise refused(f"{called!r} is a file, and a context is a folder.", hint)
    return root


def _neighbour(place: Path) -> str | None:
    try:
        names = {one.name.lower(): one.name for one in place.parent.iterdir() if one.is_dir()}
    except OSError:
        return None
    close = near_miss(place.name, names)
    return f"Did you mean {names[close]!r}?" if close else f"Looked in {str(place.parent)!r}."


def _staying(root: Path, without: Iterable[str | os.PathLike[str]]) -> list[Rule]:
    """A rule for each of the paths that is in the folder."""
    found = [os.path.relpath(os.path.realpath(path), root) for path in without]
    return [Rule(False, re.compile(re.escape(path) + r"\Z")) for path in found if not path.startswith("..")]


def _rules(root: Path, ask_rules: AskRules) -> list[Rule]:
    """The rules of the ignore files at the root, in the order in which they are to be read."""
    rules: list[Rule] = []
    for name in IGNORE_FILES:
        text = _rules_text(root / name)
        if not text.strip():
            continue
        try:
            rules += rules_of(ask_rules(text))
        except InvalidSpec as error:
            line = error.errors[0].line if error.errors else None
            words = error.errors[0].detail if line is not None else error.detail.rstrip(".")
            raise refused(f"The context's {name}{f', line {line}' if line else ''}: {words}.", error.hint) from None
    return rules


def _rules_text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise refused(f"The context's {file.name} can't be read: {error.strerror}.") from None
    if len(content) > _LONGEST_RULES:
        raise refused(f"The context's {file.name} has more than {_LONGEST_RULES // 1000} kB: it is no list of rules.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refused(f"The context's {file.name} is not UTF-8 text.", "Save it as UTF-8.") from None


def _clashes(packed: Packed, path: str, content: bytes) -> bool:
    """Whether a file can't stand where it would in the unpacked context, or would be another one there."""
    place = os.path.realpath(packed.folder / path)  # a folder on the way may be a link
    inside = os.path.relpath(place, packed.folder)
    above = inside
    while above := os.path.dirname(above):
        if above in packed.paths and not (packed.folder / above).is_dir():
            return True
    if inside not in packed.paths:
        return False
    try:
        return Path(place).read_bytes() != content
    except OSError:
        return True


def _largest(entries: Iterable[Entry]) -> tuple[tuple[str, int], ...]:
    """What takes the room: the largest entries at the root, and of a folder what makes most of it."""
    sizes: dict[str, int] = {}
    below: dict[str, set[str]] = {}
    for entry in entries:
        path = entry.path + "/" if entry.kind == "folder" else entry.path
        sizes.setdefault(path, 0)
        parent = _parent(path)
        below.setdefault(parent, set()).add(path)
        sizes[path] += entry.size
        while parent and entry.size:
            sizes[parent] = sizes.get(parent, 0) + entry.size
            parent = _parent(parent)

    def telling(path: str) -> str:
        for inner in below.get(path, ()):
            if sizes[inner] > _MOST_OF * sizes[path]:
                return telling(inner)
        return path

    ordered = sorted(below.get("", ()), key=lambda path: (-sizes[path], path))
    named = [telling(path) for path in ordered[:_SHOWN] if sizes[path]]
    return tuple((path, sizes[path]) for path in named)


def _parent(path: str) -> str:
    """``a/b/`` of ``a/b/c`` and of ``a/b/c/``; an empty text at the root."""
    head, slash, _ = path.rstrip("/").rpartition("/")
    return head + slash


def _too_large(called: str, files: int, size: int, limit: int, largest: Sequence[tuple[str, int]]) -> TooLarge:
    named = ", ".join(f"{shown(path)} ({size_words(bytes_)})" for path, bytes_ in largest)
    words = f"The context {called!r} has {_words(files, size)}; the limit is {size_words(limit)}. Largest: {named}."
    return TooLarge(
        words,
        hint="Leave data out by lines in a file .trainignore there (gitignore syntax), and read them by their path; "
        "or raise context_limit_bytes in the settings.",
        errors=[Problem(words, key=KEY)],
    )


def _words(files: int, size: int) -> str:
    return f"{files:,} file{'' if files == 1 else 's'}, {size_words(size)}"
