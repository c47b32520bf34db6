"""Series of what later attempts did anew, which series are counted, and where attempts began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("series", sa.Column("superseded", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("series", sa.Column("counted", sa.Boolean, nullable=False, server_default=sa.false()))
    op.drop_index("uq_series", "series")
    op.create_index("uq_series", "series", ["job", "name", "source", "superseded"], unique=True)
    op.create_table(
        "starts",
        sa.Column("job", sa.Text, primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("certainty", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
