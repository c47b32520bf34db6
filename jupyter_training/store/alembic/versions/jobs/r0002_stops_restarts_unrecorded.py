"""What a stop was asked for, how often a job was started again for nothing, and which records are incomplete.

The indexes serve the mirror (jobs whose record is behind), ``last`` (the
notebook's newest job) and the sweep of specs that no job has any more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("stop_asked", sa.Text))
    op.add_column("jobs", sa.Column("free_restarts", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("jobs", sa.Column("recorded", sa.Boolean, nullable=False, server_default=sa.false()))
    # An attempt on its way down was asked to: a kill says so by the job's wish, a time limit was not told apart yet.
    op.execute(
        "UPDATE attempts SET stop_asked = CASE WHEN EXISTS"
        " (SELECT 1 FROM jobs WHERE jobs.id = attempts.job AND jobs.desired = 'kill') THEN 'kill' ELSE 'cancel' END"
        " WHERE stopping IS NOT NULL"
    )
    jobs = sa.table("jobs", sa.column("id"), sa.column("recorded", sa.Boolean))
    records = sa.table("records", sa.column("job"), sa.column("ended_sent", sa.Boolean))
    complete = sa.select(records.c.job).where(records.c.ended_sent == sa.true())
    op.execute(jobs.update().where(jobs.c.id.in_(complete)).values(recorded=sa.true()))
    op.create_index("ix_jobs_notebook", "jobs", ["notebook", "seq"])
    op.create_index("ix_jobs_spec", "jobs", ["spec_hash"])
    behind = sa.text("NOT recorded AND attempt > 0")
    op.create_index("ix_jobs_unrecorded", "jobs", ["seq"], sqlite_where=behind, postgresql_where=behind)
