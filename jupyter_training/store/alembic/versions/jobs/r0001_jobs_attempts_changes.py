"""Jobs, attempts, the change log, the lease and the mirror's memory."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_REAL = sa.Float(53)


def upgrade() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "pools",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("backend", sa.Text, nullable=False),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
    )
    op.create_table(
        "specs",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("frame", sa.Text, nullable=False),
        sa.Column("own", sa.Text, nullable=False),
    )
    op.create_table(
        "jobs",
        sa.Column("seq", _BIG, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("key", sa.Text),
        sa.Column("spec_hash", sa.Text, sa.ForeignKey("specs.hash"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("user_name", sa.Text, nullable=False),
        sa.Column("notebook", sa.Text),
        sa.Column("cell", sa.Text),
        sa.Column("client", sa.Text),
        sa.Column("pool", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("position", _REAL, nullable=False),
        sa.Column("desired", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("holds", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("submitted", _REAL, nullable=False),
        sa.Column("started", _REAL),
        sa.Column("ended", _REAL),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("version", _BIG, nullable=False),
        sa.Column("experiment", sa.Text),
        sa.Column("trial", sa.Integer),
        sa.Column("run_id", sa.Text),
    )
    key_given = sa.text("key IS NOT NULL")
    op.create_index("uq_jobs_key", "jobs", ["key"], unique=True, sqlite_where=key_given, postgresql_where=key_given)
    op.create_index("ix_jobs_state", "jobs", ["state", "seq"])
    op.create_index("ix_jobs_name", "jobs", ["name", "seq"])
    op.create_index("ix_jobs_user", "jobs", ["user_name", "seq"])
    op.create_table(
        "attempts",
        sa.Column("job", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("exit_code", sa.Integer),
        sa.Column("signal", sa.Integer),
        sa.Column("pool", sa.Text, nullable=False),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("devices", sa.Text, nullable=False),
        sa.Column("handle", sa.Text),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("created", _REAL, nullable=False),
        sa.Column("started", _REAL),
        sa.Column("stopping", _REAL),
        sa.Column("ended", _REAL),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("peak_memory", sa.BigInteger),
    )
    op.create_table(
        "changes",
        sa.Column("n", _BIG, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("job", sa.Text),
        sa.Column("at", _REAL, nullable=False),
    )
    op.create_table(
        "lease",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("start_time", sa.BigInteger, nullable=False),
        sa.Column("boot_id", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("expires", _REAL, nullable=False),
    )
    op.create_table(
        "records",
        sa.Column("job", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("experiment_id", sa.Text),
        sa.Column("run_id", sa.Text),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("params_sent", sa.Boolean, nullable=False),
        sa.Column("ended_sent", sa.Boolean, nullable=False),
        sa.Column("attempts_sent", sa.Integer, nullable=False),
    )
