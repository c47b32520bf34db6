# ruff: noqa: ARG001
"""Use cases that change the order: priorities, weights, pools, places, and what a job starts after."""

from __future__ import annotations

from jupyter_training.errors import Internal
from jupyter_training.schema import AfterRequest, JobView, MoveRequest, VerbResult
from jupyter_training.services.site import Site

__all__ = ["move", "set_after"]


def move(site: Site, user: str, request: MoveRequest) -> VerbResult:
    """Change one thing of several jobs; a result per job."""
    raise Internal("not built yet")


def set_after(site: Site, user: str, job_id: str, request: AfterRequest) -> JobView:
    """Let a waiting job start after others."""
    raise Internal("not built yet")
