"""Backends that are services: what a pool's backend has to know and says of it, and what is done with an attempt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pools", sa.Column("options", sa.Text, nullable=False, server_default=sa.text("'{}'")))
    op.add_column("pools", sa.Column("remark", sa.Text))
    op.add_column("attempts", sa.Column("stage", sa.Text))
