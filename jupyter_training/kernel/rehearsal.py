"""What ``%%train --test`` shows: what became of the code when it was tried for one step.

Five things are tried, one after the other; each went well, failed, or was not
reached. Nothing of the trial is kept, so that the card says everything itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any

from jupyter_training.errors import Refused
from jupyter_training.kernel import card
from jupyter_training.kernel.failure import ending
from jupyter_training.kernel.tables import Cell, Table
from jupyter_training.kernel.terminal_text import collapsed
from jupyter_training.kernel.wording import plain, span_text, unmeasured

__all__ = ["TestFailed", "begun", "bundle", "failed", "given_up", "untold"]

Found = Mapping[str, Any]  # RehearsalView

_LOG_LINES = 10
_SIGNS = {True: ("✓", "ok", "succeeded"), False: ("✕", "failed", "failed"), None: ("·", "not tried", "")}


class TestFailed(Refused):
    """The code failed when it was tried for one step."""

    __test__ = False  # no test case, whatever its name says to pytest
    code = "test_failed"


class _GivenUp(KeyboardInterrupt):
    """The person interrupted the trial."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@contextmanager
def given_up() -> Iterator[None]:
    """An interrupt meanwhile is one line."""
    try:
        yield
    except KeyboardInterrupt:
        raise _GivenUp("The test is given up; nothing of it is kept.") from None


def begun(name: str) -> dict[str, Any]:
    """What stands there while it is tried."""
    words = "Its code is tried for one step, and once more from its checkpoint."
    shown = card.whole([card.headline("running", "testing", name), f"<span>{words}</span>"])
    return {"text/plain": f"{name}: {words[0].lower()}{words[1:]}", "text/html": shown}


def untold(name: str) -> dict[str, Any]:
    """What stands there when no result came."""
    words = f"{name} was not tested."
    return {"text/plain": words} if plain() else {"text/plain": words, "text/html": card.whole([escape(words)])}


def bundle(name: str, found: Found) -> dict[str, Any]:
    """The MIME bundle of the result; in plain mode its text alone, the same for the same end."""
    shown = {"text/plain": text(name, found)}
    return shown if plain() else {**shown, "text/html": html(name, found)}


def failed(name: str, found: Found, *, shown: bool) -> TestFailed:
    """The error of a trial that failed; short where the card above shows the rest."""
    error = TestFailed(_verdict(name, found))
    lines = [f"TestFailed: {error.detail}"]
    if not shown and found["error"]:
        lines += ["", *_traceback(found)]
    error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
    return error


def text(name: str, found: Found) -> str:
    """A line for each thing that was tried, then the traceback and the end of the log."""
    lines = [_verdict(name, found), _table(found).text]
    if found["error"]:
        lines += ["", *_traceback(found)]
    last = _last_lines(found)
    if last:
        lines += ["", "Its last lines:", *(f"    {line}" for line in last)]
    return "\n".join(lines)


def html(name: str, found: Found) -> str:
    """The same as a card."""
    verdict = ("succeeded", "test passed") if found["ok"] else ("failed", "test failed")
    said = f"<span>{escape(found['sentence'])}</span>" if found["ok"] else ""  # of a failure its row says it
    rows = [card.headline(*verdict, name), said, _table(found).html]
    rows += card.failure(card.Extras(_traceback(found), _last_lines(found)))
    return card.whole(rows)


def _verdict(name: str, found: Found) -> str:
    if found["ok"]:
        return f"{name} passed its test." + ("" if plain() else f" {found['sentence']}")
    return f"{name} failed its test: {_said(found['sentence'])}"


def _table(found: Found) -> Table:
    rows = []
    for step in found["steps"]:
        sign, word, phase = _SIGNS[step["ok"]]
        row = [Cell(f"{sign} {step['name']}", f"{card.signed(phase, sign)} {step['name']}"), Cell(word)]
        if plain():  # what went well is said in sizes and times
            rows.append([*row, Cell("" if step["ok"] else _said(step["sentence"]))])
            continue
        took = span_text(step["seconds"]) if step["seconds"] is not None else ""
        rows.append([*row, Cell(took, right=True), Cell(step["sentence"])])
    return Table([""] * len(rows[0]) if rows else (), rows)


def _said(sentence: str) -> str:
    return unmeasured(sentence) if plain() else sentence


def _traceback(found: Found) -> list[str]:
    """The person's own traceback; what came before it in the text is left out."""
    if not found["error"]:
        return []
    traceback, words = ending(found["error"])
    return traceback or words


def _last_lines(found: Found) -> list[str]:
    """The end of what it printed, without the traceback that stands above."""
    traceback, before = ending(collapsed(found["log"]))
    lines = before if traceback and found["error"] else [*before, *traceback]
    return [line for line in lines if line.strip()][-_LOG_LINES:]
