"""Completion of what can stand on a magic line: options, their values, verbs and jobs.

Made from the table of commands. Names that only a server knows come from a
short memory that another thread renews: a keystroke never waits for an answer
that is slower than ``PATIENCE``.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from jupyter_training.errors import TrainingError
from jupyter_training.kernel.commands import CELL, VERBS, Command, Option

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["Memory", "install", "matcher", "remove"]

FRESH = 1.0  # seconds that an answer counts as new
PATIENCE = 0.05  # seconds that a keystroke waits for one

_LINE = re.compile(r"\s*(%{1,2})train(?:\s|$)")
_JOB_VERBS = frozenset(name for name, command in VERBS.items() if "JOB" in command.operands)


class Memory:
    """What a slow question answered last. Asking starts the question again when the answer is old."""

    def __init__(
        self, ask: Callable[[], Iterable[str]], *, fresh: float = FRESH, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._fresh, self._clock = ask, fresh, clock
        self._lock = threading.Lock()
        self._known: list[str] = []
        self._asked_at: float | None = None
        self._answered = threading.Event()
        self._answered.set()

    def words(self, *, patience: float = PATIENCE) -> list[str]:
        with self._lock:
            old = self._asked_at is None or self._clock() - self._asked_at > self._fresh
            if old and self._answered.is_set():
                self._answered.clear()
                self._asked_at = self._clock()
                threading.Thread(target=self._renew, name="jupyter-training-completion", daemon=True).start()
        self._answered.wait(patience)
        return self._known

    def _renew(self) -> None:
        try:
            self._known = list(self._ask())
        except (TrainingError, OSError):
            self._known = []  # without a server there is nothing to offer, and nothing to say in a completion
        finally:
            self._answered.set()


def matcher(jobs: Memory, pools: Memory) -> Callable[[CompletionContext], SimpleMatcherResult]:
    """The matcher that IPython asks; it answers for the lines of our magics only."""

    @context_matcher(identifier="jupyter_training.train")  # type: ignore[untyped-decorator]
    def train_matcher(context: CompletionContext) -> SimpleMatcherResult:
        nothing = SimpleMatcherResult(completions=[], suppress=False)
        lines = context.full_text.splitlines() or [""]
        if context.cursor_line >= len(lines):
            return nothing
        before = lines[context.cursor_line][: context.cursor_position]
        found = _LINE.match(before)
        if found is None or (found[1] == "%%" and context.cursor_line != _first_line(lines)):
            return nothing
        words, fragment = _parts(before[found.end() :])
        offered = _offered(found[1] == "%%", words, fragment, jobs, pools)
        if offered is None:
            return nothing
        kind, candidates = offered
        completions = [SimpleCompletion(word, type=kind) for word in candidates if word.startswith(fragment)]
        return SimpleMatcherResult(completions=completions, suppress=bool(completions), matched_fragment=fragment)

    one: Callable[[CompletionContext], SimpleMatcherResult] = train_matcher
    return one


def install(shell: InteractiveShell, one: Callable[[CompletionContext], SimpleMatcherResult]) -> None:
    shell.Completer.custom_matchers.append(one)


def remove(shell: InteractiveShell, one: Callable[[CompletionContext], SimpleMatcherResult]) -> None:
    if one in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(one)


def _first_line(lines: list[str]) -> int:
    return next((number for number, line in enumerate(lines) if line.strip()), 0)


def _parts(rest: str) -> tuple[list[str], str]:
    """The finished words and the one that is being typed."""
    words = rest.split()
    if not words or rest[-1].isspace():
        return words, ""
    return words[:-1], words[-1]


def _offered(
    in_cell: bool, words: list[str], fragment: str, jobs: Memory, pools: Memory
) -> tuple[str, list[str]] | None:
    """The kind of word that may come next and all such words; None leaves the line to other matchers."""
    if in_cell:
        return _option_words(CELL, words, fragment, pools)
    if not words:
        return "verb", sorted(VERBS)
    command = VERBS.get(words[0])
    if command is None:
        return None
    options = _option_words(command, words[1:], fragment, pools)
    if options is not None:
        return options
    if command.name == "help":
        return "verb", sorted(VERBS)
    operands = [word for word in words[1:] if not word.startswith("-")]
    if command.name in _JOB_VERBS and (command.most is None or len(operands) < command.most):
        return "job", ["last", *jobs.words()]
    return None


def _option_words(command: Command, words: list[str], fragment: str, pools: Memory) -> tuple[str, list[str]] | None:
    waiting = command.option(words[-1]) if words else None
    if waiting is not None and waiting.kind != "switch":
        return _values(waiting, pools)
    if fragment.startswith("-"):
        used = {option.name for word in words if (option := command.option(word)) is not None and not option.repeats}
        return "param", [max(one.flags, key=len) for one in command.options if one.name not in used]
    return None


def _values(option: Option, pools: Memory) -> tuple[str, list[str]] | None:
    if option.choices:
        return "value", list(option.choices)
    return ("value", pools.words()) if option.lists == "pools" else None
