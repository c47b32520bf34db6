"""What is said of searches and their trials, in a notebook and in a shell alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_training.errors import TrainingError
from jupyter_training.kernel import service_words
from jupyter_training.kernel.curve import Points
from jupyter_training.kernel.wording import TERMINAL, icon, number, plain, seconds_between, short, span_text

__all__ = [
    "arrow",
    "axes_of",
    "best_text",
    "bests",
    "called",
    "config_text",
    "counts_text",
    "curve",
    "facts",
    "for_the_line",
    "is_search",
    "objective_text",
    "of_a_clone",
    "pareto_titles",
    "progress",
    "ran",
    "say_state",
    "sentence_text",
    "stop_text",
    "submitted",
    "trial_cells",
    "trial_titles",
    "value_text",
]

Search = Mapping[str, Any]
Trial = Mapping[str, Any]

_TOLD = re.compile(r"(?:^|\s+)\d+(?: of \d+)? trials?(?:[,;].*)?\.?\Z")  # "6 of 8 trials; best loss 0.3 (trial 1)."

_UNDER_WAY = ("running", "queued")
_ENDED = {
    "completed": "completed",
    "stopped": "stopped early",
    "failed": "failed",
    "invalid": "invalid",
    "canceled": "canceled",
}
_RESTS = {"held": "paused by its searcher", "paused": "paused"}
_SIGN_OF = {"completed": "succeeded", "stopped": "canceled", "invalid": "failed", "held": "paused"}
_KEYS = re.compile(r"\b(metric|mode) (?=[\w,]+)")  # in a hint: "Add mode min"
_RULES = {
    "max_trials_started": "{} trials started",
    "max_trials_completed": "{} trials at their own end",
    "max_trials_finished": "{} trials ended",
    "max_failures": "more than {} failed",
    "max_cost": "a cost of {}",
}


def is_search(view: Mapping[str, Any]) -> bool:
    """Whether a view is that of a search, and no job's."""
    return "searcher" in view


def called(search: Search) -> str:
    """A search by name and the start of its id."""
    return str(search["name"]) if plain() else f"{search['name']} · {short(search['id'])}"


def progress(search: Search) -> str:
    """``12 of 50 trials``, of those that were started."""
    total = search["total"]
    if total is None or (search["state"] in TERMINAL and total <= search["trials"]):
        return _count(search["trials"], "trial")
    return f"{number(search['trials'])} of {_count(total, 'trial')}"


def counts_text(search: Search) -> str:
    """``12 of 50 trials · 4 running · 3 stopped early``."""
    counts = search["counts"]
    words = [progress(search)]
    words += [f"{number(counts[state])} {state}" for state in _UNDER_WAY if counts.get(state)]
    words += [
        f"{number(counts[state])} {said}" for state, said in (*_RESTS.items(), *_ENDED.items()) if counts.get(state)
    ]
    return " · ".join(words)


def objective_text(search: Search) -> str:
    """``lowest loss, highest accuracy``."""
    pairs = zip(search["metrics"], search["modes"], strict=True)
    return ", ".join(f"{'lowest' if mode == 'min' else 'highest'} {name}" for name, mode in pairs)


def arrow(mode: str) -> str:
    return "↓" if mode == "min" else "↑"


def best_text(search: Search) -> str:
    """``val_accuracy ↑ 0.964 in trial 7``, of several metrics each; empty before there is one."""
    found = (f"{name} {arrow(mode)} {number(value)} in trial {trial}" for name, mode, value, trial in bests(search))
    return ", ".join(found)


def bests(search: Search) -> list[tuple[str, str, float, int]]:
    """(metric, mode, best value, its trial) of each metric: of several those of the trials that no other one beats."""
    best, pareto = search["best"], search["pareto"]
    pairs = list(zip(search["metrics"], search["modes"], strict=True))
    if best is None:
        return []
    found = [(*pairs[0], best["value"], best["trial"])]
    for name, mode in pairs[1:] if pareto else ():
        top = (min if mode == "min" else max)(pareto, key=lambda one: one["values"][name])
        found.append((name, mode, top["values"][name], top["trial"]))
    return found


def config_text(config: Mapping[str, Any], *, most: int = 8) -> str:
    """``lr 0.0123 · batch 64``."""
    words = [f"{name} {value_text(value)}" for name, value in list(config.items())[:most]]
    return " · ".join([*words, *([f"and {len(config) - most} more"] if len(config) > most else [])])


def value_text(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value)
    words = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return words if len(words) <= 24 else words[:21] + "…"


def curve(search: Search) -> Points:
    """The best so far as a line of steps."""
    points: list[tuple[float, float | None]] = []
    for at, value in search["curve"]:
        if points:
            points.append((at, points[-1][1]))
        points.append((at, value))
    return points


def say_state(state: str) -> str:
    """``✓ completed``: a trial's or a search's state with its sign."""
    return f"{icon(_SIGN_OF.get(state, state))} {_ENDED.get(state, _RESTS.get(state, state))}"


def ran(search: Search, *, now: float) -> str:
    """How long it ran, without its pauses and without the time between an end and going on."""
    until = search["ended"] or search["paused_since"]  # it may have ended in a pause
    if search["ended"] and search["paused_since"]:
        until = min(search["ended"], search["paused_since"])
    seconds = seconds_between(search["started"], until, now=now)
    return "" if seconds is None else span_text(max(0.0, seconds - search["paused_seconds"]))


def sentence_text(search: Search) -> str:
    """Its sentence beside its state and its counts, without saying these again."""
    phase = str(search["phase"]).capitalize()
    said = _TOLD.sub("", str(search["sentence"])).removeprefix(f"{phase}: ").strip()
    return "" if said.rstrip(".:").lower() == search["phase"] else said.rstrip(":")


def axes_of(search: Search) -> list[str]:
    return [axis["name"] for axis in search["space"]]


def trial_titles(search: Search) -> tuple[str, ...]:
    """The columns of a table of trials."""
    metrics = [f"{name} {arrow(mode)}" for name, mode in zip(search["metrics"], search["modes"], strict=True)]
    resource = "reports" if search["resource"] == "report" else search["resource"]
    return ("trial", "state", *metrics, resource, *axes_of(search))


def pareto_titles(search: Search) -> tuple[str, ...]:
    """The columns of a table of trials that no other one beats."""
    metrics = [f"{name} {arrow(mode)}" for name, mode in zip(search["metrics"], search["modes"], strict=True)]
    return ("trial", *metrics, *axes_of(search))


def trial_cells(search: Search, trial: Trial) -> tuple[str, ...]:
    """A row of it. Of the first metric the best value, of the others the last."""
    _, *others = search["metrics"]
    values = [number(trial["best"]), *(number(trial["values"].get(name)) for name in others)]
    axes = (value_text(trial["config"][name]) if name in trial["config"] else "" for name in axes_of(search))
    state = say_state(trial["state"])
    if trial["clone_of"] is not None:
        state += f" · clone of {trial['clone_of']}"
    return (str(trial["number"]), state, *values, number(trial["resource"]), *axes)


def of_a_clone(search: Search) -> str | None:
    """What is to be said beside the cell of the best trial, where that did not begin from nothing."""
    best = search["best"]
    if best["clone_of"] is None:
        return None
    began = f"Trial {best['trial']} began from a checkpoint of trial {best['clone_of']}"
    return f"{began}: the cell alone, which begins from nothing, may come out otherwise."


def for_the_line(error: TrainingError) -> TrainingError:
    """A refusal whose hint names keys of a search, with the options that say them on a line."""
    if error.hint and any(one.key in ("metric", "mode") for one in error.errors):
        error.hint = _KEYS.sub(r"--\1 ", error.hint)
    return error


def stop_text(search: Search) -> str:
    """What ends a search: ``50 trials started or 2 h``."""
    stop = search["stop"]
    words = [text.format(number(stop[rule])) for rule, text in _RULES.items() if stop.get(rule) is not None]
    if stop.get("max_time") is not None:
        words.append(span_text(stop["max_time"]))
    if stop.get("target") is not None:
        words.append(f"{stop['target']['metric']} at {number(stop['target']['value'])}")
    if stop.get("plateau") is not None:
        words.append(f"no better in {_count(stop['plateau']['trials'], 'trial')}")
    return " or ".join(words) or "the end of its space"


def facts(search: Search, *, now: float) -> Iterator[tuple[str, str]]:
    """Everything about one search, a line for each thing."""
    archived = " It is archived." if search["archived"] else ""
    yield "state", (search["state"] if plain() else str(search["sentence"])) + archived
    if not plain():
        yield "trials", counts_text(search)
        yield "id", search["id"]
        yield "best", best_text(search)
        if search["best"] is not None:
            yield "with", config_text(search["best"]["config"])
        yield "ran" if search["ended"] else "runs for", ran(search, now=now)
    yield "looks for", objective_text(search)
    note = f" ({search['searcher_note'].removesuffix('.')})" if search["searcher_note"] else ""
    yield "searcher", f"{search['searcher']}{note}, seed {search['seed']}"
    for axis in search["space"]:
        yield f"axis {axis['name']}", axis["words"]
    for name, value in search["constants"].items():
        yield f"param {name}", value_text(value)
    yield "at once", _count(search["workers"], "trial")
    yield "ends after", stop_text(search)
    if search["max_resource"] is not None:
        what = "reports" if search["resource"] == "report" else f"of {search['resource']}"
        yield "a whole trial", f"{number(search['max_resource'])} {what}"
    yield "pool", f"{search['pool']}, priority {search['priority']}"
    if search["updater"]:
        yield "updater", search["updater"]
    if not plain():
        for text in search["notes"]:
            yield "note", text
        if search["notebook"]:
            yield "notebook", search["notebook"]
        if search["run_id"]:
            yield "record", f"MLflow run {search['run_id']}"


def submitted(result: Mapping[str, Any]) -> list[str]:
    """What a submit's answer says beside the card of a search."""
    search = result["experiment"]
    own = f"{search['name']} {short(search['id'])}"
    notes = [one.replace(own, search["name"]) if plain() else one for one in service_words.lasting(result["notes"])]
    if not result["reused"]:
        return notes
    if search["ended"] is None:
        phase = "active" if plain() else search["phase"]
        return [f"{called(search)} is already {phase}: the same search. For another one: --if-exists new.", *notes]
    said = f"{called(search)} has succeeded, and nothing has changed: no new search."
    return [f"{said} For another one: --if-exists new; for more trials of it: experiment extend.", *notes]


def _count(count: int, noun: str) -> str:
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"
