"""The words of a magic line, with their places, so that an error can point at one."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from jupyter_training.errors import InvalidUsage, Problem

__all__ = ["Word", "as_in_code", "split", "unquoted"]

_CLOSING = {"[": "]", "(": ")", "{": "}"}


@dataclass(frozen=True)
class Word:
    """A word as it was written. ``start`` counts characters from 0 in the line; quotes are still there."""

    raw: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.raw)

    @property
    def text(self) -> str:
        """The word without the quotes around it or around the part behind its first ``=``.

        Behind an option and its ``=`` stands what could stand as a word of its own:
        ``--env=X='a b'`` is ``--env X='a b'``.
        """
        flag, equals, tail = self.raw.partition("=")
        if equals and flag.startswith("-") and _is_name(flag):
            return flag + equals + _bare(tail)
        return _bare(self.raw)


def _bare(text: str) -> str:
    head, equals, tail = text.partition("=")
    return head + equals + unquoted(tail) if equals and _is_name(head) else unquoted(text)


def _is_name(text: str) -> bool:
    return text.lstrip("-").replace("-", "_").isidentifier()


def unquoted(text: str) -> str:
    """The text without one pair of quotes that encloses all of it."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def as_in_code(name: str) -> str:
    """The name that Python makes of this one: of two signs that look alike, as the two that are a mu, it knows one."""
    return unicodedata.normalize("NFKC", name)


def split(line: str, *, offset: int = 0) -> list[Word]:
    """The words of a line: split at spaces that are outside quotes and brackets.

    Brackets count only behind a ``=``, so ``sizes=[64, 32]`` is one word while a
    pattern like ``run-[ab]*`` stays what it is. ``offset`` is the length of the
    text before the line, for the columns of errors.

    Raises:
        InvalidUsage: a quote or bracket that is never closed, at its column.
    """
    words: list[Word] = []
    position = 0
    while position < len(line):
        if line[position].isspace():
            position += 1
            continue
        end = _end_of_word(line, position, offset)
        words.append(Word(line[position:end], position))
        position = end
    return words


def _end_of_word(line: str, start: int, offset: int) -> int:
    waiting: list[tuple[str, int]] = []  # what must close, and where it was opened
    quoted = valued = False
    position = start
    while position < len(line):
        sign = line[position]
        if quoted:
            if sign == "\\" and valued:
                position += 1
            elif sign == waiting[-1][0]:
                waiting.pop()
                quoted = False
        elif sign.isspace() and not waiting:
            return position
        elif sign in "'\"" and _opens(line, start, position, bool(waiting)):
            waiting.append((sign, position))
            quoted = True
        elif valued and sign in _CLOSING:
            waiting.append((_CLOSING[sign], position))
        elif waiting and sign == waiting[-1][0]:
            waiting.pop()
        elif sign == "=":
            valued = True
        position += 1
    if waiting:
        opened = waiting[-1][1]
        raise InvalidUsage(
            f"{line[opened]!r} is opened and never closed.",
            errors=[Problem("opened here", line=1, column=offset + opened + 1)],
        )
    return len(line)


def _opens(line: str, start: int, position: int, inside: bool) -> bool:
    """Whether a quote at ``position`` opens a text: at a word's start, behind ``=``, or inside brackets.

    Elsewhere it is an apostrophe: ``--tag note=it's`` needs no escape.
    """
    return inside or position == start or line[position - 1] == "="
