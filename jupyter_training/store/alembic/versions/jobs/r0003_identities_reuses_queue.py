"""What a job does, told by one hash; keys that were answered with a job that was there; the order of the queue.

``identity`` is filled in for the jobs there are, from their specs as JSON: the
rule of this revision stands here, whatever the program's later one is.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PAGE = 1000


def upgrade() -> None:
    op.add_column("jobs", sa.Column("identity", sa.Text))
    _fill()
    op.create_index("ix_jobs_identity", "jobs", ["identity", "seq"])
    op.create_index("ix_jobs_queue", "jobs", ["state", "priority", "position", "seq"])
    op.create_table(
        "reuses",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("job", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    )
    op.create_index("ix_reuses_job", "reuses", ["job"])


def _fill() -> None:
    jobs = sa.table("jobs", *map(sa.column, ("seq", "spec_hash", "user_name", "notebook", "identity")))
    specs = sa.table("specs", *map(sa.column, ("hash", "frame", "own")))
    connection = op.get_bind()
    wanted = sa.select(jobs, specs.c.frame, specs.c.own).join(specs, specs.c.hash == jobs.c.spec_hash)
    fill = jobs.update().where(jobs.c.seq == sa.bindparam("own")).values(identity=sa.bindparam("made"))
    after = 0
    while True:
        page = connection.execute(wanted.where(jobs.c.seq > after).order_by(jobs.c.seq).limit(_PAGE)).all()
        if not page:
            return
        connection.execute(fill, [{"own": row.seq, "made": _identity(row)} for row in page])
        after = page[-1].seq


def _identity(row: Any) -> str:
    spec = {**json.loads(row.frame), **json.loads(row.own)}
    spec["entry"] = {key: value for key, value in spec["entry"].items() if key not in ("shown_as", "cells")}
    if not spec.get("data"):
        spec.pop("data", None)
    return _hash([row.user_name, row.notebook, _hash(spec)])


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
