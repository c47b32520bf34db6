"""Where progress stood at earlier moments, from which the time left is told. JSON, see ``store.points``."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("progress", sa.Column("marks", sa.Text))
