"""Exact places in the queue, weights, dependencies, what a preemption costs, and what a pool is made of."""

from __future__ import annotations

import os

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_REAL = sa.Float(53)


def upgrade() -> None:
    _exact_positions()
    for column in (
        sa.Column("weight", _REAL, nullable=False, server_default=sa.text("1")),
        sa.Column("waiting_since", _REAL),
        sa.Column("unmet", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("checkpoint_time", _REAL),
        sa.Column("checkpoint_seconds", _REAL),
        sa.Column("restore_seconds", _REAL),
    ):
        op.add_column("jobs", column)
    op.execute("UPDATE jobs SET waiting_since = submitted WHERE state = 'queued'")
    op.create_table(
        "dependencies",
        sa.Column("job", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("after", sa.Text, primary_key=True),
        sa.Column("met", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_index("ix_dependencies_after", "dependencies", ["after"])
    for own in (
        sa.Column("devices", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("cpus", _REAL),
        sa.Column("memory", sa.BigInteger),
        sa.Column("preemption", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("victim", sa.Text, nullable=False, server_default=sa.text("'last'")),
        sa.Column("aging", _REAL),
        sa.Column("is_default", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("is_found", sa.Boolean, nullable=False, server_default=sa.false()),
    ):
        op.add_column("pools", own)
    op.execute("UPDATE pools SET is_default = (name = 'local')")
    # Until now nobody noted who had said the slots; as many as there are CPUs were found, others are kept.
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    op.execute(f"UPDATE pools SET is_found = (slots = {cpus}) WHERE name = 'local'")  # noqa: S608 (a number)


def _exact_positions() -> None:
    """Numbers become the digits of a fraction. A retried job had half a number: it stays behind what it was behind."""
    bytewise = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("jobs", sa.Column("place", bytewise, nullable=False, server_default=sa.text("''")))
    op.execute(_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE)
    op.drop_index("ix_jobs_queue", "jobs")
    op.execute("ALTER TABLE jobs DROP COLUMN position")
    op.execute("ALTER TABLE jobs RENAME COLUMN place TO position")
    op.create_index("ix_jobs_queue", "jobs", ["state", "priority", "position", "seq"])


_SQLITE = """
    UPDATE jobs SET place = printf('%015d', CAST(position AS INTEGER)) || CASE
        WHEN position = CAST(position AS INTEGER) THEN '5' ELSE '7' || printf('%015d', seq) || '5' END
"""
_POSTGRESQL = """
    UPDATE jobs SET place = lpad(CAST(floor(position) AS text), 15, '0') || CASE
        WHEN position = floor(position) THEN '5' ELSE '7' || lpad(CAST(seq AS text), 15, '0') || '5' END
"""
