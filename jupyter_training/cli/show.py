"""``show``: all about one job."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_job, add_json, add_place
from jupyter_training.cli.place import client_of, found
from jupyter_training.kernel import service_words
from jupyter_training.kernel.card import ranked
from jupyter_training.kernel.queue_words import devices_text, waits_for, weight_text
from jupyter_training.kernel.wording import (
    ago,
    best,
    bytes_text,
    exit_text,
    icon,
    lineage_text,
    number,
    ran_seconds,
    span_text,
    starts_text,
)

__all__ = ["arguments", "run"]


def arguments(parser: Parser) -> None:
    add_job(parser)
    add_json(parser)
    add_place(parser)


def run(options: argparse.Namespace) -> int:
    with client_of(options) as client:
        (job,) = found(client, [options.job])
        view = client.job(job["id"])
    if options.json:
        say.as_json(view)
    else:
        _print(view, time.time())
    return 0


def _print(job: dict[str, Any], now: float) -> None:
    print(f"{icon(job['phase'])} {job['name']} · {job['id']} · {job['phase']}")
    print(job["sentence"])
    print()
    spec = job["spec"] or {}
    resources = {name: value for name, value in (spec.get("resources") or {}).items() if value is not None}
    ran = ran_seconds(job, now=now)
    artifacts = job["artifacts"] or ()
    say.facts(
        [
            ("parameters", say.dotted(job["params"])),
            ("submitted", f"{_moment(job['submitted'])} ({ago(job['submitted'], now=now)}) by {job['user']}"),
            ("started", _moment(job["started"])),
            ("ran", span_text(ran) if ran is not None else ""),
            ("progress", _progress(job["progress"])),
            ("pool", f"{job['pool']}, priority {job['priority']}{weight_text(job)}, {say.dotted(resources)}"),
            *service_words.facts(job),
            ("start", starts_text(job) if job["phase"] == "queued" else ""),
            ("after", waits_for(job)),
            ("given", devices_text(job)),
            ("preemptible", _unusual(spec.get("preemptible"))),
            ("code", f"{(spec.get('entry') or {}).get('path', '')} of {_count(len(spec.get('files', ())), 'file')}"),
            *(service_words.surroundings(spec) if job.get("service") else _here(spec.get("environment") or {})),
            ("timeout", service_words.limit_text(spec) if spec.get("timeout") or job.get("service") else ""),
            ("notebook", job["notebook"] or ""),
            ("checkpoint", _checkpoint(job["checkpoint"])),
            ("retries", f"{job['retries']['used']} of {job['retries']['max']} used" if job["retries"]["max"] else ""),
            ("lineage", "\n".join(_lineage(job))),
            ("warning", job["warning"] or ""),
            ("tags", say.dotted(job["tags"])),
            ("MLflow run", job["run_id"] or ""),
            ("outputs", "\n".join(f"{one['name']} ({bytes_text(one['size'])})" for one in artifacts)),
        ]
    )
    if job["metrics"]:
        print()
        say.table(METRIC_COLUMNS, metric_rows(job["metrics"]), empty="")
    if len(job["attempts"]) > 1 or any(exit_text(one) for one in job["attempts"]):
        print()
        columns = (say.Column("attempt", right=True), say.Column("state"), say.Column("", folds=True))
        say.table(columns, [_attempt(one) for one in job["attempts"]], empty="")


METRIC_COLUMNS = (
    say.Column("metric"),
    say.Column("last", right=True),
    say.Column("best", right=True),
    say.Column("lowest", right=True),
    say.Column("highest", right=True),
    say.Column("points", right=True),
    say.Column("from"),
)


def metric_rows(metrics: dict[str, Any]) -> list[tuple[str, ...]]:
    """One row for each metric, the telling ones first."""
    rows: list[tuple[str, ...]] = []
    for name in ranked(metrics):
        metric = metrics[name]
        top = best(name, metric)
        rows.append(
            (
                name,
                number(metric["last"]),
                f"{number(top[0])} at {number(top[1])}" if top else "",
                number(metric["low"]),
                number(metric["high"]),
                number(metric["count"]),
                metric["source"],
            )
        )
    return rows


def _here(environment: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "interpreter", environment.get("python") or ""
    yield "folder", environment.get("folder") or ""


def _unusual(preemptible: str | None) -> str:
    return preemptible if preemptible not in (None, "auto") else ""


def _checkpoint(newest: dict[str, Any] | None) -> str:
    return f"step {number(newest['step'])}, {_count(newest['count'], 'checkpoint')} kept" if newest is not None else ""


def _lineage(job: dict[str, Any]) -> Iterator[str]:
    if job["parent"]:
        yield lineage_text(job["parent"])
    yield from (lineage_text(one, child=True) for one in job["children"] or ())


def _attempt(attempt: dict[str, Any]) -> tuple[str, ...]:
    peak = f", peak memory {bytes_text(attempt['peak_memory'])}" if attempt["peak_memory"] else ""
    ended = exit_text(attempt)
    said = attempt["sentence"] or ""
    start = f"From step {number(attempt['start_step'])}." if attempt["start_step"] is not None else ""
    if said.startswith("From step "):  # it says why it is no newer one too
        start = ""
    words = " ".join(filter(None, [start, said, f"({ended}{peak})" if ended else ""]))
    return (str(attempt["number"]), attempt["state"], words)


def _progress(progress: dict[str, Any] | None) -> str:
    if progress is None:
        return ""
    of = f" of {number(progress['total'])}" if progress["total"] is not None else ""
    return " ".join(filter(None, [f"{progress['unit']} {number(progress['done'])}{of}", progress["text"]]))


def _moment(instant: str | None) -> str:
    """An ISO time in this machine's own zone, to the second."""
    if instant is None:
        return ""
    from datetime import datetime

    return datetime.fromisoformat(instant).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
