"""Views as a server gives them, to be varied in one or two places."""

from __future__ import annotations

from typing import Any

__all__ = ["JOB", "attempt", "checkpoint", "job", "lineage", "metric"]

JOB = "abcdefghij"
_VERBS = {
    "succeeded": ["archive", "delete"],
    "paused": ["cancel", "kill", "activate"],
    "pausing": ["cancel", "kill", "activate"],
    "stopping": ["kill"],
}


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
        "start_step": None,
        "devices": [],
        **changes,
    }


def job(phase: str = "running", **changes: Any) -> dict[str, Any]:
    """A job in a phase; ``changes`` replace whole keys."""
    ended = phase in ("succeeded", "failed", "canceled")
    return {
        "id": JOB,
        "store": "store-one",
        "name": "digits",
        "state": phase if ended or phase in ("queued", "paused") else "running",
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
        "archived": False,
        "verbs": _VERBS.get(phase, ["retry", "archive", "delete"] if ended else ["cancel", "kill", "pause"]),
        "parent": None,
        "children": None,
        "checkpoint": None,
        "retries": {"used": 0, "max": 0},
        "overrides": {},
        "quiet_after": 1800.0,
        "warning": None,
        "weight": 1.0,
        "after": [],
        "start": None,
        "start_note": None,
        **changes,
    }


def checkpoint(step: int, **changes: Any) -> dict[str, Any]:
    """One of a job's checkpoints, as the list of them has it."""
    return {
        "name": f"step-{step:09d}.1",
        "step": step,
        "attempt": 1,
        "created": "2026-01-01T00:00:10Z",
        "size": 4_100_000,
        "files": 2,
        "kind": "torch",
        "metric": None,
        "state": "kept",
        "place": None,
        "seconds": 0.4,
        **changes,
    }


def lineage(relation: str, **changes: Any) -> dict[str, Any]:
    return {
        "job": "zyxwvutsrq",
        "name": "first",
        "relation": relation,
        "checkpoint": "step-000000010.1" if relation == "continue" else None,
        "step": 10 if relation == "continue" else None,
        **changes,
    }
