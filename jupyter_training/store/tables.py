"""The tables. Two files (or, on PostgreSQL, two families of tables in one database).

``JOBS`` is what must never be lost: wishes, facts, the change log. ``POINTS``
is what is written in bulk: series, their points, the pyramid for charts, and
how far each spool file has been read. No transaction spans both.

The migrations below ``alembic/`` make these tables; a test compares the two.
Times are seconds since the epoch, except where a comment says otherwise.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    false,
    text,
)

__all__ = [
    "JOBS",
    "POINTS",
    "attempts",
    "changes",
    "checkpoints",
    "dependencies",
    "heads",
    "jobs",
    "lease",
    "meta",
    "offsets",
    "points",
    "pools",
    "progress",
    "pyramid",
    "records",
    "removals",
    "reuses",
    "series",
    "specs",
    "starts",
]

JOBS = MetaData()
POINTS = MetaData()

# SQLite makes a 64-bit rowid of INTEGER; PostgreSQL's INTEGER has 32 bits.
_Big = BigInteger().with_variant(Integer, "sqlite")
_Real = Float(53)
_Bytewise = Text().with_variant(Text(collation="C"), "postgresql")  # compared by bytes, as SQLite does

meta = Table(
    "meta",
    JOBS,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

pools = Table(
    "pools",
    JOBS,
    Column("name", Text, primary_key=True),
    Column("backend", Text, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("policy", Text, nullable=False),
    Column("devices", Text, nullable=False, server_default=text("''")),  # ids with a comma between
    Column("cpus", _Real),
    Column("memory", BigInteger),
    Column("preemption", Boolean, nullable=False, server_default=false()),
    Column("victim", Text, nullable=False, server_default=text("'last'")),
    Column("aging", _Real),  # seconds
    Column("is_default", Boolean, nullable=False, server_default=false()),
    Column("is_found", Boolean, nullable=False, server_default=false()),
    Column("options", Text, nullable=False, server_default=text("'{}'")),  # JSON
    Column("remark", Text),
)

# One row per content: a hundred repeats of a job share it. A spec is ``frame`` plus ``own``, both JSON: the jobs of
# a sweep differ in ``own``, their name and parameters, and a reader parses their equal frame once.
specs = Table(
    "specs",
    JOBS,
    Column("hash", Text, primary_key=True),
    Column("frame", Text, nullable=False),
    Column("own", Text, nullable=False),
)

jobs = Table(
    "jobs",
    JOBS,
    Column("seq", _Big, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("key", Text),
    Column("spec_hash", Text, ForeignKey("specs.hash"), nullable=False),
    Column("name", Text, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("notebook", Text),
    Column("cell", Text),
    Column("client", Text),
    Column("pool", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("position", _Bytewise, nullable=False, server_default=text("''")),
    Column("desired", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("holds", Text, nullable=False),  # names with a comma between; empty = none
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text),
    Column("submitted", _Real, nullable=False),
    Column("started", _Real),
    Column("ended", _Real),
    Column("attempt", Integer, nullable=False),
    Column("version", _Big, nullable=False),
    Column("experiment", Text),
    Column("trial", Integer),
    Column("run_id", Text),
    Column("free_restarts", Integer, nullable=False, server_default=text("0")),
    Column("recorded", Boolean, nullable=False, server_default=false()),  # its record is complete
    Column("identity", Text),  # who wished for which work in which notebook, as one hash; see ``store.equals``
    Column("retries_used", Integer, nullable=False, server_default=text("0")),  # in this generation
    Column("archived", Boolean, nullable=False, server_default=false()),
    Column("parent", Text),  # an id, also of a job that was deleted since
    Column("relation", Text),
    Column("base_step", BigInteger, nullable=False, server_default=text("0")),
    Column("overrides", Text),  # JSON: the parameters that a resume changed
    Column("discard", Boolean, nullable=False, server_default=false()),
    Column("checkpoint_step", BigInteger),
    Column("retention", Text),  # JSON: another policy than the spec's for its checkpoints
    Column("weight", _Real, nullable=False, server_default=text("1")),
    Column("waiting_since", _Real),
    Column("unmet", Integer, nullable=False, server_default=text("0")),
    Column("checkpoint_time", _Real),
    Column("checkpoint_seconds", _Real),
    Column("restore_seconds", _Real),
)
_key_given = text("key IS NOT NULL")
Index("uq_jobs_key", jobs.c.key, unique=True, sqlite_where=_key_given, postgresql_where=_key_given)
Index("ix_jobs_state", jobs.c.state, jobs.c.seq)
Index("ix_jobs_name", jobs.c.name, jobs.c.seq)
Index("ix_jobs_user", jobs.c.user_name, jobs.c.seq)
Index("ix_jobs_notebook", jobs.c.notebook, jobs.c.seq)
Index("ix_jobs_spec", jobs.c.spec_hash)
Index("ix_jobs_identity", jobs.c.identity, jobs.c.seq)
Index("ix_jobs_queue", jobs.c.state, jobs.c.priority, jobs.c.position, jobs.c.seq)
_descends = text("parent IS NOT NULL")
_belongs = text("experiment IS NOT NULL")
Index("ix_jobs_experiment", jobs.c.experiment, jobs.c.trial, sqlite_where=_belongs, postgresql_where=_belongs)
Index("ix_jobs_parent", jobs.c.parent, sqlite_where=_descends, postgresql_where=_descends)
_unrecorded = text("NOT recorded AND attempt > 0")
Index("ix_jobs_unrecorded", jobs.c.seq, sqlite_where=_unrecorded, postgresql_where=_unrecorded)

# Which job starts after which other ones. ``after`` may be a job that was deleted since.
dependencies = Table(
    "dependencies",
    JOBS,
    Column("job", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("after", Text, primary_key=True),
    Column("met", Boolean, nullable=False, server_default=false()),  # it succeeded, be it run again or deleted later
)
Index("ix_dependencies_after", dependencies.c.after)

# Keys of wishes for which an equal job stood in: repeated, they give that job again.
reuses = Table(
    "reuses",
    JOBS,
    Column("key", Text, primary_key=True),
    Column("job", Text, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
)
Index("ix_reuses_job", reuses.c.job)

attempts = Table(
    "attempts",
    JOBS,
    Column("job", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("seen", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text),
    Column("exit_code", Integer),
    Column("signal", Integer),
    Column("pool", Text, nullable=False),
    Column("slots", Integer, nullable=False),
    Column("devices", Text, nullable=False),  # ids with a comma between
    Column("handle", Text),
    Column("token", Text, nullable=False),
    Column("created", _Real, nullable=False),
    Column("started", _Real),
    Column("stopping", _Real),
    Column("ended", _Real),
    Column("stop_asked", Text),
    Column("generation", Integer, nullable=False),
    Column("peak_memory", BigInteger),
    Column("start_step", BigInteger),
    Column("start_checkpoint", Text),
    Column("stage", Text),
)

# What an attempt (0: another job) has left to go on from. Rows of removed and damaged ones stay, to say so.
checkpoints = Table(
    "checkpoints",
    JOBS,
    Column("job", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("created", _Real, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("files", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("place", Text),  # NULL: in the home
    Column("kind", Text, nullable=False),
    Column("metric", _Real),
    Column("state", Text, nullable=False),
    Column("seconds", _Real),
    Column("marks", Text),  # JSON: the next step of each series that is counted, by name
)

# Jobs that a person deleted, until what is outside the store has gone too.
removals = Table(
    "removals",
    JOBS,
    Column("job", Text, primary_key=True),
    Column("run_id", Text),  # NULL: none, or removed already
    Column("places", Text, nullable=False),  # JSON: URLs of checkpoints outside the home
    Column("at", _Real, nullable=False),
)

# ``n`` is dense and in the order of commits: it is counted up inside the one write transaction there is at a time.
changes = Table(
    "changes",
    JOBS,
    Column("n", _Big, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("job", Text),
    Column("at", _Real, nullable=False),
)

lease = Table(
    "lease",
    JOBS,
    Column("scope", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("start_time", BigInteger, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires", _Real, nullable=False),  # on the clock of ``lease``; 0 = released
)

records = Table(
    "records",
    JOBS,
    Column("job", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("experiment_id", Text),
    Column("run_id", Text),
    Column("cursor", BigInteger, nullable=False),
    Column("params_sent", Boolean, nullable=False),
    Column("ended_sent", Boolean, nullable=False),
    Column("attempts_sent", Integer, nullable=False),
)

series = Table(
    "series",
    POINTS,
    Column("id", _Big, primary_key=True, autoincrement=False),
    Column("job", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("first", _Real),
    Column("first_step", BigInteger, nullable=False),
    Column("first_time", _Real, nullable=False),
    Column("last", _Real),
    Column("last_step", BigInteger, nullable=False),
    Column("last_time", _Real, nullable=False),
    Column("last_attempt", Integer, nullable=False),
    Column("low", _Real),
    Column("low_step", BigInteger),
    Column("high", _Real),
    Column("high_step", BigInteger),
    Column("superseded", Integer, nullable=False, server_default=text("0")),  # by which attempt; 0: by none
    Column("counted", Boolean, nullable=False, server_default=false()),  # its steps are our count
)
Index("uq_series", series.c.job, series.c.name, series.c.source, series.c.superseded, unique=True)

# ``n`` counts the points of a *job* from 1, without holes: the mirror's cursor.
points = Table(
    "points",
    POINTS,
    Column("series", _Big, primary_key=True, autoincrement=False),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("attempt", Integer, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("time", _Real, nullable=False),
    Column("value", _Real),
    sqlite_with_rowid=False,
)

# One row for each *complete* bucket of a level; see ``pyramid``.
pyramid = Table(
    "pyramid",
    POINTS,
    Column("series", _Big, primary_key=True, autoincrement=False),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("bucket", BigInteger, primary_key=True, autoincrement=False),
    Column("last_n", BigInteger, nullable=False),
    *(
        Column(f"{what}_{field}", kind)
        for what in ("low", "high", "gap")
        for field, kind in (("n", BigInteger), ("step", BigInteger), ("time", _Real), ("value", _Real))
        if (what, field) != ("gap", "value")
    ),
    sqlite_with_rowid=False,
)

# How far each spool file has been taken over.
offsets = Table(
    "offsets",
    POINTS,
    Column("job", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("file", Text, primary_key=True),
    Column("place", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Where a later attempt began is settled; how surely, see ``supersede``.
starts = Table(
    "starts",
    POINTS,
    Column("job", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("certainty", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# The number of points a job has.
heads = Table(
    "heads",
    POINTS,
    Column("job", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

progress = Table(
    "progress",
    POINTS,
    Column("job", Text, primary_key=True),
    Column("done", _Real, nullable=False),
    Column("total", _Real),
    Column("unit", Text, nullable=False),
    Column("time", _Real, nullable=False),
    Column("text", Text, nullable=False),
    Column("marks", Text),  # JSON: [[done, time] three times, total, unit]; see ``core.eta``
    sqlite_with_rowid=False,
)
