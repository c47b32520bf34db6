"""A job where a service runs it, in words: what it runs on, what it is called there, what it has cost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jupyter_training.kernel.wording import bytes_text, plain, span_text

__all__ = ["facts", "lasting", "limit_text", "line", "planned", "stays", "surroundings"]

_LONGEST = 300  # characters of a part of a request
_LAG_FROM = 2.0  # seconds; a fresher log is as good as one that is read here

Service = Mapping[str, Any]


def line(job: Mapping[str, Any]) -> str:
    """In one line: ``2 × ml.g5.xlarge, spot · log lag 12 s · billed 8 min · 0.42 USD, 62 % saved``; or empty."""
    service = job.get("service")
    if service is None:
        return ""
    if plain():
        return str(service["machines"])
    return " · ".join(filter(None, [service["machines"], lag(service), _billed(service), _cost(service)]))


def facts(job: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """All of it, a line for each thing."""
    service = job.get("service")
    if service is None:
        return
    yield "runs on", f"{service['backend']}: {service['machines']}"
    if plain():
        return
    told = (
        ("training job", service["name"]),
        ("stage", service["stage"]),
        ("log", lag(service)),
        ("billed", _billed(service).removeprefix("billed ")),
        ("cost", _cost(service)),
        ("model", service["model"]),
    )
    yield from ((name, str(words)) for name, words in told if words)


def planned(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a dry run shows of it: uploads with their sizes, what it costs, and every part of the request."""
    service = plan.get("service")
    if service is None:
        return
    yield "runs on", f"{service['backend']}: {service['machines']}"
    for one in service["uploads"]:
        count = "" if one["files"] == 1 else f"{one['files']} files, "
        again = ", unless it is there" if one["once"] else ""
        yield f"upload {one['what']}", f"{count}{bytes_text(one['size'])} to {one['url']}{again}"
    yield "cost", str(service["cost"])
    for name, value in service["request"].items():
        words = json.dumps(value, ensure_ascii=False)
        yield f"request {name}", words if len(words) <= _LONGEST else f"{words[: _LONGEST - 3]}..."


def surroundings(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where its code runs there, and on what data; the interpreter and the folder here say nothing of that."""
    options = spec.get("options") or {}
    for name in ("image", "region"):
        if options.get(name):
            yield name, str(options[name])
    for channel, one in (options.get("inputs") or {}).items():
        said = {"uri": one} if isinstance(one, str) else one
        mode = said.get("mode", "File")
        yield f"input {channel}", f"{said['uri']}{'' if mode == 'File' else f', {mode}'}"


def limit_text(spec: Mapping[str, Any]) -> str:
    """When it is ended: a service ends every job some time, also one of which nobody said it. Empty: never."""
    options, said = spec.get("options") or {}, spec.get("timeout")
    limit = options.get("max_run") or said
    if not limit:
        return ""
    words = span_text(limit).removesuffix(" 0 m")
    if options.get("cost_limit") and options["cost_limit"] <= limit:
        return f"{words}, for max_cost"
    raw = (options.get("request") or {}).get("StoppingCondition") or {}
    return words if said or "MaxRuntimeInSeconds" in raw else f"{words} (nothing was said)"


def lasting(notes: Sequence[object]) -> list[str]:
    """The notes of a submit; what is kept in a notebook goes without a cost, whose price is of its day."""
    return [str(note) for note in notes if not (plain() and str(note).startswith("Cost: "))]


def stays(job: Mapping[str, Any]) -> str:
    """What is left of a deleted job where a service ran it, without its full stop; empty: nothing."""
    service = job.get("service")
    if service is None or not service["name"] or not job.get("attempts"):
        return ""
    before, inside, _ = (service["model"] or "").partition(f"/{service['name']}/")
    if inside:
        return f"Its outputs stay at {before}{inside}"
    return f"Its outputs at {service['backend']} ({service['name']}) stay there"


def lag(service: Service) -> str:
    """How far its log is behind: ``log lag 12 s``."""
    seconds = service["log_lag"]
    return f"log lag {span_text(seconds)}" if seconds is not None and seconds >= _LAG_FROM else ""


def _billed(service: Service) -> str:
    billable, training = service["billable"], service["training"]
    if billable is None:
        return ""
    of = f" of {span_text(training)}" if training is not None and service["saving"] is not None else ""
    return f"billed {span_text(billable)}{of}"


def _cost(service: Service) -> str:
    saving = f"{service['saving']:.0%} saved".replace("%", " %") if service["saving"] is not None else ""
    return ", ".join(filter(None, [service["cost"] or "", saving]))
