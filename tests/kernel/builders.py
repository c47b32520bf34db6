"""Views as a server gives them, to be varied in one or two places."""

from __future__ import annotations

from typing import Any

__all__ = ["JOB", "attempt", "axis", "checkpoint", "job", "lineage", "metric", "search", "trial"]

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


def search(phase: str = "running", **changes: Any) -> dict[str, Any]:
    """A search in a phase, seven of its eight trials begun; ``changes`` replace whole keys."""
    ended = phase in ("succeeded", "failed", "canceled")
    return {
        "id": "searchabcd",
        "store": "store-one",
        "name": "sweep",
        "state": phase if ended or phase == "paused" else "running",
        "phase": phase,
        "desired": "run",
        "sentence": f"{phase.capitalize()}.",
        "notes": [],
        "searcher": "asha",
        "searcher_note": None,
        "metrics": ["val_accuracy"],
        "modes": ["max"],
        "space": [axis("lr"), axis("batch", kind="choice", expression="choice([32, 64])", words="2 values: 32, 64")],
        "constants": {"epochs": 9},
        "workers": 2,
        "seed": 0,
        "stop": {
            "max_time": None,
            "max_trials_started": 8,
            "max_trials_completed": None,
            "max_trials_finished": None,
            "max_cost": None,
            "max_failures": 2,
            "target": None,
            "plateau": None,
        },
        "resource": "report",
        "max_resource": 9,
        "counts": {"completed": 2, "stopped": 3, "running": 2},
        "trials": 7,
        "total": 8,
        "best": {
            "trial": 4,
            "job": "trialabcde",
            "value": 0.96251,
            "resource": 9,
            "config": {"lr": 0.012345, "batch": 64},
            "clone_of": None,
        },
        "pareto": [],
        "curve": [[1, 0.5], [4, 0.75], [9, 0.96251]],
        "pool": "local",
        "priority": 42,
        "weight": 1.0,
        "user": "ada",
        "notebook": None,
        "submitted": "2026-01-01T00:00:00Z",
        "started": "2026-01-01T00:00:00Z",
        "ended": "2026-01-01T00:01:12Z" if ended else None,
        "paused_since": None,
        "paused_seconds": 0.0,
        "tag": 1_767_225_600,
        "run_id": None,
        "archived": False,
        "verbs": ["archive", "delete", "extend"] if ended else ["pause", "cancel", "kill", "extend"],
        "version": 1,
        "error": None,
        "updater": None,
        "spec": None,
        **changes,
    }


def axis(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "float",
        "expression": "loguniform(0.0001, 0.1)",
        "words": "0.0001 to 0.1, both included, log scale",
        "size": None,
        "when": None,
        **changes,
    }


def trial(number: int, state: str = "completed", best: float | None = 0.5, **changes: Any) -> dict[str, Any]:
    """One trial of that search."""
    return {
        "number": number,
        "job": f"trialabcd{number}",
        "config": {"lr": 0.01 * (number + 1), "batch": 32},
        "state": state,
        "sentence": f"{state.capitalize()}.",
        "clone_of": None,
        "resource": 9,
        "values": {} if best is None else {"val_accuracy": best},
        "best": best,
        "best_at": None if best is None else 3,
        "started": "2026-01-01T00:00:00Z",
        "ended": None,
        "run_id": None,
        **changes,
    }
