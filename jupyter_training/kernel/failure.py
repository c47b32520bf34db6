"""Errors as they stand in a notebook: what, where, what to do; never a traceback of ours.

IPython asks an exception for ``_render_traceback_`` and shows these lines in
its place. The output is a proper error, so that Run All and CI stop at it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_training.errors import JobFailed, Problem, TrainingError
from jupyter_training.kernel.terminal_text import collapsed
from jupyter_training.kernel.wording import bytes_text, exit_text, plain, sentence, short

__all__ = ["Detached", "ending", "failed", "key_of", "place_of_key", "present"]

_TRACEBACK = "Traceback (most recent call last):"
_LOG_LINES = 10
_FULL_KEYS = {name: f"resources.{name}" for name in ("slots", "gpus", "cpus", "memory")} | {
    "pass_env": "environment.pass_env"
}


class Detached(KeyboardInterrupt):
    """The person interrupted the waiting; the job goes on."""

    def __init__(self, jobs: Sequence[Mapping[str, Any]]) -> None:
        names = " and ".join(job["name"] for job in jobs)
        ids = "JOB" if plain() else " ".join(short(job["id"]) for job in jobs)
        if all(job["phase"] == "paused" for job in jobs):
            words = f"{names} {'is' if len(jobs) == 1 else 'are'} paused. To go on: %train activate {ids}"
        else:
            words = f"{names} {'goes' if len(jobs) == 1 else 'go'} on. To stop training: %train cancel {ids}"
        super().__init__(f"Stopped waiting; {words}")

    def _render_traceback_(self) -> list[str]:
        return [f"Detached: {self}"]


def present(
    error: TrainingError,
    text: str = "",
    *,
    places: Mapping[str, tuple[int, int]] | None = None,
    label: str = "cell",
    top: int = 1,
) -> TrainingError:
    """The error, made to show itself in short, with the lines of ``text`` it speaks of.

    ``places`` says where in the magic line a key of the wish was written; ``top``
    is that line's number. Problems in line 1 are problems of the magic line.
    """
    if hasattr(error, "_render_traceback_"):  # it knows how already
        return error
    lines = [f"{type(error).__name__}: {error.detail}"]
    if isinstance(error, JobFailed):
        lines += _job_lines(error)
    else:
        lines += _source_lines(error, text.splitlines(), places or {}, label, top)
    if error.hint:
        lines += error.hint.splitlines()
    error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
    return error


def failed(job: Mapping[str, Any], log: str, *, on_card: bool = False) -> JobFailed:
    """The failure of a job that was waited for; ``log`` is the end of its log.

    ``on_card``: the page draws the card right above, with the traceback and the
    last lines; then the error is one line, and where to look.
    """
    verb = "did not finish" if job["state"] == "canceled" else "failed"
    hint = None if plain() else f"The whole log: %train logs {short(job['id'])}"
    error = JobFailed(f"{job['name']} {verb}: {sentence(job)}", job=job, log=log, hint=hint)
    if on_card and hint is not None:
        lines = [f"JobFailed: {error.detail}", f"More is on its card. {hint}"]
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
    return error


def _job_lines(error: JobFailed) -> list[str]:
    traceback, before = ending(error.log)
    lines: list[str] = []
    if traceback:
        lines += ["", *traceback]
    tail = [line for line in before if line.strip()][-_LOG_LINES:]
    if tail:
        lines += ["", "Its last lines:" if not traceback else "Its last lines before that:"]
        lines += [f"    {line}" for line in tail]
    attempt: Mapping[str, Any] = next(reversed(error.job.get("attempts") or []), {})
    ended = exit_text(attempt)
    if ended:
        peak = attempt.get("peak_memory")
        lines += ["", ended + (f", peak memory {bytes_text(peak)}" if peak and not plain() else "")]
    return lines


def ending(text: str) -> tuple[list[str], list[str]]:
    """The last traceback of a log, to its exception's line, and what was printed before it; either may be empty."""
    log = [line.rstrip() for line in collapsed(text).rstrip().split("\n")] if text.strip() else []
    starts = [number for number, line in enumerate(log) if line.startswith(_TRACEBACK)]
    if not starts:
        return [], log
    first = starts[-1]
    while len(starts) > 1 and _is_chained(log[starts[-2] : first]):  # "During handling of the above exception ..."
        starts.pop()
        first = starts[-1]
    return log[first:], log[:first]


def _is_chained(between: list[str]) -> bool:
    words = [line for line in between if line.strip()]
    return bool(words) and re.match(r"(During handling of|The above exception was)", words[-1]) is not None


def _source_lines(
    error: TrainingError, text: list[str], places: Mapping[str, tuple[int, int]], label: str, top: int
) -> list[str]:
    """The lines that the problems point at, each with a caret under the place."""
    problems = error.errors or (Problem("", key=key_of(error)),)
    lines: list[str] = []
    for problem in problems[:5]:
        line, column, width = problem.line, problem.column, 1
        if line is None and problem.key is not None:
            found = place_of_key(problem.key, places)
            if found is not None:
                line, (column, width) = 1, found
                if problem.column is not None and problem.key.startswith("params.") and 0 < top <= len(text):
                    # A fault within an expression: its column counts from behind the "=".
                    raw = text[top - 1][column - 1 : column - 1 + width]
                    behind = raw.find("=") + problem.column
                    column, width = (column + behind, 1) if behind < width else (column, width)
        if line == 1:
            line = top
        if line is None or not 0 < line <= len(text):
            if problem.detail and problem.detail not in error.detail and len(problems) > 1:
                lines.append(f"  {problem.key + ': ' if problem.key else ''}{problem.detail}")
            continue
        source = text[line - 1]
        if line == top and column is not None and width == 1:
            word = re.match(r"\S+", source[column - 1 :])
            width = word.end() if word else 1
        lines.append(f"  {label}, line {line}")
        lines.append(f"    {source}")
        if column is not None:
            blank = re.sub(r"[^\t]", " ", source[: column - 1])  # tabs stay, so that the caret stands right
            lines.append(f"    {blank}{'^' * max(1, width)}")
    return lines


def place_of_key(key: str, places: Mapping[str, tuple[int, int]]) -> tuple[int, int] | None:
    """Where a key was written: itself, the key that it belongs to, or the first that belongs to it (``hang`` for
    ``hang.after``, as a refusal may speak of either)."""
    below = (place for other, place in places.items() if other.startswith(f"{key}."))
    return places.get(key) or places.get(key.rpartition(".")[0]) or next(below, None)


def key_of(error: TrainingError) -> str | None:
    """The key that a sentence begins with (``gpus: it asks for 4``), or that its kind stands for."""
    if error.code == "unknown_pool":
        return "pool"
    found = re.match(r"([a-z_]+(?:\.\w+)?):? ", error.detail)
    if found is None:
        return None
    return _FULL_KEYS.get(found[1], found[1])
