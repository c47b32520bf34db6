"""A table in two forms: aligned text, and HTML that takes the notebook's own colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Cell", "Table"]


@dataclass(frozen=True)
class Cell:
    """One cell. ``html`` replaces the text where HTML is shown, as a curve for its sparkline."""

    text: str
    html: str | None = None
    right: bool = False  # numbers align right


@dataclass(frozen=True)
class Table:
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    empty: str = ""  # what is said when there are no rows
    note: str = ""  # a line below

    @property
    def text(self) -> str:
        if not self.rows:
            return self.empty
        lines = [list(self.columns), *([cell.text for cell in row] for row in self.rows)]
        widths = [max(len(line[index]) for line in lines) for index in range(len(self.columns))]
        right = [all(row[index].right for row in self.rows) for index in range(len(self.columns))]
        shown = [
            "  ".join(
                text.rjust(width) if aligned else text.ljust(width)
                for text, width, aligned in zip(line, widths, right, strict=True)
            ).rstrip()
            for line in lines
        ]
        headed = shown if any(self.columns) else shown[1:]
        return "\n".join([*headed, *([self.note] if self.note else [])])

    @property
    def html(self) -> str:
        if not self.rows:
            return f"<div>{escape(self.empty)}</div>"
        side = [all(row[index].right for row in self.rows) for index in range(len(self.columns))]
        titles = "".join(_cell("th", escape(name), right) for name, right in zip(self.columns, side, strict=True))
        body = "".join(
            "<tr>" + "".join(_cell("td", cell.html or escape(cell.text), cell.right) for cell in row) + "</tr>"
            for row in self.rows
        )
        head = f"<thead><tr>{titles}</tr></thead>" if any(self.columns) else ""
        note = (
            f'<div style="opacity:.75;margin-top:4px;white-space:pre-line">{escape(self.note)}</div>'
            if self.note
            else ""
        )
        return (
            '<table style="margin:0;font-size:inherit;color:inherit;border-collapse:collapse;'
            'font-variant-numeric:tabular-nums">'
            f"{head}<tbody>{body}</tbody></table>{note}"
        )


def _cell(tag: str, content: str, right: bool) -> str:
    side = "right" if right else "left"
    scope = ' scope="col"' if tag == "th" else ""
    wrap = "normal" if len(content) > 48 and "<" not in content else "nowrap"
    style = f"text-align:{side};white-space:{wrap};padding:2px 12px 2px 0;vertical-align:middle"
    return f'<{tag}{scope} style="{style}">{content}</{tag}>'
