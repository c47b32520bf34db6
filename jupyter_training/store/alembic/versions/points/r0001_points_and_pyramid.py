"""Series with their points, the pyramid for charts, and how far each spool file was taken over."""

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
        "series",
        sa.Column("id", _BIG, primary_key=True, autoincrement=False),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("first", _REAL),
        sa.Column("first_step", sa.BigInteger, nullable=False),
        sa.Column("first_time", _REAL, nullable=False),
        sa.Column("last", _REAL),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("last_time", _REAL, nullable=False),
        sa.Column("last_attempt", sa.Integer, nullable=False),
        sa.Column("low", _REAL),
        sa.Column("low_step", sa.BigInteger),
        sa.Column("high", _REAL),
        sa.Column("high_step", sa.BigInteger),
    )
    op.create_index("uq_series", "series", ["job", "name", "source"], unique=True)
    op.create_table(
        "points",
        sa.Column("series", _BIG, primary_key=True, autoincrement=False),
        sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("time", _REAL, nullable=False),
        sa.Column("value", _REAL),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pyramid",
        sa.Column("series", _BIG, primary_key=True, autoincrement=False),
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("last_n", sa.BigInteger, nullable=False),
        sa.Column("low_n", sa.BigInteger),
        sa.Column("low_step", sa.BigInteger),
        sa.Column("low_time", _REAL),
        sa.Column("low_value", _REAL),
        sa.Column("high_n", sa.BigInteger),
        sa.Column("high_step", sa.BigInteger),
        sa.Column("high_time", _REAL),
        sa.Column("high_value", _REAL),
        sa.Column("gap_n", sa.BigInteger),
        sa.Column("gap_step", sa.BigInteger),
        sa.Column("gap_time", _REAL),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "offsets",
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("file", sa.Text, primary_key=True),
        sa.Column("place", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "heads",
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("n", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "progress",
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("done", _REAL, nullable=False),
        sa.Column("total", _REAL),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("time", _REAL, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
