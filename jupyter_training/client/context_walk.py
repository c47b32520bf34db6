"""What of a folder goes along as a context: every entry that no rule leaves out, each of a kind that can travel.

Rules are read as git reads its own: a folder that is left out is not looked
into, so that nothing below it can be brought back; else the last rule that fits
an entry decides. A rule that fits a folder says nothing of what is in it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from jupyter_training.errors import InvalidSpec, Problem, TooLarge

__all__ = ["IGNORE_FILES", "KEY", "Entry", "Rule", "refused", "rules_of", "shown", "walk"]

KEY = "context"
IGNORE_FILES = (".detignore", ".trainignore")  # in this order: what the second says wins
MOST_ENTRIES = 20_000  # as many as a launch may take the time to write

# Whatever the ignore files say. Byte code, version control, caches, and what editors keep for themselves.
_NEVER = (
    *("__pycache__", "*.pyc", "*.pyo", "*$py.class", ".git", ".hg", ".svn", ".ipynb_checkpoints"),
    *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".cache", ".vscode", ".idea", ".DS_Store"),
)
_ENVIRONMENT = "pyvenv.cfg"  # a folder with this file is a virtual environment, which can't be moved
_OTHERS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


@dataclass(frozen=True)
class Entry:
    """One thing that goes along. ``path`` is below the context, with ``/`` between its parts; ``target`` a link's."""

    path: str
    kind: Literal["folder", "file", "link"]
    size: int = 0
    executable: bool = False
    target: str = ""


@dataclass(frozen=True)
class Rule:
    """One line of an ignore file. The regex's group ``folder``, where it takes part, is the end of a folder's name."""

    include: bool  # what fits is brought back
    regex: re.Pattern[str]

    def fits(self, path: str, *, is_folder: bool) -> bool:
        """Whether it speaks of this very entry, and not of a folder above it."""
        found = self.regex.match(path)
        if found is not None and not _folder_end(found):
            return True
        if not is_folder:
            return False
        found = self.regex.match(path + "/")
        return found is not None and _folder_end(found) == len(path) + 1


def rules_of(wire: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """Rules as the server gives them (``IgnoreRules``)."""
    return [Rule(bool(one["include"]), re.compile(one["regex"], re.DOTALL)) for one in wire]


def walk(root: Path, rules: Sequence[Rule]) -> list[Entry]:
    """The entries that go along, in the order of their paths.

    ``root`` is a real path. Links stay links, and point at the same place by a relative path.

    Raises:
        InvalidSpec: an entry can't be read, is no file, folder or link, or links to a place outside.
        TooLarge: there are more entries than anybody means.
    """
    found: list[Entry] = []
    for entry in _below(root, "", rules):
        found.append(entry)
        if len(found) > MOST_ENTRIES:
            raise TooLarge(
                f"The context {str(root)!r} has more than {MOST_ENTRIES:,} files and folders.",
                hint="Name a smaller folder, or leave some out: a line each in a file .trainignore there.",
                errors=[Problem("has too many entries", key=KEY)],
            )
    return sorted(found, key=lambda entry: entry.path.split("/"))


def refused(words: str, hint: str | None = None) -> InvalidSpec:
    """An error about the context: the words end a sentence that they begin."""
    return InvalidSpec(words, hint=hint, errors=[Problem(words, key=KEY)])


def shown(path: str) -> str:
    """A path in quotes, as it can be printed: names on disk need not be text."""
    return repr(os.fsencode(path).decode("utf-8", "replace"))


def _below(root: Path, below: str, rules: Sequence[Rule]) -> Iterator[Entry]:
    folder = root / below if below else root
    try:
        with os.scandir(folder) as listing:
            items = list(listing)
    except OSError as error:
        raise _unreadable(below or ".", error) from None
    if below and any(item.name == _ENVIRONMENT for item in items):
        return
    if below:
        yield Entry(below, "folder")
    for item in items:
        path = f"{below}/{item.name}" if below else item.name
        if _is_never(item.name) or (not below and item.name in IGNORE_FILES):
            continue
        try:
            status = item.stat(follow_symlinks=False)
        except OSError as error:
            raise _unreadable(path, error) from None
        is_folder = stat.S_ISDIR(status.st_mode)
        if _is_left_out(path, rules, is_folder=is_folder):
            continue
        if is_folder:
            yield from _below(root, path, rules)
        elif stat.S_ISREG(status.st_mode):
            yield Entry(path, "file", status.st_size, bool(status.st_mode & stat.S_IXUSR))
        elif stat.S_ISLNK(status.st_mode):
            yield Entry(path, "link", target=_target(root, path))
        else:
            kind = next((words for is_kind, words in _OTHERS if is_kind(status.st_mode)), "no file")
            raise refused(f"The context's {shown(path)} is {kind}: it can't go along.", _leave_out(path))


def _is_never(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _NEVER)


def _is_left_out(path: str, rules: Sequence[Rule], *, is_folder: bool) -> bool:
    return next((not rule.include for rule in reversed(rules) if rule.fits(path, is_folder=is_folder)), False)


def _target(root: Path, path: str) -> str:
    """Where a link leads, from the folder that it is in.

    Raises:
        InvalidSpec: out of the context, at once or by other links.
    """
    place = root / path
    try:
        target = os.path.realpath(place)
    except OSError as error:
        raise _unreadable(path, error) from None
    if target != str(root) and not target.startswith(os.path.join(str(root), "")):
        raise refused(
            f"The context's {shown(path)} links to {shown(target)}, outside of it.",
            f"Put what it links to into the context. {_leave_out(path)}",
        )
    return os.path.relpath(target, place.parent)


def _folder_end(found: re.Match[str]) -> int:
    """Where the group ``folder`` ends; 0 where it takes no part."""
    return found.end("folder") if found.groupdict().get("folder") else 0


def _unreadable(path: str, error: OSError) -> InvalidSpec:
    return refused(f"The context's {shown(path)} can't be read: {error.strerror}.", _leave_out(path))


def _leave_out(path: str) -> str:
    return f"To leave it out, put a line /{path} into the context's .trainignore." if path.isprintable() else ""
