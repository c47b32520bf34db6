# ruff: noqa: ARG001
"""The queue of a pool as a table."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from jupyter_training.errors import Internal
from jupyter_training.schema import QueuePage
from jupyter_training.services.site import Site

__all__ = ["QueueQuery", "page"]

PAGE_LIMIT = 500


class QueueQuery(BaseModel):
    """Which part of which pool's queue. Without a pool that of the default one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pool: str | None = None
    limit: int = Field(100, ge=1, le=PAGE_LIMIT)
    after: str | None = Field(None, description="cursor: the `next` of the page before")
    reverse: bool = Field(False, description="from the end")


def page(site: Site, query: QueueQuery) -> QueuePage:
    """One page of the queue."""
    raise Internal("not built yet")
