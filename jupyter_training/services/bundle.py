"""The code of a job: checked, and kept once per content."""

from __future__ import annotations

import ast
import base64
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from jupyter_training.core.job import BundleFile, Entry
from jupyter_training.errors import InvalidSpec, Problem, TooLarge
from jupyter_training.schema import SourceFile

__all__ = ["keep", "listed", "read"]


def read(files: Sequence[SourceFile], entry: Entry, *, limit: int) -> dict[str, bytes]:
    """The files' contents by path, checked: paths stay inside, the entry is there and is Python.

    Raises:
        InvalidSpec: a bad path, content or entry; a syntax error with its line.
        TooLarge: more than ``limit`` bytes in all, with the largest files.
    """
    contents: dict[str, bytes] = {}
    for file in files:
        path = _inside(file.path)
        if path in contents:
            raise InvalidSpec(f"files: {path!r} is there twice.")
        contents[path] = _content(file)
    total = sum(map(len, contents.values()))
    if total > limit:
        largest = sorted(contents, key=lambda path: -len(contents[path]))[:3]
        named = ", ".join(f"{path} ({len(contents[path]) / 1e6:.1f} MB)" for path in largest)
        raise TooLarge(
            f"The code has {total / 1e6:.1f} MB; the limit is {limit / 1e6:.1f} MB. Largest: {named}.",
            hint="Leave data out of the code, or raise bundle_limit_bytes in the settings.",
        )
    _check_entry(contents, entry)
    return contents


def keep(contents: dict[str, bytes], folder: Path) -> tuple[BundleFile, ...]:
    """Store each content under its hash, durably, and say what the bundle consists of. Repeating it changes nothing."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files: list[BundleFile] = []
    for path, content in sorted(contents.items()):
        digest = hashlib.sha256(content).hexdigest()
        target = folder / digest
        if not target.exists():
            handle, temporary = tempfile.mkstemp(dir=folder)
            with os.fdopen(handle, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            os.rename(temporary, target)
        else:
            os.utime(target)  # `db gc` takes what is old and no job's; this one is about to be
        files.append(BundleFile(path=path, sha256=digest, size=len(content)))
    return tuple(files)


def listed(contents: dict[str, bytes]) -> tuple[BundleFile, ...]:
    """What the bundle would consist of. Stores nothing."""
    return tuple(
        BundleFile(path=path, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
        for path, content in sorted(contents.items())
    )


def _inside(text: str) -> str:
    """The path in normal form, if it stays below the bundle's root."""
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in text or "\\" in text:
        raise InvalidSpec(f"files: the path {text!r} is not inside the code's folder.")
    return str(path)


def _content(file: SourceFile) -> bytes:
    if (file.text is None) == (file.base64 is None):
        raise InvalidSpec(f"files: {file.path!r} needs either text or base64.")
    if file.text is not None:
        try:
            return file.text.encode()
        except UnicodeEncodeError:
            raise InvalidSpec(f"files: the text of {file.path!r} is not valid Unicode.") from None
    try:
        return base64.b64decode(file.base64 or "", validate=True)
    except ValueError as error:  # binascii's, and a plain one for letters beyond ASCII
        raise InvalidSpec(f"files: {file.path!r} is not valid base64: {error}.") from None


def _check_entry(contents: dict[str, bytes], entry: Entry) -> None:
    """See that the entry exists and parses, so that a mistake is said now and not after the queue."""
    path = _inside(entry.path)
    if path not in contents:
        raise InvalidSpec(f"entry: {path!r} is not among the files ({', '.join(sorted(contents)[:5])}).")
    if (entry.kind == "function") != (entry.function is not None):
        raise InvalidSpec("entry: a function's name goes with kind 'function', and only with it.")
    if not path.endswith(".py"):
        raise InvalidSpec(f"entry: {path!r} is not a Python file.", hint="Its name must end in .py.")
    shown = entry.shown_as or path
    try:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if entry.kind == "cell" else 0
        compile(contents[path], shown, "exec", flags=flags | ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as error:
        problem = Problem(error.msg, key="entry", line=error.lineno, column=error.offset)
        raise InvalidSpec(f"{shown}, line {error.lineno}: {error.msg}.", errors=[problem]) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise InvalidSpec(f"{shown} can't be read as Python: {error}.") from None
