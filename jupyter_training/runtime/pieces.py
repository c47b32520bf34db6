"""Run the definitions that a job has from cells, each under its own cell's name and lines.

They come as one Python file. Its first line is a comment with a table that has
a row for each piece: its first line in the file, its number of lines, the number
of its cell, its first line there, and whether its annotations are postponed.
What the cells are called is kept elsewhere, since that changes when they are
run again. What stands between the pieces are imports and values.
"""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import CodeType
    from typing import Any

__all__ = ["FILE", "HEAD", "are_in", "run", "run_beside"]

FILE = "_notebook_cells.py"  # beside a cell's body; a name that no module of a person's has
HEAD = "# pieces: "
_POSTPONED = 0x1000000  # __future__.annotations.compiler_flag


def run_beside(code: str, cells: Sequence[str], namespace: dict[str, Any]) -> None:
    """Run what came along with a cell, if anything did. ``code`` is the folder of the job's code."""
    path = os.path.join(code, FILE)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return
    run(content, path, cells, namespace)


def are_in(content: bytes) -> bool:
    """Whether a file is one of pieces."""
    return content.startswith(HEAD.encode())


def run(content: bytes, path: str, cells: Sequence[str], namespace: dict[str, Any]) -> None:
    """Define all of it. ``cells`` are what tracebacks call the cells, by their numbers."""
    lines = content.decode().split("\n")
    rows = json.loads(lines[0][len(HEAD) :])
    _let_be_found(lines, rows, cells)
    for code in _codes(lines, rows, path, cells):
        exec(code, namespace)  # noqa: S102


def _codes(lines: list[str], rows: list[list[int]], path: str, cells: Sequence[str]) -> Iterator[CodeType]:
    done = 1
    for first, count, cell, line, postponed in [*rows, [len(lines) + 1, 0, 0, 1, 0]]:
        between = lines[done : first - 1]
        if any(between):
            yield _compiled(between, path, done + 1, 0)
        if count:
            own = lines[first - 1 : first - 1 + count]
            yield _compiled(own, _name(cells, cell), line, _POSTPONED if postponed else 0)
        done = first - 1 + count


def _compiled(lines: list[str], shown_as: str, line: int, flags: int) -> CodeType:
    text = "\n" * (line - 1) + "\n".join(lines) + "\n"
    code: CodeType = compile(text, shown_as, "exec", flags, dont_inherit=True)
    return code


def _let_be_found(lines: list[str], rows: list[list[int]], cells: Sequence[str]) -> None:
    """Let tracebacks and ``inspect`` find the lines of the pieces."""
    if not rows:
        return
    import linecache

    texts: dict[str, list[str]] = {}
    for first, count, cell, line, _ in rows:
        text = texts.setdefault(_name(cells, cell), [])
        text += ["\n"] * (line - 1 + count - len(text))
        text[line - 1 : line - 1 + count] = [f"{one}\n" for one in lines[first - 1 : first - 1 + count]]
    for name, text in texts.items():
        # With no time of change it is not looked for on disk.
        linecache.cache[name] = (sum(map(len, text)), None, text, name)


def _name(cells: Sequence[str], cell: int) -> str:
    return cells[cell] if cell < len(cells) else f"a cell ({cell + 1})"
