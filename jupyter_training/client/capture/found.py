"""What was found for some names, as one Python file that defines them.

Three kinds of things: imports, which come first; values as ``name = text``; and
pieces, which are definitions as they were written. A thing stands below all
that it needs when it is defined, which is all that those need in turn, since a
decorator or a base class may call anything. What is only called later may stand
below, so that functions may use each other.

The file's first line is a comment with a table: for each piece its first line
in the file, its number of lines, its cell's number in the order of this file,
its first line in the cell, and whether its annotations are postponed. With it
the job compiles each piece under its cell's name and line. Without it the file
is plain Python. Nothing in it depends on how often cells were run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from jupyter_training.client.capture.cells import Cell
from jupyter_training.runtime.pieces import HEAD

__all__ = ["Found", "Thing"]


@dataclass
class Thing:
    """What stands for one name. ``line`` is the text's first line in its cell; without a cell it is no piece."""

    name: str
    text: str  # ends with a newline
    early: set[str] = field(default_factory=set)  # other things, by name
    late: set[str] = field(default_factory=set)
    cell: Cell | None = None
    line: int = 0
    postponed: bool = False
    below: str = ""  # statements that follow it at once
    empty: str = ""  # of a value that can be made empty and filled later: how it is made
    fill: str = ""  # and how it is filled


@dataclass
class Found:
    """All things by name. ``after`` are statements for the end; ``first`` says what must stand above a name."""

    folders: set[str] = field(default_factory=set)  # where imports look besides
    imports: set[str] = field(default_factory=set)  # statements
    things: dict[str, Thing] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    first: dict[str, set[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.imports or self.things)

    def file(self) -> tuple[bytes, tuple[Cell, ...]]:
        """The file, and the cells that its table numbers."""
        self._untangle()
        rows: list[list[int]] = []
        cells: list[Cell] = []
        things = list(self._ordered())
        head = ["from __future__ import annotations\n"] if any(one.postponed for one in things) else []
        if self.folders:
            folders = list(dict.fromkeys(one for one in sys.path if one in self.folders)) or sorted(self.folders)
            head.append(f"__import__('sys').path.extend({folders!r})\n")
        lines = [*head, *(f"{one}\n" for one in sorted(self.imports))]
        for thing in things:
            if thing.cell is not None:
                if thing.cell not in cells:
                    cells.append(thing.cell)
                lines.append("\n")
                own = thing.text.split("\n")[:-1]
                rows.append(
                    [
                        len(lines) + 2,
                        len(own),
                        cells.index(thing.cell),
                        thing.line + thing.cell.blank,
                        int(thing.postponed),
                    ]
                )
                lines += [f"{one}\n" for one in own]
            else:
                lines += [f"{one}\n" for one in thing.text.split("\n")[:-1]]
            lines += [f"{one}\n" for one in thing.below.split("\n")[:-1]]
        lines += [f"{self.after[key]}\n" for key in sorted(self.after)]
        return (f"{HEAD}{json.dumps(rows)}\n" + "".join(lines)).encode(), tuple(cells)

    def _untangle(self) -> None:
        """Make a dict or list empty at first if what it holds needs it, as functions that were registered in it do."""
        for name, thing in self.things.items():
            if thing.empty and any(name in self._deep(one, ()) for one in thing.early):
                self.after[name] = thing.fill
                thing.text, thing.early = f"{name} = {thing.empty}\n", set()

    def _ordered(self) -> Iterator[Thing]:
        done: set[str] = set()
        for name in sorted(self.things, key=lambda one: (self.things[one].cell is not None, one)):
            yield from self._with(name, done, set())

    def _with(self, name: str, done: set[str], begun: set[str]) -> Iterator[Thing]:
        """The thing, above it what it needs at once, and what those need at all."""
        if name in done or name in begun or name not in self.things:
            return
        thing = self.things[name]
        begun.add(name)
        for other in sorted(thing.early | self.first.get(name, set())):
            for one in self._deep(other, begun):
                yield from self._with(one, done, begun)
        if name not in done:
            done.add(name)
            yield thing

    def _deep(self, name: str, begun: Iterable[str]) -> list[str]:
        """A name and everything below it, what is needed first at the front."""
        seen: dict[str, None] = {}
        waiting = [name]
        while waiting:
            one = waiting.pop()
            if one in seen or one not in self.things or one in begun:
                continue
            seen[one] = None
            waiting.extend(sorted(self.things[one].early | self.things[one].late, reverse=True))
        return list(seen)
