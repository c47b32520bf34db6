"""What was printed, as lines of a log: a bar that draws itself anew in its line becomes one line a second at most."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Lines"]

_BAR_EVERY = 1.0  # seconds
_LONGEST = 1024 * 1024  # characters; a longer line is given in pieces


class Lines:
    """Makes lines of pieces of text. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._rest = ""
        self._drawn: str | None = None  # what the present line showed when it was given last
        self._bar_at = 0.0

    def feed(self, text: str, now: float) -> Iterator[str]:
        """The lines that are complete with this piece, and what a bar shows now."""
        *whole, self._rest = (self._rest + text).split("\n")
        for line in whole:
            yield from self._ended(line)
        if "\r" in self._rest:
            yield from self._bar(now)
        while len(self._rest) > _LONGEST:
            piece, self._rest = self._rest[:_LONGEST], self._rest[_LONGEST:]
            yield piece

    def end(self) -> Iterator[str]:
        """The last line, if it has no newline."""
        rest, self._rest = self._rest, ""
        if rest:
            yield from self._ended(rest)

    def _ended(self, line: str) -> Iterator[str]:
        shown, drawn = _shown(line), self._drawn
        self._drawn = None
        if drawn is None or shown not in ("", drawn):
            yield shown

    def _bar(self, now: float) -> Iterator[str]:
        # What stands behind the last \r may not be all of it yet.
        before, _, last = self._rest.rpartition("\r")
        shown = _shown(before)
        if now >= self._bar_at + _BAR_EVERY and shown and shown != self._drawn:
            self._drawn, self._bar_at = shown, now
            yield shown
        self._rest = f"{shown}\r{last}"


def _shown(line: str) -> str:
    """What stands in a line after it was drawn the last time."""
    for one in reversed(line.split("\r")):
        if one.strip():
            return one
    return ""
