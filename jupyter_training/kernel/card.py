"""One job as its card: a line of text that says what to type, and static HTML.

The live part of a card is drawn by the labextension from the store's and the
job's id alone; what is made here is what every other place shows: a terminal,
a saved notebook, a front end without the extension. In plain mode a card says
only what is the same each time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from html import escape
from typing import Any

from jupyter_training.kernel.curve import COLOURS, Points, spark, svg
from jupyter_training.kernel.wording import (
    TERMINAL,
    best,
    icon,
    lower_is_better,
    number,
    plain,
    seconds_between,
    sentence,
    short,
    span_text,
)

__all__ = ["CURVES", "LIVE", "bundle", "html", "ranked", "text"]

LIVE = "application/vnd.jupyter-training.job+json"

CURVES = 4  # more than these are named, not drawn
_COLOUR_OF = {
    "running": "var(--jp-brand-color1, #2680d8)",
    "starting": "var(--jp-brand-color1, #2680d8)",
    "succeeded": "var(--jp-success-color1, #3a8f3f)",
    "failed": "var(--jp-error-color1, #e0463e)",
    "stopping": "var(--jp-warn-color1, #b26a00)",
    "paused": "var(--jp-warn-color1, #b26a00)",
    "pausing": "var(--jp-warn-color1, #b26a00)",
    "unknown": "var(--jp-warn-color1, #b26a00)",
}
_FAINT = "opacity:.75"

Job = Mapping[str, Any]
Series = Mapping[str, Points]


def bundle(job: Job, series: Series | None = None) -> dict[str, Any]:
    """The MIME bundle of a card; in plain mode its text alone."""
    if plain():
        return {"text/plain": text(job)}
    return {
        "text/plain": text(job, series),
        "text/html": html(job, series),
        LIVE: {"store": job["store"], "job": job["id"]},
    }


def text(job: Job, series: Series | None = None) -> str:
    """One line: which job, how it stands, and what to type next."""
    phase, names = job["phase"], ranked(job["metrics"])
    if plain():
        # How far it is when somebody looks is chance; that it was submitted and how it ended is not.
        words = (
            [f"{job['name']} {phase}", ", ".join(sorted(names))] if phase in TERMINAL else [f"{job['name']} submitted"]
        )
        return "   ".join(filter(None, words))
    parts = [f"{job['name']} · {short(job['id'])} {phase}"]
    if phase not in ("running", "succeeded"):
        parts.append(sentence(job))
    elif phase == "succeeded" and (seconds := _lasted(job)) is not None:
        parts.append(f"in {span_text(seconds)}")
    if phase == "running":
        parts.append(_progress_text(job))
    parts.extend(_metric_text(name, job["metrics"][name], series) for name in names[:3])
    parts.append(_next_words(job))
    return "   ".join(filter(None, parts))


def html(job: Job, series: Series | None = None) -> str:
    """The card as HTML: no script, no style sheet, colours of the notebook around it."""
    phase = job["phase"]
    names = ranked(job["metrics"])
    seconds = _lasted(job)
    head = (
        f'<span style="color:{_COLOUR_OF.get(phase, "inherit")}">{icon(phase)} <b>{escape(phase)}</b></span> '
        f'<b style="margin-left:12px">{escape(job["name"])}</b>'
        f'<span style="{_FAINT}"> · {escape(short(job["id"]))}</span>'
        + (f'<span style="{_FAINT};margin-left:12px">{span_text(seconds)}</span>' if seconds is not None else "")
    )
    rows = [head]
    if phase not in ("running", "succeeded"):
        rows.append(f"<span>{escape(sentence(job))}</span>")
    rows.append(_progress_html(job))
    rows.append(_figures_html(job, names))
    rows.append(_curves_html(names, series or {}))
    hint = _next_words(job)
    if hint:
        rows.append(f'<code style="{_FAINT}">{escape(hint)}</code>')
    inner = "".join(f'<div style="margin:2px 0">{row}</div>' for row in rows if row)
    return (
        '<div style="font-family:var(--jp-ui-font-family, system-ui, sans-serif);'
        'font-size:var(--jp-ui-font-size1, 13px);line-height:1.5;font-variant-numeric:tabular-nums;padding:4px 0">'
        f"{inner}</div>"
    )


def ranked(metrics: Mapping[str, Any]) -> list[str]:
    """Metric names with the telling ones first: what is validated, then what has a better side, then the rest."""

    def rank(name: str) -> tuple[bool, bool, bool, str]:
        lower = lower_is_better(name)
        validated = any(word in name.lower() for word in ("val", "test", "eval"))
        return (name == "epoch", not validated, lower is not False, name)

    return sorted(metrics, key=rank)


def _lasted(job: Job) -> float | None:
    return seconds_between(job["started"], job["ended"], now=time.time())


def _metric_text(name: str, metric: Mapping[str, Any], series: Series | None) -> str:
    words = f"{name} {number(metric['last'])}"
    top = best(name, metric)
    if top is not None and top[0] != metric["last"]:
        words += f" (best {number(top[0])} at {number(top[1])})"
    line = spark(series.get(name, ())) if series else ""
    return f"{words} {line}" if line else words


def _progress_text(job: Job) -> str:
    progress = job["progress"]
    if not progress:
        return ""
    total = f"/{number(progress['total'])}" if progress["total"] else ""
    return f"{progress['unit']} {number(progress['done'])}{total}"


def _progress_html(job: Job) -> str:
    progress = job["progress"]
    if not progress or not progress["total"] or job["phase"] in TERMINAL:
        return ""
    share = max(0.0, min(1.0, progress["done"] / progress["total"]))
    words = escape(f"{progress['unit']} {number(progress['done'])} / {number(progress['total'])}")
    bar = (
        f'<span role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{share * 100:.0f}" '
        f'aria-label="{words}" style="display:inline-block;width:220px;height:6px;vertical-align:middle;'
        'background:var(--jp-border-color2, rgba(128,128,128,.3))">'
        f'<span style="display:block;width:{share * 100:.1f}%;height:6px;background:{_COLOUR_OF["running"]}">'
        "</span></span>"
    )
    return f'{bar}<span style="margin-left:12px">{words}</span>'


def _figures_html(job: Job, names: list[str]) -> str:
    """Last and best values in one line, then the parameters."""
    figures = []
    for name in names[: 2 * CURVES]:
        metric = job["metrics"][name]
        words = f"{escape(name)} <b>{number(metric['last'])}</b>"
        top = best(name, metric)
        if top is not None:
            arrow = "↓" if lower_is_better(name) else "↑"
            words += f' <span style="{_FAINT}">{arrow} best {number(top[0])} at {number(top[1])}</span>'
        figures.append(words)
    if len(names) > 2 * CURVES:
        figures.append(f"and {len(names) - 2 * CURVES} more")
    params = " · ".join(f"{name} {_param(value)}" for name, value in list(job["params"].items())[:8])
    if params:
        figures.append(f'<span style="{_FAINT}">{escape(params)}</span>')
    return '<span style="margin-right:16px"></span>'.join(figures)


def _param(value: object) -> str:
    if isinstance(value, float):
        return number(value)
    words = str(value)
    return words if len(words) <= 24 else words[:21] + "..."


def _curves_html(names: list[str], series: Series) -> str:
    drawn = []
    for index, name in enumerate(one for one in names if len(series.get(one, ())) > 1):
        if index == CURVES:
            break
        picture = svg(name, series[name], colour=COLOURS[index % len(COLOURS)])
        if picture:
            drawn.append(
                '<figure style="display:inline-block;margin:4px 12px 0 0">'
                f'<figcaption style="{_FAINT};font-size:11px">{escape(name)}</figcaption>{picture}</figure>'
            )
    return "".join(drawn)


def _next_words(job: Job) -> str:
    """What to type next about this job."""
    if job["phase"] == "succeeded":
        return f"%train show {short(job['id'])}"
    if job["phase"] == "failed":
        return f"%train logs {short(job['id'])}"
    return f"%train cancel {short(job['id'])}" if job["phase"] not in TERMINAL else ""
