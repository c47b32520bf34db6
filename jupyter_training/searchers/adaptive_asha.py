"""Determined's searches by successive halving: random trials, stopped at a rung where they are not among the best.

``async_halving`` has one set of rungs. ``adaptive_asha`` has several, its
brackets, since how early one should stop is not known beforehand. See
``core.search.rungs`` and ``core.search.brackets`` for the rules.

Places are shared evenly among the brackets. Where Determined keeps a bracket's
places empty once all its trials have begun, others get them here; and with
fewer places than brackets they take turns instead of going beyond ``workers``.
How many trials there may be is not decided here: who is asked for more than the
brackets were made for begins them, in the same shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field, JsonValue

from jupyter_training.core.search.brackets import Bracket, BracketMode, brackets, concurrency, most_rungs
from jupyter_training.core.search.rungs import Halving, units
from jupyter_training.seams.searcher import Answer, Exhausted, Outcome, Setup, Start, Verdict
from jupyter_training.searchers.draws import Draws, Losses, OwnOptions, refused

__all__ = ["AdaptiveAsha", "AsyncHalving", "needed_resource"]

Divisor = Annotated[float, Field(gt=1, le=1000, allow_inf_nan=False)]
Rungs = Annotated[int, Field(ge=1, le=30)]


class _Running:
    """A bracket and its trials."""

    def __init__(self, bracket: Bracket, places: int, divisor: float) -> None:
        self.share = bracket.share
        self.trials = bracket.trials
        self.places = places
        self.rungs = Halving(bracket.units, divisor)
        self.begun = 0
        self.running = 0

    @property
    def may_begin(self) -> bool:
        return self.trials is None or self.begun < self.trials


class _Brackets:
    """A searcher over brackets that are given."""

    replay: Literal["exact", "from_history"] = "exact"

    def __init__(self, setup: Setup, name: str, shape: Sequence[Bracket], divisor: float) -> None:
        self._losses = Losses(setup.objective, name)
        self._draws = Draws(setup.space, setup.seed)
        places = concurrency(setup.workers, [one.trials for one in shape], divisor=divisor)
        self._brackets = [_Running(one, its, divisor) for one, its in zip(shape, places, strict=True)]
        self._of: dict[int, _Running] = {}  # the trials that may still report

    def ask(self, number: int) -> Answer:
        config = self._draws.draw(number)
        if config is None:
            return Exhausted(self._draws.exhausted)
        self._begin(number)
        return Start(config)

    def adopt(self, number: int, config: Mapping[str, JsonValue], clone_of: int | None = None) -> None:
        self._draws.add(config)
        self._begin(number)

    def tell(self, trial: int, resource: int, values: Mapping[str, float]) -> Verdict:
        bracket = self._of.get(trial)
        return "stop" if bracket is None else bracket.rungs.report(trial, resource, self._losses(values))

    def end(self, trial: int, outcome: Outcome) -> None:
        bracket = self._of.pop(trial, None)
        if bracket is None:
            return
        bracket.running -= 1
        if outcome == "invalid":
            bracket.begun -= 1
            bracket.rungs.remove(trial)
        elif outcome == "failed":
            bracket.rungs.lost(trial)

    def cannot_pause(self, trial: int) -> Verdict:
        return "continue"

    def _begin(self, number: int) -> None:
        """In the bracket with most of its places free; of equal ones the one that is most behind its share."""
        open_ones = [one for one in self._brackets if one.may_begin] or self._brackets
        bracket = min(open_ones, key=lambda one: (one.running / one.places, one.begun / one.share))
        bracket.begun += 1
        bracket.running += 1
        self._of[number] = bracket


class AdaptiveAsha(_Brackets):
    class Options(OwnOptions):
        mode: BracketMode = Field(
            default="standard", description="How many brackets: aggressive has one, conservative all there can be."
        )
        divisor: Divisor = Field(default=4, description="One of so many trials goes on at a rung.")
        max_rungs: Rungs = Field(default=5, description="At most, of the bracket with the most.")

    def __init__(self, setup: Setup, options: BaseModel) -> None:
        assert isinstance(options, self.Options)
        shape = brackets(
            needed_resource(setup, "adaptive_asha"),
            setup.max_trials,
            mode=options.mode,
            divisor=options.divisor,
            at_most=options.max_rungs,
        )
        super().__init__(setup, "adaptive_asha", shape, options.divisor)


class AsyncHalving(_Brackets):
    class Options(OwnOptions):
        num_rungs: Rungs | None = Field(default=None, description="If not said, as many as make sense, at most 5.")
        divisor: Divisor = Field(default=4, description="One of so many trials goes on at a rung.")

    def __init__(self, setup: Setup, options: BaseModel) -> None:
        assert isinstance(options, self.Options)
        most = needed_resource(setup, "async_halving")
        rungs = options.num_rungs or most_rungs(most, setup.max_trials, divisor=options.divisor, at_most=5)
        only = Bracket(rungs, units(most, rungs, options.divisor), setup.max_trials, 1.0)
        super().__init__(setup, "async_halving", [only], options.divisor)


def needed_resource(setup: Setup, name: str) -> int:
    """What a whole trial reports.

    Raises:
        InvalidSpec: it was not said.
    """
    if setup.max_resource is None:
        raise refused(
            "max_resource",
            f"Searcher {name!r} stops trials on their way, and must know how many reports a whole one makes.",
            hint="Say max_resource, e.g. the number of epochs.",
        )
    return setup.max_resource
