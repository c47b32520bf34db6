"""Jobs as tables: the list, all about one, and its metrics."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from jupyter_training.kernel import service_words
from jupyter_training.kernel.card import ranked
from jupyter_training.kernel.configs import Config
from jupyter_training.kernel.curve import COLOURS, Points, image, spark
from jupyter_training.kernel.policies import hang_text, policy_text, retries_text
from jupyter_training.kernel.queue_words import devices_text, waits_for, weight_text
from jupyter_training.kernel.tables import Cell, Table
from jupyter_training.kernel.wording import (
    TERMINAL,
    ago,
    attempt_text,
    best,
    bytes_text,
    exit_text,
    icon,
    lineage_text,
    lower_is_better,
    number,
    plain,
    ran_seconds,
    sentence,
    short,
    span_text,
    starts_text,
)

__all__ = [
    "FIRST_CELL",
    "about",
    "called",
    "front",
    "kept",
    "listing",
    "made",
    "metrics",
    "rests",
    "resumed",
    "submitted",
]

FIRST_CELL = """\
No trainings yet. Put this in a cell:

%%train first --wait
from jupyter_training import report
import time
for epoch in range(20):
    time.sleep(0.2)
    report(epoch=epoch, loss=1 / (epoch + 1))
"""

Job = Mapping[str, Any]

_TOLD = frozenset({"queued", "failed", "unknown", "paused", "pausing"})  # phases that a list says more of
# What a spec says of itself; shown when it differs.
_USUAL = {"launcher": "plain", "preemptible": "auto", "grace": 10.0, "metrics": "auto"}

_USUAL_POLICY = "kept: the newest"


def listing(jobs: Sequence[Job], *, now: float, more: bool, empty: str = FIRST_CELL) -> Table:
    """One line for each job, the newest first; ``empty`` is said where there is none."""
    note = "There are more: %train list -n 100" if more and not plain() else ""
    if plain():
        rows = [[_state(job), Cell(job["name"]), Cell(", ".join(sorted(job["metrics"])))] for job in jobs]
        return Table(("state", "name", "metrics"), rows, empty)
    rows = [[_state(job), Cell(job["name"]), Cell(short(job["id"])), *_figures(job, now)] for job in jobs]
    return Table(("state", "name", "id", "metric", "time", "submitted", ""), rows, empty, note)


def front(own: Sequence[Job], others: Sequence[Job], *, now: float, empty: str = FIRST_CELL) -> Table:
    """This notebook's jobs, then others with the notebook that they come from; and what can be typed."""
    jobs = [*own, *others]
    found = listing(jobs, now=now, more=False, empty=empty)
    if not jobs or plain():
        return found
    job = short(jobs[0]["id"])
    running = next((short(one["id"]) for one in jobs if one["ended"] is None), None)
    resting = next((short(one["id"]) for one in jobs if one["phase"] == "paused"), None)
    words = [f"show {job}", f"logs {job}", f"cancel {running}" if running else "", f"clone {job}", "help"]
    words[2:2] = [f"activate {resting}"] if resting else []
    verbs = (f"%train {verb}" for verb in words if verb)
    rows = found.rows
    if others:
        places = [*("here" for _ in own), *(_notebook(one) for one in others)]
        rows = [[*row, Cell(place)] for row, place in zip(rows, places, strict=True)]
    columns = (*found.columns, "from") if others else found.columns
    return Table(columns, rows, note=" · ".join(verbs))


def called(job: Job) -> str:
    """A job by name and the start of its id."""
    return str(job["name"]) if plain() else f"{job['name']} · {short(job['id'])}"


def about(job: Job, *, now: float) -> Table:
    """Everything about one job, a line for each thing."""
    rows = [[Cell(key), Cell(text)] for key, text in _facts(job, now)]
    return Table(("", f"{job['name']} {job['phase']}"), rows)


def metrics(job: Job, series: Mapping[str, Points], names: Sequence[str]) -> Table:
    """A line for each metric with its last and best value and its curve."""
    empty = f"{job['name']} has reported no metrics" + (" yet." if job["state"] not in TERMINAL else ".")
    rows = []
    for index, name in enumerate(names):
        metric, points = job["metrics"][name], series.get(name, ())
        count = Cell(number(metric["count"]), right=True)
        if plain():
            rows.append([Cell(name), count])
            continue
        top = best(name, metric)
        arrow = "↓" if lower_is_better(name) else "↑"
        picture = image(name, points, width=240, height=56, colour=COLOURS[index % len(COLOURS)])
        rows.append(
            [
                Cell(name),
                Cell(number(metric["last"]), right=True),
                Cell(f"{arrow} {number(top[0])} at {number(top[1])}" if top else ""),
                Cell(f"{number(metric['low'])} to {number(metric['high'])}"),
                count,
                Cell(spark(points, width=24), picture or None),
                Cell("" if metric["source"] == "report" else f"from {metric['source']}"),
            ]
        )
    columns = ("metric", "points") if plain() else ("metric", "last", "best", "range", "points", "curve", "")
    return Table(columns, rows, empty)


def submitted(result: Mapping[str, Any]) -> list[str]:
    """What a submit's answer says beside the card: that the job was there already, or that an older one goes on."""
    job = result["job"]
    own = f"{job['name']} {short(job['id'])}"
    notes = [one.replace(own, job["name"]) if plain() else one for one in service_words.lasting(result["notes"])]
    if not result["reused"]:
        return notes
    if job["ended"] is None:
        phase = "active" if plain() else job["phase"]
        return [f"{called(job)} is already {phase}: the same job. For another one: --if-exists new.", *notes]
    when = "" if plain() else f" {ago(job['ended'], now=time.time())}"
    return [f"{called(job)} has succeeded{when}, and nothing has changed: no new job.", *notes]


def rests(job: Job) -> str:
    """That a job that is waited for is paused, and what lets it go on."""
    how = "%train activate JOB" if plain() else f"%train activate {short(job['id'])}"
    where = "" if plain() else f" ({sentence(job).removesuffix('.')})"
    return f"{job['name']} is paused{where}. The waiting goes on; {how} in another notebook or a shell ends the pause."


def made(result: Mapping[str, Any], changed: Mapping[str, object]) -> list[str]:
    """What a new job was made from: "b · 3f2a91 is a fork of a · 81c0de, with lr=0.01; no weights came along."."""
    job = result["job"]
    given = ", ".join(f"{name}={_value(value)}" for name, value in changed.items())
    changes = f", with {given}" if given else ""
    if job["parent"]["relation"] == "fork":
        return [f"{called(job)} is {lineage_text(job['parent'])}{changes}; no weights came along.", *result["notes"]]
    # The notes say with which checkpoint it begins, with ids; what is the same each time says it without.
    return [f"{called(job)} {lineage_text(job['parent'])}{changes}.", *(() if plain() else result["notes"][:-1])]


def resumed(result: Mapping[str, Any]) -> list[str]:
    """That a job goes on, and from where."""
    return [f"{result['job']['name']} goes on."] if plain() else [str(note) for note in result["notes"]]


def kept(config: Config, *, replaced: bool) -> str:
    """That a config is kept, and how it is used."""
    keys = ", ".join(sorted(config.values))
    instead = " instead of the one before" if replaced else ""
    return f"Config {config.name} ({keys}) is kept in this kernel{instead}. To use it: %%train --config {config.name}"


def _notebook(job: Job) -> str:
    return Path(job["notebook"]).name if job["notebook"] else ""


def _state(job: Job) -> Cell:
    return Cell(f"{icon(job['phase'])} {job['phase']}" + (", archived" if job["archived"] else ""))


def _figures(job: Job, now: float) -> list[Cell]:
    names = ranked(job["metrics"])
    first = f"{names[0]} {number(job['metrics'][names[0]]['last'])}" if names else ""
    seconds = ran_seconds(job, now=now)
    waits = sentence(job) if job["phase"] in _TOLD else job["warning"] or attempt_text(job)
    if job["phase"] in TERMINAL - _TOLD:
        waits = ""
    return [
        Cell(first),
        Cell(span_text(seconds) if seconds is not None else "", right=True),
        Cell(ago(job["submitted"], now=now), right=True),
        Cell(waits if len(waits) <= 60 else waits[:57] + "...", escape(waits)),
    ]


def _facts(job: Job, now: float) -> Iterator[tuple[str, str]]:
    archived = " It is archived." if job["archived"] else ""
    yield "state", (str(job["sentence"]) if not plain() else job["state"]) + archived
    if job["warning"] and not plain():
        yield "warning", job["warning"]
    if not plain():
        yield "id", job["id"]
        yield "submitted", f"{ago(job['submitted'], now=now)} by {job['user']}"
        seconds = ran_seconds(job, now=now)
        if seconds is not None:
            yield "ran" if job["ended"] else "runs for", span_text(seconds)
    yield "pool", f"{job['pool']}, priority {job['priority']}{weight_text(job)}"
    yield from service_words.facts(job)
    if job["phase"] == "queued" and not plain() and starts_text(job):
        yield "start", starts_text(job)
    if job["after"]:
        yield "after", waits_for(job)
    if devices_text(job):
        yield "given", devices_text(job)
    if job["notebook"] and not plain():
        yield "notebook", job["notebook"]
    if job["parent"] is not None:
        yield "made as", lineage_text(job["parent"])
    for child in job["children"] or ():
        yield "and then", lineage_text(child, child=True)
    for name, value in job["params"].items():
        changed = " (changed when it was resumed)" if name in job["overrides"] else ""
        yield f"param {name}", _value(value) + changed
    for name, value in job["tags"].items():
        yield f"tag {name}", value
    if plain() and job["metrics"]:
        yield "metrics", ", ".join(ranked(job["metrics"]))
    elif job["metrics"]:
        yield from ((f"metric {name}", number(job["metrics"][name]["last"])) for name in ranked(job["metrics"]))
    newest = job["checkpoint"]
    if newest is not None and not plain():
        count = "" if newest["count"] == 1 else f", {newest['count']} in all"
        yield "checkpoint", f"step {number(newest['step'])}, {ago(newest['created'], now=now)}{count}"
    if job["retries"]["max"]:
        yield "retries", f"{job['retries']['used']} of {job['retries']['max']} used"
    if len(job["attempts"]) > 1:
        yield from ((f"attempt {attempt['number']}", _attempt(attempt)) for attempt in job["attempts"])
    elif job["attempts"] and (words := _exit(job["attempts"][-1])):
        yield "exit", words
    for artifact in job["artifacts"] or ():
        yield "output", artifact["name"] if plain() else f"{artifact['name']} · {bytes_text(artifact['size'])}"
    yield from _spec(job["spec"] or {}, is_served=bool(job.get("service")))
    if job["run_id"] and not plain():
        yield "record", f"MLflow run {job['run_id']}"


def _spec(spec: Mapping[str, Any], *, is_served: bool) -> Iterator[tuple[str, str]]:
    resources = {key: value for key, value in (spec.get("resources") or {}).items() if value}
    if resources and resources != {"slots": 1}:
        texts = (f"{key} {bytes_text(value) if key == 'memory' else value}" for key, value in resources.items())
        yield "resources", ", ".join(texts)
    if is_served and service_words.limit_text(spec):
        yield "timeout", service_words.limit_text(spec)
    elif spec.get("timeout"):
        yield "timeout", span_text(spec["timeout"])
    if (spec.get("retries") or {}).get("max"):
        yield "tried again", retries_text(spec["retries"])
    if spec.get("checkpoints") and policy_text(spec["checkpoints"]) != _USUAL_POLICY:
        yield "checkpoints", policy_text(spec["checkpoints"])
    if spec.get("hang") and any(spec["hang"].values()):
        yield "hang", hang_text(spec["hang"])
    for key, usual in _USUAL.items():
        if spec.get(key, usual) != usual:
            yield key, _value(spec[key])
    if spec.get("context"):
        context = spec["context"]
        yield "context", f"{context['files']} file{'' if context['files'] == 1 else 's'}, {bytes_text(context['size'])}"
    for one in spec.get("data") or ():
        yield f"data {one['name']}", f"{one['words'] or one['kind']} · {bytes_text(one['size'])}"
    environment = spec.get("environment") or {}
    if not plain() and is_served:
        yield from service_words.surroundings(spec)
    elif not plain() and environment.get("python"):
        yield "python", environment["python"]
        yield "folder", environment.get("folder") or ("its context" if spec.get("context") else "its own")
    if not plain() and (is_served or environment.get("python")):
        yield "variables", ", ".join(environment.get("variables") or ()) or "none"
    if environment.get("pass_env"):
        yield "secrets", ", ".join(environment["pass_env"])
    files = [file["path"] for file in spec.get("files") or ()]
    if len(files) > 1:
        yield "files", ", ".join(files[:8]) + (f" and {len(files) - 8} more" if len(files) > 8 else "")


def _attempt(attempt: Mapping[str, Any]) -> str:
    start = attempt.get("start_step")
    said = attempt["sentence"] or attempt["state"]
    # Where it passed damaged ones over, the sentence itself begins with where it went on.
    begun = f"from step {number(start)}" if start is not None and not said.startswith("From step ") else ""
    return "  ".join(filter(None, [said, begun, _exit(attempt)]))


def _exit(attempt: Mapping[str, Any]) -> str:
    peak = attempt["peak_memory"]
    return ", ".join(
        filter(None, [exit_text(attempt), f"peak memory {bytes_text(peak)}" if peak and not plain() else ""])
    )


def _value(value: object) -> str:
    words = number(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= 80 else words[:77] + "..."
