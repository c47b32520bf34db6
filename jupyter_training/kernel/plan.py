"""What a dry run shows: the exact bundle, its surroundings, and the wish with everything resolved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_training.client.context import Packed, shown, size_words
from jupyter_training.kernel import search_words, service_words
from jupyter_training.kernel.policies import hang_text, policy_text, retries_text
from jupyter_training.kernel.tables import Cell, Table
from jupyter_training.kernel.wording import bytes_text, number, plain, span_text

__all__ = ["planned"]

Plan = Mapping[str, Any]
_LONGEST = 80


def planned(plan: Plan, request: Mapping[str, Any], *, context: Packed | None = None) -> Table:
    """The plan of a request as a table: a line for each file, parameter, value and key."""
    rows = [[Cell(key), Cell(text)] for key, text in _lines(plan, request, context)]
    return Table(("dry run", f"{plan['spec']['name']}: nothing is stored, nothing is sent"), rows)


def _lines(plan: Plan, request: Mapping[str, Any], context: Packed | None) -> Iterator[tuple[str, str]]:
    spec = plan["spec"]
    files = plan["files"]
    yield "code", f"{_count(len(files), 'file')}, {bytes_text(plan['sizes']['code'])}"
    entry = spec["entry"]
    for file in files:
        is_cell = entry["kind"] == "cell" and file["path"] == entry["path"]
        role = f" · {entry['shown_as']}" if is_cell and entry["shown_as"] and not plain() else ""
        yield "file", f"{file['path']} · {bytes_text(file['size'])}{role}"
    if context is not None:
        yield "context", f"{context.called} · {context.words}"
    for path, size in context.largest if context is not None else ():
        yield "largest", f"{shown(path)} · {size_words(size)}"
    search = plan.get("search")
    if search is not None:
        yield from _search(search)
    for name, value in (search["constants"] if search is not None else spec["params"]).items():
        yield f"param {name}", _value(value)
    if plan["data"]:
        yield "data", f"{_count(len(plan['data']), 'value')}, {bytes_text(plan['sizes']['data'])}"
    for one in plan["data"]:
        yield f"data {one['name']}", f"{one['words'] or one['kind']} · {bytes_text(one['size'])}"
    yield from _surroundings(spec, context, is_served=bool(plan.get("service")))
    yield "pool", f"{plan['pool']}, priority {plan['priority']}" + _weight(request.get("weight"))
    if request.get("after"):
        yield "starts after", ", ".join(request["after"])
    if spec["preemptible"] != "auto":
        yield "preemptible", str(spec["preemptible"])
    yield from service_words.planned(plan)
    yield "needs", _needs(spec["resources"])
    if plan.get("service"):
        yield "timeout", service_words.limit_text(spec) or "none"
    else:
        yield "timeout", span_text(spec["timeout"]) if spec["timeout"] else "none"
    yield "grace", span_text(spec["grace"])
    yield "retries", retries_text(spec["retries"])
    yield "checkpoints", policy_text(spec["checkpoints"])
    yield "pause within", span_text(spec["pause_within"])
    if spec["hang"]["after"] or spec["hang"]["stop"]:
        yield "hang", hang_text(spec["hang"])
    if request.get("resume"):
        yield "resume", "the newest job of this name goes on, from its last checkpoint"
    yield "launcher", str(spec["launcher"])
    yield "metrics", spec["metrics"] if isinstance(spec["metrics"], str) else _value(spec["metrics"])
    for name, value in spec["tags"].items():
        yield f"tag {name}", str(value)
    yield "if it exists", _existing(request)
    for note in plan["notes"]:
        yield "note", str(note)


def _search(search: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is looked for, where, by whom, and what ends it."""
    yield "looks for", search_words.objective_text(search)
    for axis in search["axes"]:
        yield f"axis {axis['name']}", f"{axis['expression']} · {axis['words']}"
    yield "combinations", "endless" if search["size"] is None else number(search["size"])
    note = f" ({search['searcher_note'].removesuffix('.')})" if search["searcher_note"] else ""
    yield "searcher", f"{search['searcher']}{note}, seed {search['seed']}"
    yield "at once", _count(search["workers"], "trial")
    yield "ends", search["ends"].removeprefix("It ends ").removesuffix(".")
    if search["max_resource"] is not None:
        what = "reports" if search["resource"] == "report" else f"of {search['resource']}"
        yield "a whole trial", f"{number(search['max_resource'])} {what}"


def _surroundings(spec: Mapping[str, Any], context: Packed | None, *, is_served: bool) -> Iterator[tuple[str, str]]:
    environment = spec["environment"]
    if environment["kind"] != "current":
        yield "environment", str(environment["kind"])
    if not plain():
        if is_served:
            yield from service_words.surroundings(spec)
        else:
            yield "python", environment["python"] or "the dispatcher's own"
            yield "folder", environment["folder"] or ("its own" if context is None else "its context")
        names = [name for name in environment["variables"] if not name.startswith("JUPYTER_TRAINING_")]
        yield "variables", (", ".join(names) or "none") + " (kept with the job)"
    if environment["pass_env"]:
        yield "secrets", ", ".join(environment["pass_env"]) + " (handed over by name, not kept)"


def _needs(resources: Mapping[str, Any]) -> str:
    words = [_count(resources["slots"], "slot")]
    if resources["gpus"]:
        words.append(_count(resources["gpus"], "GPU"))
    if resources["cpus"] is not None:
        words.append(f"{number(resources['cpus'])} CPUs")
    if resources["memory"] is not None:
        words.append(f"{bytes_text(resources['memory'])} of memory")
    if resources["max_slots"] is not None:
        words.append(f"{_count(resources['max_slots'], 'slot')} at most for its experiment")
    return ", ".join(words)


def _weight(weight: float | None) -> str:
    return f", weight {number(weight)}" if weight is not None else ""


def _existing(request: Mapping[str, Any]) -> str:
    words = {
        "reuse": "an equal job that is still active is taken",
        "new": "always a new job",
        "error": "an equal job that is still active is an error",
    }[request.get("if_exists") or "new"]
    return words.replace("still active", "still active or has succeeded") if request.get("once") else words


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _value(value: object) -> str:
    words = json.dumps(value, ensure_ascii=False)
    return words if len(words) <= _LONGEST else words[: _LONGEST - 3] + "..."
