"""Where a later attempt began, and which points of its job are of the curve from then on.

A service may interrupt an attempt and start it again, as another *run* of the
same attempt. What it does anew then is told by the number of the job's points at
that moment, which is stored beside the offsets of the attempt's files:

    offsets    job  2  boot:0:<run>  place 1     the first one
               job  2  boot:1:<run>  place 8     seven points were there when the attempt began again
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, case, func, insert, select

from jupyter_training.core.ids import JobId
from jupyter_training.store.tables import heads, offsets, points, series, starts
from jupyter_training.store.texts import clean, whole

__all__ = [
    "COUNTED",
    "RUN",
    "STEPPED",
    "TOLD",
    "Beginning",
    "Certainty",
    "Named",
    "Restart",
    "Run",
    "attempt_of",
    "begin",
    "beginning",
    "certainty_of",
    "divided",
    "fitting",
    "key_of",
    "settles",
]

# From what an attempt's start is known, the least certain first: it reported a point without a step, one with a
# step, or said which checkpoint it was given.
Certainty = Literal[0, 1, 2]
COUNTED: Certainty = 0
STEPPED: Certainty = 1
TOLD: Certainty = 2

RUN = "boot:"  # begins what stands in place of a file's name in the offsets: the run's number and its own id
_RUNS = 1 << 20  # more than a job ever has attempts

_MACHINE = "machine"  # samples of the machine are of a time, not of a step


@dataclass(frozen=True)
class Restart:
    """Where a later attempt began. ``step`` None: at the beginning.

    ``counted``: with how many points each counted series goes on; the others begin anew.
    ``run`` from 1 on: it is where the attempt began again.
    """

    certainty: Certainty
    step: int | None = None
    counted: Mapping[str, int] = field(default_factory=dict)
    run: int = 0

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


class Run(NamedTuple):
    """One start of an attempt's container. ``number`` counts from 0."""

    number: int
    id: str


class Beginning(NamedTuple):
    """Whose start divides the curves. ``key`` names it in ``starts`` and in ``superseded``.

    ``since``: the number of the last point before it, where it is not the attempt's first.
    """

    key: int
    attempt: int
    since: int | None

    def earlier(self) -> ColumnElement[bool]:
        return points.c.attempt < self.attempt if self.since is None else points.c.n <= self.since

    def own(self) -> ColumnElement[bool]:
        return points.c.attempt == self.attempt if self.since is None else points.c.n > self.since

    def has(self, n: int, attempt: int) -> bool:
        """Whether this point is its own, and not of an earlier one."""
        return attempt == self.attempt if self.since is None else n > self.since


def key_of(attempt: int, run: int = 0) -> int:
    """The number under which a start is known: the attempt's own, but where it began again."""
    return attempt + run * _RUNS


def attempt_of(key: ColumnElement[int]) -> ColumnElement[int]:
    return key.op("%")(_RUNS)


def begin(connection: Connection, job: JobId, attempt: int, run: Run) -> None:
    """A container of the attempt has started; what it reports comes behind what is there now."""
    file = f"{RUN}{run.number}:{run.id}"
    count = connection.execute(select(heads.c.n).where(heads.c.job == job)).scalar() or 0
    connection.execute(insert(offsets), {"job": job, "attempt": attempt, "file": file, "place": count + 1})


def beginning(connection: Connection, job: JobId, attempt: int, restart: Restart) -> Beginning:
    if restart.run == 0:
        return Beginning(attempt, attempt, None)
    file = offsets.c.file.startswith(f"{RUN}{restart.run}:", autoescape=True)
    wanted = select(offsets.c.place).where(offsets.c.job == job, offsets.c.attempt == attempt, file)
    place: int = connection.execute(wanted).scalar_one()
    return Beginning(key_of(attempt, restart.run), attempt, place - 1)


def fitting(restart: Restart) -> Restart:
    """The same with names and a step that a column holds."""
    counted = {clean(name): count for name, count in restart.counted.items()}
    return Restart(restart.certainty, None if restart.step is None else whole(restart.step), counted, restart.run)


def certainty_of(connection: Connection, job: JobId, key: int) -> Certainty | None:
    """From what a start is known so far; None: it is not."""
    wanted = select(starts.c.certainty).where(starts.c.job == job, starts.c.attempt == key)
    found: Certainty | None = connection.execute(wanted).scalar()
    return found


def settles(before: Certainty | None, restart: Restart) -> bool:
    """Whether a restart says more than was known."""
    return before is None or before < restart.certainty or before == restart.certainty == TOLD


def divided(connection: Connection, job: JobId, key: int, restart: Restart) -> list[Named]:
    """The curves of the job that a (fitting) restart divides, in the order in which they began."""
    counts = func.max(case((series.c.counted, 1), else_=0))
    named = (
        select(series.c.name, series.c.source, counts)
        .where(series.c.job == job, series.c.source != _MACHINE, series.c.superseded.in_((0, key)))
        .group_by(series.c.name, series.c.source)
        .order_by(func.min(series.c.id))
    )
    return [
        Named(name, source, restart.last_kept(name, is_counted=bool(is_counted)))
        for name, source, is_counted in connection.execute(named).all()
        if is_counted or restart.certainty != COUNTED
    ]
