"""A search without any input or output: a searcher, the trials, and the record that both are led through.

    Event(ASK)  <- ask ------ searcher        an event is made, then stored by who drives,
    Event(TELL) -> hear ----> searcher        and only then heard by the searcher

Every answer that counts is an event; the same events in the same order make the
same search, be it driven for the first time or after a restart (``replay``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

from jupyter_training.core.experiment import Event, EventKind, ExperimentSpec, Outcome, Verdict
from jupyter_training.core.stop_rule import Concluded, Tally
from jupyter_training.seams.searcher import Answer, Exhausted, Pausing, Resume, Searcher, Wait

__all__ = ["Make", "Search", "TrialState", "asked"]

Make = Callable[[], Searcher]


@dataclass
class TrialState:
    """A trial as the search knows it. ``outcome`` None: it goes on, or is held."""

    number: int
    config: dict[str, JsonValue]
    clone_of: int | None = None
    outcome: Outcome | None = None
    held: bool = False
    judged: bool = True  # False: it ended once and was begun again; the searcher hears no more of it
    run: int = 0  # the generation of its job that ended with ``outcome``
    told: int = 0  # reports
    resource: int = 0
    verdict: Verdict = "continue"
    waits: int | None = None  # the event whose verdict has not been carried out

    @property
    def listens(self) -> bool:
        """Whether what it reports counts."""
        return self.outcome is None and not self.held


@dataclass
class Search:
    """A search in memory. ``events``: how many there are on record; ``going``: the trials that have not ended.

    Each step costs the same, however many trials have ended.
    """

    spec: ExperimentSpec
    searcher: Searcher
    trials: dict[int, TrialState] = field(default_factory=dict)
    going: dict[int, TrialState] = field(default_factory=dict)
    events: int = 0
    exhausted: str | None = None
    spare: dict[str, JsonValue] | None = None  # the body of a proposal that waits for a trial
    concluded: list[Concluded] = field(default_factory=list)
    forgiven: int = 0  # trials that had failed when it last ended, and were not begun again
    next_number: int = 0
    tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        plateau = self.spec.stop.plateau
        self.tally = Tally(self.spec.objective, least=plateau.least if plateau is not None else 0.0)

    @property
    def open(self) -> list[TrialState]:
        """Those that are in progress: neither ended nor held by the searcher. One that it wants held and that has
        nothing to go on from yet runs, and is one of them."""
        return [trial for trial in self.going.values() if not trial.held or trial.waits is not None]

    @property
    def held(self) -> list[TrialState]:
        return [trial for trial in self.going.values() if trial.held]

    def ask(self, *, resume_only: bool = False) -> Event | None:
        """What the searcher wants to do with a free place, as an event that is in force already; None: it waits.

        ``resume_only``: no trial may be begun any more. A searcher that can't be asked for less proposes one all the
        same; that is kept for the time when one may, and until then the searcher is not asked.
        """
        if self.exhausted is not None or (resume_only and (not self.held or self.spare is not None)):
            return None
        if self.spare is not None:
            return self._take(EventKind.ASK, self.next_number, self.spare)
        goes_on = resume_only and isinstance(self.searcher, Pausing)
        answer = asked(self.searcher, None if goes_on else self.next_number)
        if isinstance(answer, Wait):
            return None
        if isinstance(answer, Exhausted):
            return self._take(EventKind.EXHAUSTED, None, {"reason": answer.reason})
        if isinstance(answer, Resume):
            return self._take(EventKind.RESUME, answer.trial, {"goes_on": True} if goes_on else {})
        body: dict[str, Any] = {"config": dict(answer.config), "clone_of": answer.clone_of}
        return self._take(EventKind.PROPOSED if resume_only else EventKind.ASK, self.next_number, body)

    def report(self, trial: int, count: int, resource: int, values: Sequence[float | None], time: float) -> Event:
        """A trial's report as an event; ``hear`` it once it is stored."""
        self.events += 1
        body = {"count": count, "resource": resource, "values": list(values), "time": time}
        return Event(self.events, EventKind.TELL, trial, body)

    def end(self, trial: int, outcome: Outcome, run: int = 0) -> Event:
        """A trial's end as an event; ``hear`` it once it is stored. ``run``: the generation of its job."""
        self.events += 1
        return Event(self.events, EventKind.END, trial, {"outcome": outcome, "run": run})

    def conclude(self, rule: str, more: int) -> Event:
        """That the search has ended by this rule, extended by so many trials; in force at once."""
        return self._take(EventKind.CONCLUDED, None, {"rule": rule, "more": more, "begun": self.tally.started})

    def again(self, trial: int) -> Event:
        """A trial that had ended was begun once more; in force at once. The searcher hears no more of it."""
        return self._take(EventKind.AGAIN, trial, {})

    def cannot_pause(self, trial: int) -> Event:
        """A trial that was to pause has nothing to go on from; in force at once, with the searcher's word."""
        verdict = self.searcher.cannot_pause(trial)
        state = self.trials[trial]
        state.held, state.verdict, state.waits = False, verdict, None
        self.tally.begin(trial)
        self.events += 1
        return Event(self.events, EventKind.UNPAUSED, trial, {}, verdict)

    def hear(self, event: Event) -> Verdict | None:
        """Lead the searcher through a stored report or end. The verdict on a report; None: it counts nowhere.

        What a trial reports after the searcher has stopped it, before that is carried out, is its result too, and no
        question to the searcher any more. What it reports while it is to pause does not count: it may do it again.
        """
        assert event.trial is not None
        state = self.trials[event.trial]
        if event.kind is EventKind.END:
            outcome: Outcome = event.body["outcome"]
            state.outcome, state.held, state.waits = outcome, False, None
            state.run = event.body.get("run", 0)
            self.going.pop(state.number, None)
            self.tally.end(state.number, outcome)
            if state.judged:
                self.searcher.end(state.number, outcome)
            return None
        if not state.listens:
            return None
        values = dict(zip(self.spec.objective.metrics, event.body["values"], strict=True))
        state.told = event.body["count"]
        state.resource = event.body["resource"]
        self.tally.tell(state.number, values)
        if not state.judged or state.verdict == "stop":
            return "continue"
        numbers = {name: math.nan if value is None else value for name, value in values.items()}
        verdict = self.searcher.tell(state.number, state.resource, numbers)
        state.verdict = verdict
        if verdict == "pause":
            state.held = True
            self.tally.hold(state.number)
        if verdict != "continue":
            state.waits = event.n
        return verdict

    def _take(self, kind: EventKind, trial: int | None, body: dict[str, Any]) -> Event:
        self.events += 1
        event = Event(self.events, kind, trial, body)
        self.apply(event)
        return event

    def apply(self, event: Event) -> None:
        """Put an answer in force, also one of the record."""
        if event.kind is EventKind.EXHAUSTED:
            self.exhausted = str(event.body["reason"])
            return
        if event.kind is EventKind.PROPOSED:
            self.spare = dict(event.body)
            return
        if event.kind is EventKind.CONCLUDED:
            self.concluded.append(Concluded(event.body["rule"], event.body["more"], self.tally.started))
            self.forgiven = self.tally.count("failed")
            return
        assert event.trial is not None
        if event.kind is EventKind.ASK:
            self.spare = None
            state = TrialState(event.trial, dict(event.body["config"]), event.body.get("clone_of"))
            self.trials[event.trial] = self.going[event.trial] = state
            self.next_number = max(self.next_number, event.trial + 1)
        else:
            state = self.trials[event.trial]
            state.held, state.verdict, state.waits = False, "continue", None
            if event.kind is EventKind.AGAIN:
                if state.outcome == "failed":
                    self.forgiven = max(0, self.forgiven - 1)
                state.outcome, state.judged = None, False
                self.going[event.trial] = state
        self.tally.begin(event.trial)


def asked(searcher: Searcher, number: int | None) -> Answer:
    """``number`` None: which paused trial goes on."""
    if number is None:
        assert isinstance(searcher, Pausing)
        return searcher.go_on()
    return searcher.ask(number)
