"""One job as its card: a line of text that says what to type, and static HTML.

The live part of a card is drawn by the labextension from the store's and the
job's id alone; what is made here is what every other place shows: a terminal,
a saved notebook, a front end without the extension. In plain mode a card says
only what is the same each time.

The HTML has no script, no style sheet, no ids and no colours by name of the
page: what cleans the HTML of a notebook that somebody else has written keeps
every bit of it. ``labextension/src/renderers/job/still.ts`` writes the same
card of an ended job; tests hold the two together.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from jupyter_training.kernel import service_words
from jupyter_training.kernel.curve import COLOURS, Points, image, spark
from jupyter_training.kernel.wording import (
    TERMINAL,
    attempt_text,
    best,
    bytes_text,
    end_sentence,
    icon,
    left_text,
    lineage_text,
    lower_is_better,
    number,
    plain,
    ran_seconds,
    ranked,
    seams,
    sentence,
    short,
    span_text,
    starts_text,
)

__all__ = [
    "CURVES",
    "LIMIT",
    "LIVE",
    "Extras",
    "bundle",
    "failure",
    "headline",
    "html",
    "ranked",
    "signed",
    "text",
    "whole",
]

LIVE = "application/vnd.jupyter-training.job+json"

CURVES = 4  # more than these are named, not drawn
LIMIT = 14_000  # characters of a card's HTML, so that its message stays below 16 KB; what has no place is named

_METRICS, _PARAMS = 8, 8
_TRACEBACK_LINES, _LAST_LINES = 24, 3
_LINE_LENGTH = 200

# The icon's colours stand out on white and on black; the words take the colour of the text around them.
_COLOUR_OF = {
    "running": "#2680d8",
    "starting": "#2680d8",
    "succeeded": "#3a8f3f",
    "failed": "#e0463e",
    "stopping": "#b26a00",
    "paused": "#b26a00",
    "pausing": "#b26a00",
    "unknown": "#b26a00",
}
_USUAL = ("Running.", "Starting.")  # sentences that say no more than the phase
_GREY = "#808080"
_FAINT = "opacity:.75"

Job = Mapping[str, Any]
Series = Mapping[str, Points]


@dataclass(frozen=True)
class Extras:
    """What a card may show beside the job's view: of a failure its traceback and the lines before; a figure."""

    traceback: Sequence[str] = ()
    before: Sequence[str] = ()
    figure: str = ""  # as a data: URI


def bundle(job: Job, series: Series | None = None, extras: Extras | None = None) -> dict[str, Any]:
    """The MIME bundle of a card; in plain mode its text alone."""
    if plain():
        return {"text/plain": text(job)}
    return {
        "text/plain": text(job, series),
        "text/html": html(job, series, extras),
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
    if phase in TERMINAL:
        parts.append(end_sentence(job).removeprefix(f"{phase.capitalize()} ").removeprefix(f"{phase.capitalize()}: "))
        parts.extend(f"{name} {number(job['metrics'][name]['last'])}" for name in names[:3])
    elif phase == "running":
        parts.append("" if job["sentence"] in _USUAL else sentence(job))
        parts.append(", ".join(filter(None, [_progress_text(job), left_text(job["eta"])])))
        parts.append(attempt_text(job))
        parts.extend(_metric_text(name, job["metrics"][name], series) for name in names[:3])
    else:
        parts.append(sentence(job).removeprefix("Paused "))
        parts.append(starts_text(job) if phase == "queued" else "")
    parts.append(service_words.line(job))
    parts.append(job["warning"] or "")
    parts.append(_next_words(job))
    return "   ".join(filter(None, parts))


def html(job: Job, series: Series | None = None, extras: Extras | None = None) -> str:
    """The card as HTML, at most ``LIMIT`` characters: pictures that have no place are left out or named."""
    extras = extras or Extras()
    rows = [_head(job)]
    if job["phase"] not in ("running", "starting") or job["sentence"] not in _USUAL:
        rows.append(f"<span>{escape(end_sentence(job) if job['phase'] in TERMINAL else sentence(job))}</span>")
    failed = failure(extras)
    rows += failed if sum(map(len, failed)) < LIMIT // 2 else []
    rows.append(_warning(job))
    rows.append(_progress_html(job))
    rows.append(_figures_html(job))
    rows.append(_service(job))
    rows.append(_machine(job))
    rows.append(_parent(job))
    hint = _next_words(job)
    foot = [f'<code style="{_FAINT}">{escape(hint)}</code>'] if hint else []
    room = LIMIT - len(whole([*rows, "", *foot]))
    pictures = _pictures(job, series or {}, extras, room - 40)
    return whole([*rows, pictures, *foot])


def whole(rows: Sequence[str]) -> str:
    """The rows of a card in their frame; empty ones are left out."""
    inner = "".join(f'<div style="margin:2px 0">{row}</div>' for row in rows if row)
    return f'<div style="font-family:system-ui,sans-serif;font-size:13px;line-height:1.5;padding:4px 0">{inner}</div>'


def headline(phase: str, words: str, name: str) -> str:
    """A sign in the phase's colour, a word for it, and a name."""
    return f'{signed(phase, icon(phase))} <b>{escape(words)}</b> <b style="margin-left:12px">{escape(name)}</b>'


def signed(phase: str, sign: str) -> str:
    """A sign in the phase's colour."""
    return f'<span style="color:{_COLOUR_OF.get(phase, _GREY)}">{sign}</span>'


def _head(job: Job) -> str:
    phase = job["phase"]
    head = headline(phase, phase, job["name"]) + f'<span style="{_FAINT}"> · {escape(short(job["id"]))}</span>'
    if job["archived"]:
        head += f'<span style="{_FAINT}"> · archived</span>'
    known = [_age(job), left_text(job["eta"]), _start(job), _attempt(job)] if phase not in TERMINAL else []
    times = " · ".join(filter(None, known))
    return head + (f'<span style="{_FAINT};margin-left:12px">{escape(times)}</span>' if times else "")


def _age(job: Job) -> str:
    seconds = ran_seconds(job, now=time.time())
    return span_text(seconds) if seconds is not None else ""


def _start(job: Job) -> str:
    return starts_text(job) if job["phase"] == "queued" else ""


def _attempt(job: Job) -> str:
    """Of a job that waits or rests its sentence says where it goes on."""
    return attempt_text(job) if job["phase"] in ("starting", "running") else ""


def _warning(job: Job) -> str:
    if not job["warning"]:
        return ""
    return f"{signed('unknown', '⚠')} {escape(job['warning'])}"


def _parent(job: Job) -> str:
    """What the job was made from."""
    words = lineage_text(job["parent"]) if job["parent"] is not None else ""
    return f'<span style="{_FAINT}">{escape(words[:1].upper() + words[1:])}</span>' if words else ""


def failure(extras: Extras) -> list[str]:
    """The rows of a traceback and of the lines before it, cut where they are long."""
    rows = []
    traceback = [line[:_LINE_LENGTH] for line in extras.traceback]
    if len(traceback) > _TRACEBACK_LINES:
        first = _TRACEBACK_LINES // 3
        traceback = [*traceback[:first], "    …", *traceback[len(traceback) - 2 * first :]]
    if traceback:
        rows.append(_lines(traceback))
    last = [line[:_LINE_LENGTH] for line in extras.before if line.strip()][-_LAST_LINES:]
    if last:
        words = "Its last lines before that:" if traceback else "Its last lines:"
        rows += [f'<span style="{_FAINT}">{words}</span>', _lines(last)]
    return rows


def _lines(lines: Sequence[str]) -> str:
    return f'<pre style="margin:2px 0;font-size:12px;white-space:pre-wrap">{escape(chr(10).join(lines))}</pre>'


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
        'background-color:rgba(128,128,128,.3)">'
        f'<span style="display:block;width:{share * 100:.1f}%;height:6px;background-color:{_COLOUR_OF["running"]}">'
        "</span></span>"
    )
    return f'{bar}<span style="margin-left:12px">{words}</span>'


def _figures_html(job: Job) -> str:
    """Last and best values in one line, then the parameters and the data that came along."""
    names = ranked(job["metrics"])
    figures = []
    for name in names[:_METRICS]:
        metric = job["metrics"][name]
        words = f"{escape(name)} <b>{number(metric['last'])}</b>"
        top = best(name, metric)
        if top is not None:
            arrow = "↓" if lower_is_better(name) else "↑"
            words += f' <span style="{_FAINT}">{arrow} best {number(top[0])} at {number(top[1])}</span>'
        figures.append(words)
    if len(names) > _METRICS:
        figures.append(f"and {len(names) - _METRICS} more")
    faint = [f"{name} {_param(value)}" for name, value in list(job["params"].items())[:_PARAMS]]
    faint += [f"{one['name']} ({one['words']})" for one in job["data"]]
    if faint:
        figures.append(f'<span style="{_FAINT}">{escape(" · ".join(faint))}</span>')
    return '<span style="margin-right:16px"></span>'.join(figures)


def _param(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value)
    words = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return words if len(words) <= 24 else words[:21] + "…"


def _machine(job: Job) -> str:
    used = job["machine"]
    if job["phase"] in TERMINAL or not used:
        return ""
    words = [_cores(used["cpu"], job)] if "cpu" in used else []
    words += [f"memory {bytes_text(int(used['memory']))}"] if "memory" in used else []
    return f'<span style="{_FAINT}">{escape(" · ".join(words))}</span>' if words else ""


def _service(job: Job) -> str:
    words = service_words.line(job)
    return f'<span style="{_FAINT}">{escape(words)}</span>' if words else ""


def _cores(used: float, job: Job) -> str:
    """``CPU 1.9 of 2 cores``, to hundredths."""
    most = ((job.get("spec") or {}).get("resources") or {}).get("cpus")
    rounded = math.floor(100 * used + 0.5) / 100
    words = "<0.01" if used > 0 and not rounded else number(rounded)
    if most:
        return f"CPU {words} of {number(most)} {'core' if most == 1 else 'cores'}"
    return f"CPU {words} {'core' if rounded == 1 else 'cores'}"


def _pictures(job: Job, series: Series, extras: Extras, room: int) -> str:
    """Curves and the latest figure, as many as have room; a figure that has none is named."""
    drawn: list[str] = []

    def add(piece: str) -> bool:
        if sum(map(len, drawn)) + len(piece) > room:
            return False
        drawn.append(piece)
        return True

    figure = job["figure"]
    named = ""
    if figure is not None:
        named = _captioned(f"latest figure: {figure['name']}, {bytes_text(figure['size'])}", "")
        room -= len(named)
    for index, name in enumerate(one for one in ranked(job["metrics"]) if len(series.get(one, ())) > 1):
        picture = image(name, series[name], colour=COLOURS[index % len(COLOURS)], seams=seams(job))
        if index == CURVES or not picture:
            break
        known = [value for _, value in series[name] if value is not None]
        add(_captioned(f"{name} {number(known[0])} → {number(known[-1])}", picture))
    if figure is not None:
        shown = f'<img alt="Latest figure: {escape(figure["name"])}" height="84" src="{extras.figure}"/>'
        room += len(named)
        if not extras.figure or not add(_captioned("latest figure", shown)):
            add(named)
    return "".join(drawn)


def _captioned(caption: str, picture: str) -> str:
    return (
        '<span style="display:inline-block;margin:4px 12px 0 0">'
        f'<span style="{_FAINT};font-size:11px">{escape(caption)}</span>{"<br/>" + picture if picture else ""}</span>'
    )


def _next_words(job: Job) -> str:
    """What to type next about this job."""
    if job["phase"] == "succeeded":
        return f"%train show {short(job['id'])}"
    if job["phase"] == "failed":
        return f"%train logs {short(job['id'])}"
    if job["phase"] in ("pausing", "paused"):
        return f"%train activate {short(job['id'])}"
    return f"%train cancel {short(job['id'])}" if job["phase"] not in TERMINAL else ""
