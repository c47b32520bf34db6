# ruff: noqa: ARG001
"""Moves as texts, one after the other."""

from __future__ import annotations

from jupyter_training.errors import Internal
from jupyter_training.schema import BatchRequest, BatchResult
from jupyter_training.services.site import Site

__all__ = ["batch"]


def batch(site: Site, user: str, request: BatchRequest) -> BatchResult:
    """A result per item."""
    raise Internal("not built yet")
