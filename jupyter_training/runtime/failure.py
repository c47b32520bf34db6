"""What is said about an error of the person's code: their frames only, and in their names.

Imported when something has failed; a job that succeeds does not pay for it.
"""

from __future__ import annotations

import linecache
import os
import sys
import traceback
import types
from collections.abc import Iterable
from typing import Any

from jupyter_training.runtime import job
from jupyter_training.spool import layout

__all__ = ["Source", "record", "show"]

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LONGEST_TEXT = 30_000  # characters of a traceback that are recorded
_LONGEST_MESSAGE = 4_000
_FIRST_FRAMES, _LAST_FRAMES = 10, 40
_FROM_INPUT = "EOF when reading a line"  # what input() says where nobody can answer
_NO_KEYBOARD = (
    "input() asks at the keyboard, and a job has none. Make what it asks for a parameter: "
    "a literal at the top of the cell or an argument of the script, given as key=value."
)


class Source:
    """The code that was run: its folder, and what its main file is called in tracebacks."""

    def __init__(
        self, folder: str, shown_as: str | None = None, content: bytes = b"", cells: Iterable[str] = ()
    ) -> None:
        """``cells``: what the files of definitions that came along are called."""
        self.folder = os.path.join(folder, "")
        self.shown_as = shown_as
        self.content = content
        self._cells = frozenset(cells)

    def has(self, file: str) -> bool:
        return file == self.shown_as or file in self._cells or file.startswith(self.folder)

    def name(self, file: str) -> str:
        return file.removeprefix(self.folder)


def record(error: BaseException, source: Source) -> dict[str, Any]:
    """The error for ``end.json``: type, message, traceback as text, and its frames.

    Cleans the error's own traceback too, so that who shows it after this shows
    the same.
    """
    _prime(source)
    _clean(error, source, set())
    said = traceback.TracebackException(type(error), error, error.__traceback__)
    text = "".join(said.format()).replace(f'"{source.folder}', '"')
    frames = [_frame(one.filename, one.lineno, one.name, one.line, source) for one in said.stack]
    if isinstance(error, SyntaxError) and error.filename is not None:
        frames.append(_frame(error.filename, error.lineno, "<module>", error.text, source))
    if len(frames) > _FIRST_FRAMES + _LAST_FRAMES:
        frames = frames[:_FIRST_FRAMES] + frames[-_LAST_FRAMES:]
    return {
        "type": _type_name(type(error)),
        "message": _message(error)[:_LONGEST_MESSAGE],
        "traceback": _shortened(text),
        "frames": frames,
    }


def show(error: BaseException, recorded: dict[str, Any]) -> None:
    """Print the error as the interpreter would, through the person's own hook if they have set one."""
    _end_line()
    try:
        if sys.excepthook is not sys.__excepthook__:
            sys.excepthook(type(error), error, error.__traceback__)
        elif sys.stderr is not None:
            sys.stderr.write(recorded["traceback"])
            sys.stderr.flush()
    except Exception as failed:  # noqa: BLE001 (the hook's own fault, or a full disk)
        try:
            sys.__stderr__.write(f"{recorded['traceback']}(sys.excepthook failed: {failed!r})\n")  # type: ignore[union-attr]
        except (OSError, ValueError, AttributeError):
            pass


def _end_line() -> None:
    """End the line that the log ends in the middle of, a prompt or a bar: what looks for a traceback looks at lines."""
    folder = job.folder()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        if folder is None or sys.stderr is None:
            return
        with open(os.path.join(folder, layout.LOG), "rb") as log:
            log.seek(-1, os.SEEK_END)
            if log.read() != b"\n":
                sys.stderr.write("\n")
    except Exception:  # noqa: BLE001 (no log here, an empty one, or what the person's code put in place of a stream)
        return


def _prime(source: Source) -> None:
    """Let tracebacks show the lines that ran, whatever stands now where they came from."""
    if source.shown_as is None:
        return
    lines = source.content.decode("utf-8", "replace").splitlines(keepends=True)
    linecache.cache[source.shown_as] = (len(source.content), None, lines, source.shown_as)


def _clean(error: BaseException, source: Source, seen: set[int]) -> None:
    """Take our frames out of an error and of those it was caused by, and what leads to the first of theirs.

    What ``input()`` raises where nobody can answer gets words for it.
    """
    if id(error) in seen:
        return
    seen.add(id(error))
    if type(error) is EOFError and error.args == (_FROM_INPUT,) and sys.stdin is sys.__stdin__:
        error.args = (_NO_KEYBOARD,)
    chain: list[types.TracebackType] = []
    step = error.__traceback__
    while step is not None:
        if not step.tb_frame.f_code.co_filename.startswith(_OURS):
            chain.append(step)
        step = step.tb_next
    first = next((n for n, one in enumerate(chain) if source.has(one.tb_frame.f_code.co_filename)), 0)
    cleaned: types.TracebackType | None = None
    for one in reversed(chain[first:]):
        cleaned = types.TracebackType(cleaned, one.tb_frame, one.tb_lasti, one.tb_lineno)
    error.__traceback__ = cleaned
    for other in (error.__cause__, error.__context__, *getattr(error, "exceptions", ())):
        if isinstance(other, BaseException):
            _clean(other, source, seen)


def _frame(file: str, line: int | None, name: str, text: str | None, source: Source) -> dict[str, Any]:
    """``own`` tells the person's files from the libraries they use."""
    return {
        "file": source.name(file),
        "line": line,
        "name": name,
        "text": (text or "").strip()[:500],
        "own": source.has(file),
    }


def _type_name(kind: type[BaseException]) -> str:
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 (a broken __str__)
        return "(its message can't be shown)"


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    third = _LONGEST_TEXT // 3
    return f"{text[:third]}\n[ {len(text) - _LONGEST_TEXT} characters left out ]\n{text[-2 * third :]}"
