"""Syne Tune's schedulers as searchers: what to ask of them and what to tell them, as its own Tuner would.

Only the deciding half of Syne Tune is used: ``suggest`` and the calls that
report. Its Tuner, backends and pickles are not (they lose trials in a crash).
Each scheduler is made in a subclass; everything else is here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from jupyter_training.seams.searcher import Answer, Exhausted, Outcome, Setup, Start, Verdict
from jupyter_training.searchers.axes import Axes, Axis, Category, Code, Logged, Place, Real, Row, Shifted, Whole
from jupyter_training.searchers.draws import refused
from jupyter_training.searchers.quiet import Randomness, importing, silence
from jupyter_training.searchers.scores import Scores

__all__ = ["RESOURCE", "NoOptions", "SyneTuneSearcher"]

RESOURCE = "resource"  # the key of a report that says how far the trial is
_BEGAN = datetime(2000, 1, 1, tzinfo=UTC)  # Syne Tune keeps when a trial began, and never reads it


class NoOptions(BaseModel):
    """This searcher has none."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SyneTuneSearcher:
    """One scheduler of Syne Tune behind ask and tell. All metrics are told as ones to be minimised."""

    replay: Literal["exact", "from_history"] = "exact"
    Options: ClassVar[type[BaseModel]] = NoOptions
    name: ClassVar[str]  # in our catalogue
    objectives: ClassVar[Literal["one", "several", "any"]] = "one"
    flat: ClassVar[bool] = False  # its model knows no scales

    def __init__(self, setup: Setup, options: BaseModel) -> None:
        one_or_several(self.name, self.objectives, len(setup.objective.metrics))
        self._axes = Axes(setup.space, flat=self.flat)
        self._scores = Scores(setup.objective)
        self._names = [f"m{place}" for place in range(len(setup.objective.metrics))]
        with importing():
            import syne_tune.optimizer.scheduler  # noqa: F401  # the first import is the loud one
            from syne_tune.backend.trial_status import Trial

            self._trial: Any = Trial
            self._domains = {name: _domain(axis) for name, axis in self._axes.axes.items()}
        if not self._domains:  # some of them refuse a space of one configuration
            from syne_tune.config_space import choice

            self._domains = {_ONLY: choice(["0", "1"])}
        self._randomness = Randomness(setup.seed)
        self._points = [self._axes.codes(config) for config in self._first(setup, options)]
        self._trials: dict[int, Any] = {}  # those that may still report
        self._last: dict[int, dict[str, float]] = {}
        with self._theirs(), importing():
            self._scheduler = self._make(setup, options)

    def _make(self, setup: Setup, options: BaseModel) -> Any:
        """The scheduler, over ``self._domains`` and ``self._names``."""
        raise NotImplementedError

    def _first(self, setup: Setup, options: BaseModel) -> list[Mapping[str, JsonValue]]:
        """The configurations to begin with."""
        return []

    def ask(self, number: int) -> Answer:
        with self._theirs():
            if self._points:
                codes, clone = self._whole(self._points.pop(0)), None
            else:
                suggestion = self._scheduler.suggest()
                if suggestion is None:
                    return Exhausted(f"Searcher {self.name!r} has nothing more to propose.")
                codes, clone = suggestion.config, suggestion.checkpoint_trial_id
            self._add(number, codes)
        return Start(self._axes.config({name: codes[name] for name in self._axes.axes}), clone_of=clone)

    def adopt(self, number: int, config: Mapping[str, JsonValue], clone_of: int | None = None) -> None:
        with self._theirs():
            self._add(number, self._whole(self._axes.codes(config)))

    def tell(self, trial: int, resource: int, values: Mapping[str, float]) -> Verdict:
        known = self._trials.get(trial)
        if known is None:
            return "stop"  # it was stopped or has ended; what it wrote meanwhile is of no use
        scores = self._scores.read(values)
        if scores is None:
            return "continue"
        result = {**dict(zip(self._names, scores, strict=True)), RESOURCE: resource}
        self._last[trial] = result
        with self._theirs():
            if self._scheduler.on_trial_result(known, result) != "STOP":
                return "continue"
            self._scheduler.on_trial_remove(known)
        self._forget(trial)
        return "stop"

    def end(self, trial: int, outcome: Outcome) -> None:
        known, last = self._trials.get(trial), self._last.get(trial)
        if known is None:
            return
        with self._theirs():
            if outcome == "completed" and last is not None:
                self._scheduler.on_trial_complete(known, last)
            else:
                if outcome != "stopped":
                    self._scheduler.on_trial_error(known)
                self._scheduler.on_trial_remove(known)
        self._forget(trial)

    def cannot_pause(self, trial: int) -> Verdict:
        return "continue"  # none of them pauses a trial

    def _add(self, number: int, codes: Mapping[str, Any]) -> None:
        trial = self._trial(trial_id=number, config=dict(codes), creation_time=_BEGAN)
        self._trials[number] = trial
        self._scheduler.on_trial_add(trial)

    def _forget(self, trial: int) -> None:
        self._trials.pop(trial, None)
        self._last.pop(trial, None)

    def _whole(self, codes: Mapping[str, Code]) -> dict[str, Code]:
        """With the axis that is there when there is none."""
        return dict(codes) if codes else {_ONLY: "0"}

    @contextmanager
    def _theirs(self) -> Iterator[None]:
        with silence(), self._randomness.ours():
            yield


_ONLY = "only"


def one_or_several(name: str, takes: Literal["one", "several", "any"], metrics: int) -> None:
    """Raises InvalidSpec where a searcher can't take that many metrics."""
    if takes == "one" and metrics > 1:
        detail = f"Searcher {name!r} judges by one metric, and {metrics} were given."
        hint = "For several: nsga2, nsga3, tpe, moasha, mo_rea, random."
    elif takes == "several" and metrics == 1:
        detail = f"Searcher {name!r} is for two or more metrics, and 1 was given."
        hint = "Add one, as in --metric loss,accuracy --mode min,max, or take a searcher for one: asha, tpe."
    else:
        return
    raise refused("searcher", detail, hint=hint)


def _domain(axis: Axis) -> Any:
    """The axis in Syne Tune's words. Steps become its finite ranges: its quantised domains can't be kept."""
    from syne_tune import config_space as theirs

    if isinstance(axis, Category):
        return theirs.choice(axis.codes)
    if isinstance(axis, Place):
        return theirs.ordinal(list(range(len(axis.values))), kind="equal")
    if isinstance(axis, Row):
        if axis.spaced in ("uneven", "uneven-log"):
            return theirs.ordinal(axis.numbers, kind="nn-log" if axis.spaced == "uneven-log" else "nn")
        finite = theirs.logfinrange if axis.spaced == "log" else theirs.finrange
        return finite(axis.numbers[0], axis.numbers[-1], len(axis.values), cast_int=axis.is_whole)
    if isinstance(axis, Whole):
        return (theirs.lograndint if axis.log else theirs.randint)(axis.low, axis.high)
    if isinstance(axis, Shifted):
        return theirs.randint(1, axis.count)
    if isinstance(axis, Real):
        return (theirs.loguniform if axis.log else theirs.uniform)(axis.low, axis.high)
    assert isinstance(axis, Logged)
    return theirs.uniform(axis.low, axis.high)
