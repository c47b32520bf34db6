"""What a pattern like ``lr-*`` means behind each verb."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_training.kernel.wording import TERMINAL

__all__ = ["NEWEST", "Meant", "pattern_of"]


@dataclass(frozen=True)
class Meant:
    """Which jobs a pattern stands for: those in these states whose names it fits.

    ``newest``: of each name the newest, before its state is looked at. ``here``: of this notebook, where it is known.
    """

    states: frozenset[str]
    kind: str  # as the refusal calls them
    here: bool = False
    newest: bool = False
    archived: bool | None = False  # None: whether or not


_ACTIVE = frozenset({"queued", "running", "paused"})
_UNFINISHED = Meant(_ACTIVE, "unfinished job")
NEWEST = Meant(_ACTIVE | TERMINAL, "job", here=True, newest=True)  # what a name means, too
_PATTERNS = {
    "pause": Meant(frozenset({"queued", "running"}), "job that waits or runs"),
    "activate": Meant(frozenset({"paused"}), "paused job"),
    "retry": Meant(frozenset({"failed", "canceled"}), "job that failed or was stopped", here=True, newest=True),
    "archive": Meant(TERMINAL, "ended job", here=True),
    "unarchive": Meant(TERMINAL, "archived job", here=True, archived=True),
    "delete": Meant(TERMINAL, "ended job", here=True, archived=None),
}
_FORCED = Meant(TERMINAL, "ended job", here=True, newest=True)


def pattern_of(verb: str, *, force: bool = False) -> Meant:
    """Which jobs a pattern behind this verb stands for; ``force``: a retry takes what succeeded, too."""
    return _FORCED if verb == "retry" and force else _PATTERNS.get(verb, _UNFINISHED)
