"""Ask the person at the terminal before something goes for good."""

from __future__ import annotations

import sys

from jupyter_training.errors import InvalidUsage, Refused

__all__ = ["agree"]


def agree(question: str, *, yes: bool, would: str) -> None:
    """Go on only if it was said with ``--yes``, or is said now. ``would``: what would happen, as a sentence.

    Raises:
        InvalidUsage: nobody can be asked here.
        Refused: the answer was no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InvalidUsage(f"{would} Nobody can be asked here.", hint="If that is meant, say it with --yes.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    try:
        answer = input()
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise Refused("Nothing was done.")
