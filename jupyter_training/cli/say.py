"""How things are shown: errors, JSON, tables. rich draws tables where a terminal is there, else they are plain text."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from jupyter_training.errors import JobFailed, TrainingError

__all__ = ["Column", "as_json", "coloured", "dotted", "facts", "failure", "on_terminal", "table", "width", "widths_of"]

_GAP = 2
_NARROWEST = 12  # of a column that gives way
_STYLES = {
    "running": "blue",
    "starting": "blue",
    "queued": "dim",
    "succeeded": "green",
    "failed": "red",
    "fail": "red",
    "stopping": "yellow",
    "warn": "yellow",
    "unknown": "yellow",
    "ok": "green",
}


@dataclass(frozen=True)
class Column:
    """``right``: numbers align right. ``folds``: takes what width is left, and gives way first."""

    title: str
    right: bool = False
    folds: bool = False
    is_state: bool = False


def failure(error: TrainingError, *, as_json: bool) -> None:
    """Say what went wrong on standard error; with ``as_json`` as a problem document on standard output, too."""
    print(f"{coloured('error:', '31', sys.stderr)} {error.detail}", file=sys.stderr)
    others = error.errors[1:] if not isinstance(error, JobFailed) else ()
    for problem in others:
        place = f"line {problem.line}: " if problem.line is not None else ""
        print(f"  {place}{problem.detail}", file=sys.stderr)
    if error.hint:
        print(error.hint, file=sys.stderr)
    if as_json:
        print(json.dumps(error.to_problem(), indent=2))


def as_json(value: object) -> None:
    # Where the stream lacks a sign, an escape is still JSON; a sign in its place would be another value.
    is_utf8 = (sys.stdout.encoding or "").lower().replace("_", "-") in ("utf-8", "utf8")
    print(json.dumps(value, indent=2, ensure_ascii=not is_utf8))


def on_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def coloured(text: str, code: str, stream: TextIO | None = None) -> str:
    """The text in a colour (an SGR code), where the stream is a terminal and NO_COLOR does not forbid it."""
    shows = (stream or sys.stdout).isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"\x1b[{code}m{text}\x1b[0m" if shows else text


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """Print rows below their columns' titles, or ``empty`` where there are none."""
    lines = [tuple(row) for row in rows]
    if not lines:
        print(empty)
    elif on_terminal():
        _rich_table(columns, lines)
    else:
        _plain_table(columns, lines)


def width() -> int | None:
    """The characters that a line may have: the terminal's, or what COLUMNS asks for; None: as many as there are."""
    return shutil.get_terminal_size().columns if on_terminal() else _asked_width()


def widths_of(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> int:
    """The characters that the lines of a table would have, if there were room for all."""
    natural = [max(len(column.title), *(len(row[index]) for row in rows)) for index, column in enumerate(columns)]
    return sum(natural) + _GAP * (len(natural) - 1)


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Print names with their values, one a line, the values in one column."""
    known = [(name, value) for name, value in pairs if value]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        first, *rest = value.splitlines() or [""]
        print(f"{name.ljust(width)}  {first}")
        for line in rest:
            print(f"{' ' * width}  {line}")


def _plain_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    widths = _widths(columns, rows, _asked_width())
    for row in ([column.title for column in columns], *rows):
        cells = (
            _cut(text, width).rjust(width) if column.right else _cut(text, width).ljust(width)
            for text, width, column in zip(row, widths, columns, strict=False)
        )
        print("  ".join(cells).rstrip())


def _rich_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    widths = _widths(columns, rows, console.width)
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column, width in zip(columns, widths, strict=False):
        drawn.add_column(column.title, justify="right" if column.right else "left", no_wrap=True, width=width)
    for row in rows:
        drawn.add_row(
            *(
                # As Text, so that brackets in a name are no markup.
                Text(_cut(text, width), style=_style(text) if column.is_state else "")
                for text, width, column in zip(row, widths, columns, strict=False)
            )
        )
    console.print(drawn)


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], limit: int | None) -> list[int]:
    """The columns' widths within a limit: those that fold give way, the last first; then the last ones are left out."""
    natural = [max(len(column.title), *(len(row[index]) for row in rows)) for index, column in enumerate(columns)]
    if limit is None:
        return natural
    while True:
        widths = list(natural)
        spare = sum(widths) + _GAP * len(widths) - limit
        for index in reversed(range(len(widths))):
            if columns[index].folds and spare > 0:
                cut = min(spare, max(0, widths[index] - _NARROWEST))
                widths[index] -= cut
                spare -= cut
        if spare <= 0 or len(natural) == 1:
            return widths
        natural.pop()


def _style(text: str) -> str:
    words = text.split()
    return _STYLES.get(words[-1], "") if words else ""


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(1, width - 1)] + "…"


def _asked_width() -> int | None:
    """The width that COLUMNS asks for; text that goes to a file or pipe has no limit of its own."""
    text = os.environ.get("COLUMNS", "")
    return int(text) if text.isdigit() and int(text) > 0 else None


def dotted(values: Mapping[str, object]) -> str:
    """Parameters and the like on one line: ``lr=0.1 batch=64``."""
    return " ".join(f"{name}={_short(value)}" for name, value in values.items())


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = json.dumps(text, ensure_ascii=False) if isinstance(value, str) and (" " in text or not text) else text
    return text if len(text) <= 40 else text[:37] + "..."
