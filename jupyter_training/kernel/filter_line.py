"""The filter behind ``%train list``: one quoted text, or several words; errors point at its place on the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_training.errors import InvalidRequest, Problem
from jupyter_training.kernel.line import unquoted

__all__ = ["FilterText", "filter_of"]


@dataclass(frozen=True)
class FilterText:
    """A filter as the server reads it. ``columns``: where each of its characters stands on the magic line, from 1."""

    text: str
    columns: tuple[int, ...]

    def placed(self, error: InvalidRequest) -> InvalidRequest:
        """The error, at its place on the line; one that speaks of no place stays as it is."""
        found = []
        for problem in error.errors:
            if problem.key != "filter" or problem.column is None:
                return error
            at = min(problem.column, len(self.columns)) - 1
            found.append(Problem(problem.detail, line=1, column=self.columns[at]))
        if not found:
            return error
        return InvalidRequest(f"Filter: {found[0].detail}.", hint=error.hint, errors=found)


def filter_of(written: Sequence[tuple[str, int]]) -> FilterText | None:
    """The filter of these words, each with its column; None without words.

    A text in quotes that stands alone is the whole filter. Among others it is one
    part of a name, which the server wants in double quotes.
    """
    if not written:
        return None
    if len(written) == 1:
        raw, column = written[0]
        text = unquoted(raw)
        begin = column + (len(raw) - len(text)) // 2
        return FilterText(text, tuple(range(begin, begin + len(text))) or (column,)) if text.strip() else None
    text, columns = "", []
    for raw, column in written:
        if text:
            text += " "
            columns.append(column - 1)
        text += f'"{raw[1:-1]}"' if unquoted(raw) != raw else raw
        columns.extend(range(column, column + len(raw)))
    return FilterText(text, tuple(columns))
