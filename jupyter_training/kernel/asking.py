"""Ask the person at the other side a question, where there is one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from IPython.core.error import StdinNotImplementedError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["agreed"]


def agreed(shell: InteractiveShell, question: str) -> bool | None:
    """Whether the person typed ``yes``; None where nobody can answer, as in a notebook that a program runs.

    A kernel knows by itself whether its front end takes questions; without a kernel a terminal is needed.
    """
    if getattr(shell, "kernel", None) is None and not sys.stdin.isatty():
        return None
    try:
        return input(question).strip().lower() in ("y", "yes")
    except (StdinNotImplementedError, EOFError):
        return None
