"""The tables of searches, of the same family as ``tables.JOBS``."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, false, text

from jupyter_training.store.tables import JOBS

__all__ = ["experiments", "searches", "trials"]

_Big = BigInteger().with_variant(Integer, "sqlite")
_Real = Float(53)

# A search, under the id of the job that drives it.
experiments = Table(
    "experiments",
    JOBS,
    Column("id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", _Big, nullable=False, unique=True),  # of the driver: the order of submission
    Column("spec", Text, nullable=False),  # JSON
    Column("pool", Text, nullable=False),  # of its trials
    Column("priority", Integer, nullable=False),
    Column("weight", _Real, nullable=False),
    Column("state", Text, nullable=False),
    Column("desired", Text, nullable=False),
    Column("detail", Text),
    Column("notes", Text, nullable=False, server_default=text("'[]'")),  # JSON: sentences
    Column("tag", BigInteger, nullable=False),
    Column("submitted", _Real, nullable=False),
    Column("started", _Real),
    Column("ended", _Real),
    Column("paused_since", _Real),
    Column("paused_seconds", _Real, nullable=False, server_default=text("0")),
    Column("more", Integer, nullable=False, server_default=text("0")),
    Column("driver", Integer, nullable=False, server_default=text("0")),
    Column("archived", Boolean, nullable=False, server_default=false()),
    Column("version", _Big, nullable=False),
)
Index("ix_experiments_state", experiments.c.state, experiments.c.seq)

trials = Table(
    "trials",
    JOBS,
    Column("experiment", Text, ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("job", Text, nullable=False, unique=True),  # it may have been deleted since
    Column("config", Text, nullable=False),  # JSON
    Column("clone_of", Integer),
    Column("outcome", Text),
    Column("is_held", Boolean, nullable=False, server_default=false()),
    Column("resource", BigInteger, nullable=False, server_default=text("0")),
    Column("told", Text),  # JSON: the values of the last report that was told
    Column("best", _Real),
    Column("best_at", BigInteger),
    Column("detail", Text),
)
Index("ix_trials_best", trials.c.experiment, trials.c.best)
Index("ix_trials_outcome", trials.c.experiment, trials.c.outcome, trials.c.is_held)

# What a searcher was asked and told, in that order; see ``tuning.replay``.
searches = Table(
    "searches",
    JOBS,
    Column("experiment", Text, ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("trial", Integer),
    Column("body", Text, nullable=False),  # JSON
    Column("verdict", Text),
)
