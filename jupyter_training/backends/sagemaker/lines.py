"""What one log stream says, line by line: what the code printed, and records for programs. Pure.

    [jt] ["p",1700000000000000,1,{"loss":0.5}]     a record
    [jt<] ["end",17000000...                       a long one, in parts: this one goes on
    [jt] ...}]                                     and ends here

A line that looks like a record and is none is what somebody printed; so is one
that only the mirror may write, since what it says is believed there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Heard", "Lines"]

_WHOLE, _PART = "[jt] ", "[jt<] "
_LONGEST = 1024 * 1024 - 1024  # characters of a record; readers of the spool refuse longer lines
_NEVER = frozenset({"cursor"})
_decode = json.JSONDecoder(parse_constant=lambda _: None).decode


@dataclass(frozen=True)
class Heard:
    """One line: either the text that was printed, without its newline, or a record as it stands in the spool."""

    text: str | None = None
    record: list[Any] | None = None
    line: bytes = b""  # the record, with its newline


class Lines:
    """Reads one stream. ``open`` is the beginning of a record whose end has not come yet."""

    def __init__(self, opened: str = "") -> None:
        self.open = opened

    def feed(self, message: str) -> Heard | None:
        """What a line is; None: a part of a record that goes on."""
        message = message.rstrip("\r\n")
        if message.startswith(_PART):
            self.open += message[len(_PART) :]
            if len(self.open) > _LONGEST:
                self.open = ""
            return None
        if not message.startswith(_WHOLE):
            return Heard(text=message)
        text, self.open = self.open + message[len(_WHOLE) :], ""
        record = _record(text) if len(text) <= _LONGEST else None
        line = None if record is None else _line(record)
        return Heard(text=message) if line is None else Heard(record=record, line=line)


def _record(text: str) -> list[Any] | None:
    try:
        found = _decode(text)
    except (ValueError, RecursionError):
        return None
    if type(found) is not list or len(found) < 3 or type(found[0]) is not str or type(found[1]) is not int:
        return None
    return None if found[0] in _NEVER else found


def _line(record: list[Any]) -> bytes | None:
    """The record as it stands in the spool; None: it has no room there, or is no text."""
    for ascii_only in (True, False):  # letters beyond ASCII are six bytes each, unless they are left as they are
        try:
            line = json.dumps(record, separators=(",", ":"), ensure_ascii=ascii_only).encode() + b"\n"
        except UnicodeEncodeError:
            return None
        if len(line) <= _LONGEST:
            return line
    return None
