"""Successive halving by promotion: a trial pauses at each rung and goes on once it is among the best there.

It suits jobs that keep checkpoints, since a paused trial must go on from one;
one that has none is judged at once instead, and stopped where others would
pause. See ``core.search.promotion`` for the rules.

Once no more trials begin and none runs, the best one goes on to the end if none
has got there by its own: a search ends with a trial that has been trained in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, Field, JsonValue

from jupyter_training.core.search.brackets import most_rungs
from jupyter_training.core.search.promotion import Promotion
from jupyter_training.core.search.rungs import units
from jupyter_training.seams.searcher import Answer, Exhausted, Outcome, Resume, Setup, Start, Verdict, Wait
from jupyter_training.searchers.adaptive_asha import Divisor, Rungs, needed_resource
from jupyter_training.searchers.draws import Draws, Losses, OwnOptions

__all__ = ["AshaPromote"]


class AshaPromote:
    replay: Literal["exact", "from_history"] = "exact"

    class Options(OwnOptions):
        num_rungs: Rungs | None = Field(default=None, description="If not said, as many as make sense, at most 5.")
        divisor: Divisor = Field(default=4, description="One of so many trials goes on at a rung.")

    def __init__(self, setup: Setup, options: BaseModel) -> None:
        assert isinstance(options, self.Options)
        most = needed_resource(setup, "asha_promote")
        rungs = options.num_rungs or most_rungs(most, setup.max_trials, divisor=options.divisor, at_most=5)
        self._losses = Losses(setup.objective, "asha_promote")
        self._draws = Draws(setup.space, setup.seed)
        self._rungs = Promotion(units(most, rungs, options.divisor), options.divisor)
        self._running: set[int] = set()
        self._paused: set[int] = set()

    def ask(self, number: int) -> Answer:
        promoted = self._rungs.promote()
        if promoted is not None:
            return self._resume(promoted)
        config = self._draws.draw(number)
        if config is None:
            answer = self.go_on()
            return Exhausted(self._draws.exhausted) if isinstance(answer, Wait) and not self._running else answer
        self._running.add(number)
        return Start(config)

    def go_on(self) -> Resume | Wait:
        promoted = self._rungs.promote()
        if promoted is None and not self._running:
            promoted = self._rungs.promote_last()
        return Wait() if promoted is None else self._resume(promoted)

    def adopt(self, number: int, config: Mapping[str, JsonValue], clone_of: int | None = None) -> None:
        if number in self._paused:
            self._rungs.let_go(number)
            self._paused.discard(number)
        self._draws.add(config)
        self._running.add(number)

    def tell(self, trial: int, resource: int, values: Mapping[str, float]) -> Verdict:
        if trial not in self._running and trial not in self._paused:
            return "stop"
        verdict = self._rungs.report(trial, resource, self._losses(values))
        if verdict == "pause":
            self._running.discard(trial)
            self._paused.add(trial)
        return verdict

    def end(self, trial: int, outcome: Outcome) -> None:
        if trial not in self._running and trial not in self._paused:
            return
        self._running.discard(trial)
        self._paused.discard(trial)
        if outcome == "invalid":
            self._rungs.remove(trial)
        elif outcome == "failed":
            self._rungs.lost(trial)
        else:
            self._rungs.ended(trial)

    def cannot_pause(self, trial: int) -> Verdict:
        if trial in self._paused:
            self._paused.discard(trial)
            self._running.add(trial)
        return self._rungs.cannot_pause(trial)

    def _resume(self, trial: int) -> Resume:
        self._paused.discard(trial)
        self._running.add(trial)
        return Resume(trial)
