"""Optuna's samplers as searchers: a study in memory, asked and told.

A study is led through the same calls that Optuna's own loop would make. Its
trials have numbers of its own, so both numbers are kept side by side. The axes
of a condition are asked for in the order in which they depend on each other,
as a function that Optuna optimises would do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, JsonValue

from jupyter_training.seams.searcher import Answer, Outcome, Setup, Start, Verdict
from jupyter_training.searchers.axes import Axes, Axis, Category, Code, Place, Real, Row, Whole
from jupyter_training.searchers.draws import refused
from jupyter_training.searchers.optuna_pruners import PrunedOptions, make_pruner
from jupyter_training.searchers.quiet import importing, silence
from jupyter_training.searchers.scores import Scores
from jupyter_training.searchers.syne_tune_base import one_or_several

__all__ = ["OptunaSearcher"]


class OptunaSearcher:
    """One sampler of Optuna, with a pruner if wished. Reports of several metrics are judged at a trial's end only."""

    replay: Literal["exact", "from_history"] = "exact"
    Options: ClassVar[type[BaseModel]] = PrunedOptions
    name: ClassVar[str]  # in our catalogue
    objectives: ClassVar[Literal["one", "several", "any"]] = "one"

    def __init__(self, setup: Setup, options: BaseModel) -> None:
        assert isinstance(options, PrunedOptions)
        one_or_several(self.name, self.objectives, len(setup.objective.metrics))
        self._judges = options.pruner != "none"
        if self._judges and setup.objective.is_multiple:
            detail = f"Pruner {options.pruner!r} judges by one metric, and {len(setup.objective.metrics)} were given."
            hint = "Leave the pruner out, or take moasha, which stops trials by several metrics."
            raise refused("searcher_options.pruner", detail, hint=hint)
        self._axes = Axes(setup.space)
        self._signs = [-1.0 if mode == "max" else 1.0 for mode in setup.objective.modes]
        self._scores = Scores(setup.objective)
        self._trials: dict[int, Any] = {}  # those that may still report
        self._last: dict[int, list[float]] = {}
        self._check()
        with importing():
            import optuna
        with silence():
            self._states: Any = optuna.trial.TrialState
            self._study = optuna.create_study(
                study_name="search",  # the bracket of a trial comes from it
                directions=["maximize" if sign < 0 else "minimize" for sign in self._signs],
                sampler=self._sampler(setup, options),
                pruner=make_pruner(options, setup),
            )

    def _sampler(self, setup: Setup, options: BaseModel) -> Any:
        raise NotImplementedError

    def _check(self) -> None:
        """Raises InvalidSpec where the space is nothing for this sampler."""

    def ask(self, number: int) -> Answer:
        with silence():
            return Start(self._begin(number))

    def adopt(self, number: int, config: Mapping[str, JsonValue], clone_of: int | None = None) -> None:
        with silence():
            codes = self._axes.codes(config)
            self._study.enqueue_trial({name: _theirs(self._axes.axes[name], code) for name, code in codes.items()})
            self._begin(number)

    def tell(self, trial: int, resource: int, values: Mapping[str, float]) -> Verdict:
        known = self._trials.get(trial)
        if known is None:
            return "stop"  # it was stopped or has ended; what it wrote meanwhile is of no use
        scores = self._scores.read(values)
        if scores is None:
            return "continue"
        told = [sign * score for sign, score in zip(self._signs, scores, strict=True)]
        self._last[trial] = told
        if not self._judges:
            return "continue"
        with silence():
            known.report(told[0], resource)
            if not known.should_prune():
                return "continue"
            self._study.tell(known, state=self._states.PRUNED)
        self._forget(trial)
        return "stop"

    def end(self, trial: int, outcome: Outcome) -> None:
        known, last = self._trials.get(trial), self._last.get(trial)
        if known is None:
            return
        with silence():
            if outcome == "completed" and last is not None:
                self._study.tell(known, last)
            elif outcome == "stopped" and self._judges and last is not None:
                self._study.tell(known, state=self._states.PRUNED)
            else:
                self._study.tell(known, state=self._states.FAIL)
        self._forget(trial)

    def cannot_pause(self, trial: int) -> Verdict:
        return "continue"  # none of them pauses a trial

    def _begin(self, number: int) -> dict[str, JsonValue]:
        trial = self._study.ask()
        codes = self._axes.defined_by_run(lambda name, axis: _suggest(trial, name, axis))
        self._trials[number] = trial
        return self._axes.config(codes)

    def _forget(self, trial: int) -> None:
        self._trials.pop(trial, None)
        self._last.pop(trial, None)


def _suggest(trial: Any, name: str, axis: Axis) -> Code:
    """Asks for one value, in the domain that Optuna has for the axis."""
    found: Code
    if isinstance(axis, Category):
        found = trial.suggest_categorical(name, axis.codes)
    elif isinstance(axis, Place):
        found = trial.suggest_int(name, 0, len(axis.values) - 1)
    elif isinstance(axis, Row) and axis.step is not None:
        suggest = trial.suggest_int if axis.is_whole else trial.suggest_float
        found = suggest(name, axis.values[0], axis.values[-1], step=axis.step)
    elif isinstance(axis, Row):
        found = axis.numbers[trial.suggest_int(name, 0, len(axis.values) - 1)]
    elif isinstance(axis, Whole):
        found = trial.suggest_int(name, axis.low, axis.high, log=axis.log)
    else:
        assert isinstance(axis, Real)
        found = trial.suggest_float(name, axis.low, axis.high, log=axis.log)
    return found


def _theirs(axis: Axis, code: Code) -> Code:
    """A code as ``_suggest`` would have got it from Optuna."""
    if isinstance(axis, Row) and axis.step is None:
        return axis.place(float(code))
    return int(code) if isinstance(axis, Row) and axis.is_whole else code
