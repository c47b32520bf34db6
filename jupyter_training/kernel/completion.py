"""Completion of what can stand on a magic line or in a config's cell.

What may come next is decided in ``offers`` and ``config_offers``, from the table
of commands. Names that only a server knows come from a short memory that
another thread renews: a keystroke asks nobody, and waits at most ``PATIENCE``
for an answer that is on its way.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from jupyter_training.errors import TrainingError
from jupyter_training.kernel import config_offers, offers
from jupyter_training.kernel.commands import CELL, CONFIG
from jupyter_training.kernel.offers import Offer, Sources

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["Memories", "Memory", "install", "matcher", "remove"]

FRESH = 1.0  # seconds that an answer counts as new
PATIENCE = 0.05  # seconds that a keystroke waits for one

_LINE = re.compile(r"\s*(%%train_config|%{1,2}train)(?:\s|$)")

T = TypeVar("T")


class Memory(Generic[T]):
    """What a slow question answered last, ``empty`` before. Asking starts the question again when the answer is old."""

    def __init__(
        self, ask: Callable[[], T], empty: T, *, fresh: float = FRESH, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._empty, self._fresh, self._clock = ask, empty, fresh, clock
        self._lock = threading.Lock()
        self._known = empty
        self._asked_at: float | None = None
        self._answered = threading.Event()
        self._answered.set()

    def get(self, *, patience: float = PATIENCE) -> T:
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
            self._known = self._ask()
        except (TrainingError, OSError):
            self._known = self._empty  # without a server there is nothing to offer, and nothing to say in a completion
        finally:
            self._answered.set()


class Memories(Generic[T]):
    """A memory for each of the few things that were asked about lately."""

    def __init__(self, ask: Callable[[str], T], empty: T, *, most: int = 20) -> None:
        self._ask, self._empty, self._most = ask, empty, most
        self._known: dict[str, Memory[T]] = {}

    def get(self, key: str, *, patience: float = PATIENCE) -> T:
        if key not in self._known:
            while len(self._known) >= self._most:
                del self._known[next(iter(self._known))]
            self._known[key] = Memory(lambda: self._ask(key), self._empty)
        return self._known[key].get(patience=patience)


def matcher(sources: Sources) -> Callable[[CompletionContext], SimpleMatcherResult]:
    """The matcher that IPython asks; it answers for the lines of our magics only."""

    @context_matcher(identifier="jupyter_training.train")  # type: ignore[untyped-decorator]
    def train_matcher(context: CompletionContext) -> SimpleMatcherResult:
        found = _offered(context.full_text.splitlines() or [""], context.cursor_line, context.cursor_position, sources)
        if found is None:
            return SimpleMatcherResult(completions=[], suppress=False)
        completions = [SimpleCompletion(word, type=found.kind) for word in found.fitting]
        return SimpleMatcherResult(completions=completions, suppress=bool(completions), matched_fragment=found.fragment)

    one: Callable[[CompletionContext], SimpleMatcherResult] = train_matcher
    return one


def install(shell: InteractiveShell, one: Callable[[CompletionContext], SimpleMatcherResult]) -> None:
    shell.Completer.custom_matchers.append(one)


def remove(shell: InteractiveShell, one: Callable[[CompletionContext], SimpleMatcherResult]) -> None:
    if one in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(one)


def _offered(lines: list[str], number: int, column: int, sources: Sources) -> Offer | None:
    """What may come next at the cursor; None leaves the line to other matchers."""
    if number >= len(lines):
        if not _is_config(lines):
            return None
        lines = [*lines, ""]  # an empty last line has no text
        number = len(lines) - 1
    top = next((place for place, line in enumerate(lines) if line.strip()), 0)
    before = lines[number][:column]
    if number > top and _is_config(lines):
        return config_offers.offered(lines[top + 1 : number], before, lines[number + 1 :], sources)
    found = _LINE.match(before)
    if found is None or (found[1].startswith("%%") and number != top):
        return None
    rest = before[found.end() :]
    if found[1] == CONFIG.name:
        return offers.for_command(CONFIG, rest, sources)
    if found[1] == CELL.name:
        return offers.for_cell(rest, "\n".join(lines[number + 1 :]), sources)
    return offers.for_line(rest, sources)


def _is_config(lines: list[str]) -> bool:
    first = next((line for line in lines if line.strip()), "")
    found = _LINE.match(first)
    return found is not None and found[1] == CONFIG.name
