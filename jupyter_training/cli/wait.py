"""``wait``: stay until jobs have ended, and show how they go."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import time
from collections.abc import Collection, Iterator
from typing import Any

from jupyter_training.cli import say
from jupyter_training.cli.arguments import Parser, add_job, add_json, add_place, span
from jupyter_training.cli.jobs import telling_metric
from jupyter_training.cli.place import client_of, found
from jupyter_training.client import experiment_waiting, waiting
from jupyter_training.client.client import Client
from jupyter_training.client.experiment_waiting import is_driver
from jupyter_training.kernel import search_words
from jupyter_training.kernel.wording import icon, number, ran_seconds, span_text

__all__ = ["arguments", "detaching", "run", "stay"]

_BAR = 24  # signs of a progress bar
_BETWEEN_LINES = 5.0  # seconds between two lines that differ in progress only, where lines stay


def arguments(parser: Parser) -> None:
    parser.epilog = "Exit code 0: all succeeded; 1: one did not; 3: time is up; 130: interrupted, and the jobs go on."
    add_job(parser, several=True)
    parser.add_argument("--timeout", metavar="TIME", type=span, help="stay no longer than this, like 90s or 2h")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but failures")
    add_json(parser)
    add_place(parser)


def run(options: argparse.Namespace) -> int:
    with client_of(options) as client:
        jobs = found(client, options.jobs)
        return stay(
            client,
            [job["id"] for job in jobs],
            timeout=options.timeout,
            as_json=options.json,
            quiet=options.quiet or options.json,
            searches={job["id"] for job in jobs if is_driver(job)},
        )


def stay(
    client: Client,
    ids: list[str],
    *,
    timeout: float | None,
    as_json: bool,
    quiet: bool,
    searches: Collection[str] = (),
) -> int:
    """Wait for jobs, one after the other; 1 if one did not succeed. Those in ``searches`` are searches.

    Raises:
        TimeoutError: they had not all ended after ``timeout`` seconds.
        KeyboardInterrupt: with the sentence that the job goes on.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    failed = False
    ended = []
    for job in ids:
        lines = None if quiet else _Lines()
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            wait = client.wait_for_experiment if job in searches else client.wait
            view = wait(job, timeout=left, on_change=lines)
        finally:
            if lines is not None:
                lines.finish()
        ended.append(view)
        if view["state"] != "succeeded":
            failed = True
            _say_failure(client, view)
    if as_json:
        say.as_json(ended[0] if len(ended) == 1 else ended)
    return 1 if failed else 0


@contextlib.contextmanager
def detaching(name: str, job: str) -> Iterator[None]:
    """Give an interrupt, wherever it strikes in here, the sentence that the job goes on."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(str(interrupt) or f"Detached from {name} ({job}); it goes on.") from None


def _say_failure(client: Client, view: dict[str, Any]) -> None:
    if search_words.is_search(view):
        say.failure(experiment_waiting.failure(view), as_json=False)
        print(f"Its trials: jupyter training experiment trials {view['id'][:6]}", file=sys.stderr)
        return
    error = waiting.failure(client, view)
    say.failure(error, as_json=False)
    if view["attempts"]:
        print(f"The whole log: jupyter training logs {view['id'][:6]}", file=sys.stderr)


class _Lines:
    """A job's progress: one line that is redrawn on a terminal, else lines that stay."""

    def __init__(self) -> None:
        self._redraws = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._phase: str | None = None
        self._shown = ""
        self._at = float("-inf")
        self._open = False

    def __call__(self, view: dict[str, Any]) -> None:
        text = _line(view, drawn=self._redraws)
        changed = view["phase"] != self._phase
        now = time.monotonic()
        if text == self._shown or not (changed or self._redraws or now - self._at >= _BETWEEN_LINES):
            return
        if self._redraws:
            width = shutil.get_terminal_size().columns
            sys.stdout.write(f"\r\x1b[2K{text[: width - 1]}")
            self._open = True
            if waiting.has_ended(view):
                self.finish()
        else:
            print(text)
        sys.stdout.flush()
        self._phase, self._shown, self._at = view["phase"], text, now

    def finish(self) -> None:
        if self._open:
            self._open = False
            print(flush=True)


def _line(view: dict[str, Any], *, drawn: bool) -> str:
    """``● running  digits  epoch 13 / 40  val_accuracy 0.962  2 min``, with a bar where it is ``drawn``."""
    parts = [f"{icon(view['phase'])} {view['phase']}", view["name"]]
    if search_words.is_search(view):
        says = "" if view["phase"] in ("running", "starting") else search_words.sentence_text(view)
        parts += [says, search_words.counts_text(view), search_words.best_text(view)]
        return "  ".join(filter(None, [*parts, search_words.ran(view, now=time.time())]))
    if view["phase"] in ("running", "starting"):
        ran = ran_seconds(view, now=time.time())
        parts += [*_progress(view, drawn=drawn), telling_metric(view), span_text(ran) if ran is not None else ""]
    else:
        parts += [view["sentence"], telling_metric(view)]
    return "  ".join(filter(None, parts))


def _progress(view: dict[str, Any], *, drawn: bool) -> list[str]:
    progress = view["progress"]
    if progress is None:
        return []
    done, total = progress["done"], progress["total"]
    if total is None:
        return [f"{progress['unit']} {number(done)}"]
    words = f"{progress['unit']} {number(done)} / {number(total)}"
    if not drawn or total <= 0:
        return [words]
    full = round(_BAR * min(1.0, max(0.0, done / total)))
    return ["▇" * full + "░" * (_BAR - full), words]
