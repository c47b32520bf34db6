"""The job that a person means by what they typed."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Select, func, select

from jupyter_training.core.ids import ID_LENGTH
from jupyter_training.core.job import Job
from jupyter_training.errors import AmbiguousJob, UnknownJob, near_miss
from jupyter_training.store.engine import Store
from jupyter_training.store.rows import jobs_of
from jupyter_training.store.tables import jobs
from jupyter_training.store.texts import clean

__all__ = ["WHERE_LISTED", "find"]

WHERE_LISTED = "`%train list`, `jupyter training jobs` and client.jobs() show what there is."

_PREFIX = re.compile(rf"[a-z2-7]{{3,{ID_LENGTH}}}\Z")
_SHOWN = 5  # candidates in a sentence
_NAMES = 1000  # newest jobs among whose names a near miss is looked for


def find(store: Store, text: str, *, user: str, notebook: str | None) -> Job:
    """The job of an id, of the name (the newest; the user's own first), or of a unique prefix of an id.

    ``last`` is the newest of this notebook, else of this user. A name wins over
    a prefix: names are chosen, and a script that uses one must not hit another
    job because of an id that happens to begin like it.

    Raises:
        UnknownJob: with the near miss among names.
        AmbiguousJob: a prefix of several ids, with the newest of them.
    """
    text = clean(text.strip())
    with store.read() as connection:
        seq = (
            _last(connection, user, notebook)
            if text == "last"
            else _by_id(connection, text) or _by_name(connection, text, user) or _by_prefix(connection, text)
        )
        if seq is None:
            raise _unknown(connection, text)
        (job,) = jobs_of(connection, store.specs, connection.execute(select(jobs).where(jobs.c.seq == seq)))
    return job


def _one(connection: Connection, wanted: Select[Any]) -> int | None:
    found = connection.execute(wanted).scalar()
    return int(found) if found is not None else None


def _newest() -> Select[Any]:
    return select(jobs.c.seq).order_by(jobs.c.seq.desc()).limit(1)


def _last(connection: Connection, user: str, notebook: str | None) -> int | None:
    """The newest that a person has submitted; of a search that is the job which drives it."""
    wished = _newest().where(jobs.c.trial.is_(None))
    if notebook is not None:
        found = _one(connection, wished.where(jobs.c.notebook == clean(notebook)))
        if found is not None:
            return found
    return _one(connection, wished.where(jobs.c.user_name == clean(user)))


def _by_id(connection: Connection, text: str) -> int | None:
    return _one(connection, select(jobs.c.seq).where(jobs.c.id == text.lower()))


def _by_name(connection: Connection, text: str, user: str) -> int | None:
    named = select(jobs.c.seq, jobs.c.user_name).where(jobs.c.name == text).order_by(jobs.c.seq.desc()).limit(1)
    newest = connection.execute(named).first()
    if newest is None:
        return None
    if newest.user_name == clean(user):
        return int(newest.seq)
    # Joined to a text it is looked for by name: the index of users would be gone through for all of their jobs.
    own = _one(connection, _newest().where(jobs.c.name == text, jobs.c.user_name + "" == clean(user)))
    return own if own is not None else int(newest.seq)


def _by_prefix(connection: Connection, text: str) -> int | None:
    prefix = text.lower()
    if not _PREFIX.match(prefix):
        return None
    # A range and no LIKE, which uses no index here. Up to the last letter, as what comes behind that is another
    # thing in each language that a PostgreSQL server may speak.
    last = prefix.ljust(ID_LENGTH, "z")
    rows = connection.execute(
        select(jobs.c.seq, jobs.c.id, jobs.c.name)
        .where(jobs.c.id.between(prefix, last), func.substr(jobs.c.id, 1, len(prefix)) == prefix)
        .order_by(jobs.c.seq.desc())
        .limit(_SHOWN + 1)
    ).all()
    if len(rows) > 1:
        named = ", ".join(f"{row.id} ({row.name})" for row in rows[:_SHOWN])
        more = " and more" if len(rows) > _SHOWN else ""
        raise AmbiguousJob(f"{text!r} fits several jobs: {named}{more}.", hint="Type more of the id.")
    return rows[0].seq if rows else None


def _unknown(connection: Connection, text: str) -> UnknownJob:
    if text == "last":
        return UnknownJob("There is no last job: neither this notebook nor this user has submitted one.")
    recent = select(jobs.c.name).order_by(jobs.c.seq.desc()).limit(_NAMES).subquery()
    close = near_miss(text, connection.execute(select(recent.c.name).distinct()).scalars())
    return UnknownJob(
        f"There is no job {text[:80]!r}.",
        hint=f"Did you mean {close!r}?" if close else WHERE_LISTED,
    )
