"""Views as a server gives them, to be varied in one or two places."""

from __future__ import annotations

from typing import Any

__all__ = ["attempt", "job", "metric"]

JOB = "abcdefghij"


def metric(
    last: float | None, *, low: float = 0.0, high: float = 1.0, count: int = 3, source: str = "report"
) -> dict[str, Any]:
    return {
        "last": last,
        "last_step": count - 1,
        "low": low,
        "low_step": 0,
        "high": high,
        "high_step": 1,
        "last_time": 1_767_225_600.0,
        "count": count,
        "source": source,
    }


def attempt(**changes: Any) -> dict[str, Any]:
    return {
        "number": 1,
        "state": "ended",
        "seen": "gone",
        "reason": "error",
        "sentence": "Failed: the code ended with an error.",
        "exit_code": 1,
        "signal": None,
        "started": "2026-01-01T00:00:00Z",
        "ended": "2026-01-01T00:00:12Z",
        "peak_memory": 123_000_000,
        **changes,
    }


def job(phase: str = "running", **changes: Any) -> dict[str, Any]:
    """A job in a phase; ``changes`` replace whole keys."""
    ended = phase in ("succeeded", "failed", "canceled")
    return {
        "id": JOB,
        "store": "store-one",
        "name": "digits",
        "state": phase if ended or phase == "queued" else "running",
        "phase": phase,
        "desired": "run",
        "reason": None,
        "sentence": f"{phase.capitalize()}.",
        "experiment": None,
        "trial": None,
        "queue": "local",
        "pool": "local",
        "priority": 42,
        "user": "ada",
        "notebook": None,
        "submitted": "2026-01-01T00:00:00Z",
        "started": None if phase == "queued" else "2026-01-01T00:00:00Z",
        "ended": "2026-01-01T00:00:12Z" if ended else None,
        "params": {},
        "tags": {},
        "metrics": {},
        "source": None,
        "progress": None,
        "eta": None,
        "machine": {},
        "seen": None,
        "figure": None,
        "data": [],
        "entry": {"kind": "cell", "shown_as": "cell [1]"},
        "attempts": [],
        "run_id": None,
        "artifacts": None,
        "spec": None,
        "spec_hash": "0" * 64,
        "version": 1,
        **changes,
    }
