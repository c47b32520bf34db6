"""Numbers, spans, ids and states as people write them."""

from __future__ import annotations

import math
import os
import re
import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = [
    "TERMINAL",
    "ago",
    "all_archived",
    "attempt_text",
    "best",
    "bytes_text",
    "end_sentence",
    "exit_text",
    "icon",
    "left_text",
    "lineage_text",
    "lower_is_better",
    "number",
    "plain",
    "ran_seconds",
    "range_text",
    "ranked",
    "seams",
    "seconds_between",
    "sentence",
    "short",
    "span_text",
    "start_text",
    "starts_text",
    "unmeasured",
]

TERMINAL = frozenset({"succeeded", "failed", "canceled"})
THIN = "\u2009"

_QUANTITY = re.compile(r"\d+(?:\.\d+)?\s(?:B|kB|MB|GB|TB|s|min|h|d)\b")

_ICONS = {
    "queued": "◔",
    "starting": "◌",
    "running": "●",
    "pausing": "❚",
    "paused": "❚❚",
    "stopping": "◍",
    "succeeded": "✓",
    "failed": "✕",
    "canceled": "⊘",
    "unknown": "?",
}
_LOWER = re.compile(
    r"(?:^|[_./-])(?:loss|error|err|mse|rmse|mae|mape|nll|perplexity|ppl|cost|wer|cer|regret)(?:$|[_./-])"
)
_HIGHER = re.compile(
    r"(?:^|[_./-])(?:acc\w*|score|auc|auroc|f1|r2|precision|recall|iou|map|bleu|rouge\w*|reward|return)(?:$|[_./-])"
)


def plain() -> bool:
    """Whether outputs are to be the same each time: no times, ids and rates (``JUPYTER_TRAINING_PLAIN=1``)."""
    return os.environ.get("JUPYTER_TRAINING_PLAIN", "") not in ("", "0")


def icon(phase: str) -> str:
    return _ICONS.get(phase, "·")


def short(job_id: str) -> str:
    """The start of an id that is enough to type."""
    return job_id[:6]


def number(value: float | None) -> str:
    """Three significant digits; whole numbers whole, with thin spaces between thousands."""
    if value is None:
        return "–"
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}".replace(",", THIN)
    if 1e-3 <= abs(value) < 1e6:
        digits = f"{value:.3g}"
        return f"{float(digits):,.0f}".replace(",", THIN) if "e" in digits or abs(value) >= 1000 else digits
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def lower_is_better(name: str) -> bool | None:
    """What the name of a metric says about its direction; None when it says nothing."""
    words = name.lower()
    if _LOWER.search(words):
        return True
    return False if _HIGHER.search(words) else None


def best(name: str, metric: Mapping[str, Any]) -> tuple[float, int] | None:
    """The best value of a metric and its step, where the name tells which way is better."""
    lower = lower_is_better(name)
    if lower is None:
        return None
    value, step = (metric["low"], metric["low_step"]) if lower else (metric["high"], metric["high_step"])
    return None if value is None or step is None else (value, step)


def ranked(metrics: Mapping[str, Any]) -> list[str]:
    """Metric names with the telling ones first: what is validated, then what has a better side, then the rest."""

    def rank(name: str) -> tuple[bool, bool, int, str]:
        validated = any(word in name.lower() for word in ("val", "test", "eval"))
        return (name == "epoch", not validated, (False, True, None).index(lower_is_better(name)), name)

    return sorted(metrics, key=rank)


def end_sentence(job: Mapping[str, Any]) -> str:
    """The sentence of an ended job; of a success with what it came to: "...; best val_accuracy 0.964 at epoch 11."."""
    said, names = str(job["sentence"]), ranked(job["metrics"])
    top = best(names[0], job["metrics"][names[0]]) if names else None
    if job["phase"] != "succeeded" or top is None:
        return said
    step = (job["progress"] or {}).get("unit") or "step"
    return f"{said.removesuffix('.')}; best {names[0]} {number(top[0])} at {step} {number(top[1])}."


def left_text(eta: Mapping[str, float] | None) -> str:
    """``about 6-8 min left``, as coarse as a guess is; empty when nothing is known."""
    if eta is None:
        return ""
    words = range_text(eta["low"], eta["high"])
    return f"about {words} left" if words else "a moment left"


def starts_text(job: Mapping[str, Any]) -> str:
    """When a job or a row of the queue starts: ``starts in 4-9 min``; or why that can't be told, where it is."""
    start = job["start"]
    if start is None:
        return str(job["start_note"] or "")
    if start["high"] is None:
        return f"starts in {span_text(start['low'])} or later" if start["low"] >= 1 else "starts nobody knows when"
    words = range_text(start["low"], start["high"])
    if not words:
        return "starts in a moment"
    # A range that begins at nothing has its end alone.
    return f"starts within {words}" if "–" not in words and start["low"] < start["high"] / 2 else f"starts in {words}"


def range_text(low: float, high: float) -> str:
    """A range of seconds, as coarse as a guess is: ``6-8 min``; empty where it is a moment."""
    if high < 90:
        step, unit = (1 if high < 20 else 5), "s"
        low, high = step * math.floor(low / step), step * math.ceil(high / step)
        if high <= 1:
            return ""
    elif high < 90 * 60:
        unit, low, high = "min", math.floor(low / 60), math.floor(high / 60 + 0.5)
    else:
        unit, size = ("h", 3600) if high < 48 * 3600 else ("d", 86400)
        low, high = (math.floor(2 * value / size + 0.5) / 2 for value in (low, high))
    ends = f"{high:g}" if low in (0, high) else f"{low:g}–{high:g}"
    return f"{ends} {unit}"


def span_text(seconds: float) -> str:
    """A span, short: ``0.4 s``, ``18 s``, ``4 min``, ``2 h 10 m``, ``3 d``."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} m" if hours < 48 else f"{hours // 24} d"


def sentence(job: Mapping[str, Any]) -> str:
    """The job's sentence beside its state: without saying the state again, and in plain mode without quantities."""
    words = str(job["sentence"]).removeprefix(f"{str(job['state']).capitalize()}: ")
    return unmeasured(words) if plain() else words


def unmeasured(words: str) -> str:
    """The words without quantities, which differ from time to time."""
    return _QUANTITY.sub("...", words)


def attempt_text(job: Mapping[str, Any]) -> str:
    """Which attempt this is and where it began: ``attempt 2 of 6, from step 10``; empty for a first one from its start.

    Pauses begin attempts too, and cost no retry: then both are counted.
    """
    attempts, retries = job["attempts"], job["retries"]
    if not attempts:
        return ""
    latest, used, most = attempts[-1], retries["used"], retries["max"]
    words = [f"attempt {latest['number']}"] if latest["number"] > 1 else []
    if used and used == latest["number"] - 1 and used <= most:
        words = [f"attempt {latest['number']} of {most + 1}"]
    elif used:
        words.append(f"retry {used} of {most}")
    if latest.get("start_step") is not None:
        words.append(f"from step {number(latest['start_step'])}")
    return ", ".join(words)


def all_archived(page: Mapping[str, Any], line: str) -> str | None:
    """Why a list is empty, from a page of what is archived, with the line that lists that; None: nothing is."""
    count = len(page["jobs"])
    if count == 0:
        return None
    if count == 1:
        return f"The only job is archived; `{line}` shows it."
    which = f"All jobs are archived, more than {count}" if page["next"] else f"All {count} jobs are archived"
    return f"{which}; `{line}` shows them."


def start_text(job: Mapping[str, Any]) -> str:
    """Where the next attempt of a job begins: ``from step 10``."""
    newest = job["checkpoint"]
    return f"from step {number(newest['step'])}" if newest is not None else "from the beginning"


def lineage_text(one: Mapping[str, Any], *, child: bool = False) -> str:
    """What a job was made from, or with ``child`` what was made from it: ``continues digits · 3f2a91 from step 10``."""
    name = one["name"]
    who = "a job that is deleted" if name is None else name if plain() else f"{name} · {short(one['job'])}"
    if one["relation"] == "fork":
        return f"forked as {who}" if child else f"a fork of {who}"
    at = f" from step {number(one['step'])}" if one["step"] is not None else ""
    return f"continued as {who}{at}" if child else f"continues {who}{at}"


def seams(job: Mapping[str, Any]) -> list[int]:
    """The steps at which a job's later attempts began."""
    return sorted({one["start_step"] for one in job["attempts"][1:] if one.get("start_step") is not None})


def seconds_between(start: str | None, end: str | None, *, now: float) -> float | None:
    """Seconds from one ISO time to another, or to ``now`` (epoch) while there is no end."""
    if start is None:
        return None
    last = _epoch(end) if end is not None else now
    return max(0.0, last - _epoch(start))


def ran_seconds(job: Mapping[str, Any], *, now: float) -> float | None:
    """Seconds that a job ran, or runs for now, without its pauses; None: it has not begun."""
    begun = [one for one in job["attempts"] if one["started"] is not None]
    if not begun:
        return seconds_between(job["started"], job["ended"], now=now)
    spans = (seconds_between(one["started"], one["ended"] or job["ended"], now=now) for one in begun)
    return sum(span for span in spans if span is not None)


def ago(instant: str, *, now: float) -> str:
    seconds = max(0.0, now - _epoch(instant))
    return "just now" if seconds < 5 else f"{span_text(seconds)} ago"


def bytes_text(size: int) -> str:
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}" if unit != "B" else f"{size} B"
        value /= 1000
    return f"{value:.3g} TB"


def exit_text(attempt: Mapping[str, Any]) -> str:
    """How a process ended, decoded: ``exit code 3``, ``ended by signal 9 (SIGKILL)``."""
    if attempt.get("signal"):
        return f"ended by signal {attempt['signal']}{_signal(attempt['signal'])}"
    code = attempt.get("exit_code")
    if code is None:
        return ""
    return f"exit code {code}{_signal(code - 128)}"  # a shell's way to say the same


def _signal(number: int) -> str:
    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""


def _epoch(instant: str) -> float:
    moment = datetime.fromisoformat(instant)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
