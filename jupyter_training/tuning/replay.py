"""How a search is led through its record again, after a restart."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from jupyter_training.core.experiment import Event, EventKind, ExperimentSpec, Verdict
from jupyter_training.seams.searcher import Exhausted, Resume, Searcher, Start
from jupyter_training.tuning.engine import Make, Search, asked

__all__ = ["PATIENCE", "Replayed", "replayed"]

_Unnoted = dict[int, Verdict | Literal["ignored"]]

PATIENCE = 10.0  # seconds of computing
_SURE = 0.05  # of one's patience, before which nothing is foretold
_GLANCE = 8  # asks between two looks at the clock

_PLAIN = (EventKind.RESUME, EventKind.PROPOSED, EventKind.EXHAUSTED, EventKind.AGAIN, EventKind.CONCLUDED)


@dataclass(frozen=True)
class Replayed:
    """``differs``: the number of the event at which the searcher no longer answered as on record; None: never.

    ``too_long``: not all of it was asked again, as that would have taken too long.
    ``unnoted``: what it made of reports that are on record without a verdict, by the numbers of their events.
    """

    search: Search
    differs: int | None
    unnoted: dict[int, Verdict | Literal["ignored"]]
    too_long: bool = False


def replayed(
    spec: ExperimentSpec,
    make: Make,
    events: Sequence[Event],
    *,
    patience: float = PATIENCE,
    clock: Callable[[], float] = time.process_time,
) -> Replayed:
    """The search at the end of its record.

    A searcher that replays exactly is asked again and its answers are compared;
    at the first difference, and for one that does not, it is made anew and told
    what happened. So it is with one that thinks long, as models do, once asking it
    all of that again would take more than ``patience`` seconds. Either way the
    record is what counts.
    """
    searcher = make()
    differs, too_long = None, False
    if searcher.replay == "exact":
        search = Search(spec, searcher)
        unnoted: _Unnoted = {}
        asks = sum(event.kind is EventKind.ASK for event in events)
        try:
            differs = _again(search, events, unnoted, _Patience(asks, patience, clock))
        except TimeoutError:
            too_long = True
        else:
            if differs is None:
                return Replayed(search, None, unnoted)
        searcher = make()
    unnoted = {}
    return Replayed(_from_history(spec, searcher, events, unnoted), differs, unnoted, too_long)


class _Patience:
    """How long asking so often may take; an ask takes at least as long as those before."""

    def __init__(self, asks: int, seconds: float, clock: Callable[[], float]) -> None:
        self._asks, self._seconds, self._clock = asks, seconds, clock
        self._done, self._began = 0, clock()

    def asked(self) -> None:
        """Raises TimeoutError once it is plain that it will take too long."""
        self._done += 1
        if self._done % _GLANCE:
            return
        spent = self._clock() - self._began
        if spent > self._seconds * _SURE and spent * self._asks > self._seconds * self._done:
            raise TimeoutError


def _again(search: Search, events: Iterable[Event], unnoted: _Unnoted, patience: _Patience) -> int | None:
    for event in events:
        if event.kind is EventKind.ASK and search.spare is not None:
            search.apply(event)
        elif event.kind in (EventKind.ASK, EventKind.PROPOSED, EventKind.RESUME, EventKind.EXHAUSTED):
            answer = asked(search.searcher, None if event.body.get("goes_on") else search.next_number)
            patience.asked()
            if not _same(answer, event):
                return event.n
            search.apply(event)
        elif event.kind is EventKind.UNPAUSED:
            assert event.trial is not None
            if search.cannot_pause(event.trial).verdict != event.verdict:
                return event.n
        elif event.kind in (EventKind.AGAIN, EventKind.CONCLUDED):
            search.apply(event)
        else:
            verdict = search.hear(event)
            if event.kind is EventKind.TELL and event.verdict is None:
                unnoted[event.n] = verdict or "ignored"
            if event.verdict is not None:
                if (verdict or "ignored") != event.verdict:
                    return event.n
                _carried_out(search, event)
        search.events = event.n
    return None


def _from_history(spec: ExperimentSpec, searcher: Searcher, events: Iterable[Event], unnoted: _Unnoted) -> Search:
    """A searcher that is told what happened; what it says of it counts only where nobody has acted yet."""
    search = Search(spec, searcher)
    for event in events:
        if event.kind is EventKind.ASK:
            assert event.trial is not None
            searcher.adopt(event.trial, event.body["config"], event.body.get("clone_of"))
            search.apply(event)
        elif event.kind in _PLAIN:
            search.apply(event)
            if event.kind is EventKind.RESUME and event.trial is not None:
                searcher.adopt(event.trial, search.trials[event.trial].config)
        elif event.kind is EventKind.UNPAUSED:
            assert event.trial is not None
            searcher.cannot_pause(event.trial)
            state = search.trials[event.trial]
            state.held, state.verdict, state.waits = False, "stop" if event.verdict == "stop" else "continue", None
            search.tally.begin(event.trial)
        else:
            verdict = search.hear(event) if event.verdict != "ignored" else None
            if event.kind is EventKind.TELL and event.verdict is None:
                unnoted[event.n] = verdict or "ignored"
            if event.verdict in ("continue", "pause", "stop"):
                _overrule(search, event)
        search.events = event.n
    return search


def _carried_out(search: Search, event: Event) -> None:
    assert event.trial is not None
    state = search.trials[event.trial]
    if state.waits == event.n:
        state.waits = None


def _overrule(search: Search, event: Event) -> None:
    """What was done at that time counts, whatever the searcher says now."""
    assert event.trial is not None
    assert event.verdict is not None
    state = search.trials[event.trial]
    assert event.verdict != "ignored"
    state.verdict, state.waits = event.verdict, None
    held = event.verdict == "pause"
    if held != state.held:
        state.held = held
        (search.tally.hold if held else search.tally.begin)(state.number)


def _same(answer: object, event: Event) -> bool:
    if event.kind is EventKind.EXHAUSTED:
        return isinstance(answer, Exhausted)
    if event.kind is EventKind.RESUME:
        return isinstance(answer, Resume) and answer.trial == event.trial
    if not isinstance(answer, Start) or answer.clone_of != event.body.get("clone_of"):
        return False
    return _equal(answer.config, event.body["config"])


def _equal(left: Mapping[str, JsonValue], right: Mapping[str, JsonValue]) -> bool:
    """Equal configurations; numbers may differ in the last digits, as on another processor."""
    if left.keys() != right.keys():
        return False
    for name, value in left.items():
        other = right[name]
        if isinstance(value, float) and isinstance(other, (int, float)) and not isinstance(other, bool):
            if not math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-12):
                return False
        elif value != other:
            return False
    return True
