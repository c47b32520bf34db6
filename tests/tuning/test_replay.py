"""How a search is led through its record again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pytest

from jupyter_training.core.experiment import Event, EventKind, StopRule, Verdict
from jupyter_training.tuning.engine import Search
from jupyter_training.tuning.replay import replayed
from tests.tuning.searchers_of_tests import Counting
from tests.tuning.stage import a_search

SPEC = a_search(workers=2, stop=StopRule(max_trials_started=1000))


class Moody(Counting):
    """Says stop or continue by the turn of its life, so that it says something else the next time."""

    replay: Literal["exact", "from_history"] = "from_history"
    lives = 0

    def __init__(self) -> None:
        super().__init__()
        Moody.lives += 1
        self._says: Verdict = "continue" if Moody.lives % 2 else "stop"

    def tell(self, trial: int, resource: int, values: Mapping[str, float]) -> Verdict:
        super().tell(trial, resource, values)
        return self._says


def recorded(search: Search, trials: int, reports: int = 3) -> list[Event]:
    """Trials one after the other, each with its reports and its end, as a driver records them."""
    events: list[Event] = []
    for _ in range(trials):
        ask = search.ask()
        assert ask is not None and ask.trial is not None
        events.append(ask)
        for k in range(1, reports + 1):
            tell = search.report(ask.trial, k, k, [1.0 / k], float(k))
            verdict: Any = search.hear(tell) or "ignored"
            events.append(Event(tell.n, tell.kind, tell.trial, tell.body, verdict))
        end = search.end(ask.trial, "completed")
        search.hear(end)
        events.append(end)
    return events


def test_the_same_again_costs_no_note() -> None:
    events = recorded(Search(SPEC, Counting()), 20)
    found = replayed(SPEC, Counting, events)
    assert (None, False, {}) == (found.differs, found.too_long, found.unnoted)
    assert (20, len(events), 20) == (found.search.next_number, found.search.events, found.search.searcher.next)  # type: ignore[attr-defined]


def test_what_was_done_counts_whatever_is_said_now() -> None:
    """A report with a verdict was acted on, also where that was to go on."""
    Moody.lives = 0
    events = recorded(Search(SPEC, Moody()), 1)[:-1]
    assert ["continue"] * 3 == [event.verdict for event in events if event.kind is EventKind.TELL]
    last = events[-1]
    open_end = [*events[:-1], Event(last.n, last.kind, last.trial, last.body, None)]

    assert "continue" == replayed(SPEC, _saying("stop"), events).search.trials[0].verdict
    found = replayed(SPEC, _saying("stop"), open_end)

    assert ("stop", last.n) == (found.search.trials[0].verdict, found.search.trials[0].waits)
    assert {last.n: "stop"} == found.unnoted


def _saying(word: Verdict) -> Any:
    def make() -> Moody:
        searcher = Moody()
        searcher._says = word
        return searcher

    return make


def test_another_word_on_a_report_is_a_difference() -> None:
    events = recorded(Search(SPEC, Counting()), 3)
    found = replayed(SPEC, lambda: Counting(bar=0.4), events)
    assert events[2].n == found.differs
    assert "continue" == found.search.trials[0].verdict, "the record counts"


@pytest.mark.parametrize(("each", "long"), [(0.001, False), (1.0, True)])
def test_one_that_thinks_long_is_told_the_results_instead(each: float, long: bool) -> None:
    now = [0.0]

    class Thinking(Counting):
        def ask(self, number: int) -> Any:
            now[0] += each
            return super().ask(number)

    events = recorded(Search(SPEC, Thinking()), 100)
    began = now[0]

    found = replayed(SPEC, Thinking, events, clock=lambda: now[0])

    assert (long, None) == (found.too_long, found.differs)
    assert now[0] - began <= 8.0, "it is foretold after a few asks"
    assert (100, 100) == (found.search.next_number, found.search.searcher.next)  # type: ignore[attr-defined]
