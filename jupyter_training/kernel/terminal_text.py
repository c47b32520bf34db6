"""What a program wrote to its terminal, as lines that can be read later."""

from __future__ import annotations

import re

__all__ = ["collapsed"]

_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def collapsed(text: str) -> str:
    """The text without escape sequences; a line that a progress bar redrew shows its last state."""
    lines = []
    for line in _ESCAPE.sub("", text).replace("\r\n", "\n").split("\n"):
        states = [state for state in line.split("\r") if state.strip()]
        lines.append(_CONTROL.sub("\ufffd", states[-1] if states else ""))
    return "\n".join(lines)
