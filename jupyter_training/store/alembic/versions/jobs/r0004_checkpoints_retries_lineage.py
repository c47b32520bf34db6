"""Checkpoints, retries, resumes, lineage, the archive, and what is being removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_REAL = sa.Float(53)


def upgrade() -> None:
    for column in (
        sa.Column("retries_used", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("archived", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("parent", sa.Text),
        sa.Column("relation", sa.Text),
        sa.Column("base_step", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("overrides", sa.Text),
        sa.Column("discard", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("checkpoint_step", sa.BigInteger),
        sa.Column("retention", sa.Text),
    ):
        op.add_column("jobs", column)
    descends = sa.text("parent IS NOT NULL")
    op.create_index("ix_jobs_parent", "jobs", ["parent"], sqlite_where=descends, postgresql_where=descends)
    op.add_column("attempts", sa.Column("start_step", sa.BigInteger))
    op.add_column("attempts", sa.Column("start_checkpoint", sa.Text))
    op.create_table(
        "checkpoints",
        sa.Column("job", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("created", _REAL, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("place", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("metric", _REAL),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("seconds", _REAL),
        sa.Column("marks", sa.Text),
    )
    op.create_table(
        "removals",
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Text),
        sa.Column("places", sa.Text, nullable=False),
        sa.Column("at", _REAL, nullable=False),
    )
