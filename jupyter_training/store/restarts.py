"""Where a later attempt began, and which points of its job are of the curve from then on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sqlalchemy import Connection, case, func, select

from jupyter_training.core.ids import JobId
from jupyter_training.store.tables import series, starts
from jupyter_training.store.texts import clean, whole

__all__ = [
    "COUNTED",
    "STEPPED",
    "TOLD",
    "Certainty",
    "Named",
    "Restart",
    "certainty_of",
    "divided",
    "fitting",
    "settles",
]

# From what an attempt's start is known, the least certain first: it reported a point without a step, one with a
# step, or said which checkpoint it was given.
Certainty = Literal[0, 1, 2]
COUNTED: Certainty = 0
STEPPED: Certainty = 1
TOLD: Certainty = 2

_MACHINE = "machine"  # samples of the machine are of a time, not of a step


@dataclass(frozen=True)
class Restart:
    """Where a later attempt began. ``step`` None: at the beginning.

    ``counted``: with how many points each counted series goes on; the others begin anew.
    """

    certainty: Certainty
    step: int | None = None
    counted: Mapping[str, int] = field(default_factory=dict)

    def last_kept(self, name: str, *, is_counted: bool) -> int | None:
        """The last step of earlier attempts that stays in the curve; None: no step does."""
        if is_counted:
            return self.counted.get(name, 0) - 1
        return self.step


class Named(NamedTuple):
    """A curve that a restart divides."""

    name: str
    source: str
    last_kept: int | None


def fitting(restart: Restart) -> Restart:
    """The same with names and a step that a column holds."""
    counted = {clean(name): count for name, count in restart.counted.items()}
    return Restart(restart.certainty, None if restart.step is None else whole(restart.step), counted)


def certainty_of(connection: Connection, job: JobId, attempt: int) -> Certainty | None:
    """From what the attempt's start is known so far; None: it is not."""
    wanted = select(starts.c.certainty).where(starts.c.job == job, starts.c.attempt == attempt)
    found: Certainty | None = connection.execute(wanted).scalar()
    return found


def settles(before: Certainty | None, restart: Restart) -> bool:
    """Whether a restart says more than was known."""
    return before is None or before < restart.certainty or before == restart.certainty == TOLD


def divided(connection: Connection, job: JobId, attempt: int, restart: Restart) -> list[Named]:
    """The curves of the job that a (fitting) restart divides, in the order in which they began."""
    counts = func.max(case((series.c.counted, 1), else_=0))
    named = (
        select(series.c.name, series.c.source, counts)
        .where(series.c.job == job, series.c.source != _MACHINE, series.c.superseded.in_((0, attempt)))
        .group_by(series.c.name, series.c.source)
        .order_by(func.min(series.c.id))
    )
    return [
        Named(name, source, restart.last_kept(name, is_counted=bool(is_counted)))
        for name, source, is_counted in connection.execute(named).all()
        if is_counted or restart.certainty != COUNTED
    ]
