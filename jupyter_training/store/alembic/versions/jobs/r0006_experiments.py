"""Searches, their trials, and the record of what a searcher was asked and told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_REAL = sa.Float(53)


def upgrade() -> None:
    op.create_table(
        "experiments",
        sa.Column("id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("seq", _BIG, nullable=False, unique=True),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("pool", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("weight", _REAL, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("desired", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
        sa.Column("notes", sa.Text, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("tag", sa.BigInteger, nullable=False),
        sa.Column("submitted", _REAL, nullable=False),
        sa.Column("started", _REAL),
        sa.Column("ended", _REAL),
        sa.Column("paused_since", _REAL),
        sa.Column("paused_seconds", _REAL, nullable=False, server_default=sa.text("0")),
        sa.Column("more", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("driver", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("archived", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("version", _BIG, nullable=False),
    )
    op.create_index("ix_experiments_state", "experiments", ["state", "seq"])
    op.create_table(
        "trials",
        sa.Column("experiment", sa.Text, sa.ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("job", sa.Text, nullable=False, unique=True),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("clone_of", sa.Integer),
        sa.Column("outcome", sa.Text),
        sa.Column("is_held", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("resource", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("told", sa.Text),
        sa.Column("best", _REAL),
        sa.Column("best_at", sa.BigInteger),
        sa.Column("detail", sa.Text),
    )
    op.create_index("ix_trials_best", "trials", ["experiment", "best"])
    op.create_index("ix_trials_outcome", "trials", ["experiment", "outcome", "is_held"])
    op.create_table(
        "searches",
        sa.Column("experiment", sa.Text, sa.ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("trial", sa.Integer),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text),
    )
    belongs = sa.text("experiment IS NOT NULL")
    op.create_index(
        "ix_jobs_experiment", "jobs", ["experiment", "trial"], sqlite_where=belongs, postgresql_where=belongs
    )
