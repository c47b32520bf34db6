"""Times as the wire has them."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["instant"]


def instant(moment: float | None) -> str | None:
    """ISO 8601 in UTC with milliseconds and ``Z``; None stays None."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
