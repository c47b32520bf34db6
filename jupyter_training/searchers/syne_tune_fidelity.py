"""Syne Tune's searchers that stop a trial early, by what others had reported as far on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from jupyter_training.seams.searcher import Setup
from jupyter_training.searchers.draws import refused
from jupyter_training.searchers.syne_tune_base import RESOURCE, SyneTuneSearcher
from jupyter_training.searchers.syne_tune_quick import quick_rungs, random_proposals
from jupyter_training.searchers.syne_tune_single import BoreOptions, KdeOptions, bore, bore_words, kde_words

__all__ = ["Asha", "AshaBore", "AshaCqr", "AshaOptions", "Bohb", "Median", "MedianOptions", "Rush", "longest"]


class AshaOptions(BaseModel):
    """Where the rungs are: at grace, grace x factor, grace x factor^2 ... reports."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grace: int = Field(default=1, ge=1, description="No trial is stopped before so many reports.")
    factor: float = Field(
        default=3, gt=1, le=1000, description="Of those that reach a rung, the best 1 in so many go on."
    )
    brackets: int = Field(
        default=1, ge=1, le=20, description="So many ladders of rungs, each beginning one rung later."
    )
    max_resource: int | None = Field(default=None, ge=1, description="A trial is complete after so many reports.")


def longest(setup: Setup, options: AshaOptions) -> int:
    """After how many reports a trial is complete; 100 where nobody says, as in Syne Tune.

    Raises:
        InvalidSpec: that is before the first trial may be stopped.
    """
    most = options.max_resource or setup.max_resource or max(100, options.grace)
    if options.grace > most:
        detail = f"grace={options.grace} is more than max_resource={most}: no trial would ever be stopped."
        hint = f"Let grace be at most {most}."
        raise refused("searcher_options.grace", detail, hint=hint)
    return most


class Asha(SyneTuneSearcher):
    """Stops at a rung whoever is not among the best that reached it. What is proposed is random."""

    name = "asha"
    Options: ClassVar[type[BaseModel]] = AshaOptions

    @classmethod
    def check(cls, setup: Setup, options: BaseModel) -> None:
        """Raises InvalidSpec where no trial would ever be stopped."""
        if isinstance(options, AshaOptions):
            longest(setup, options)

    def _make(self, setup: Setup, options: BaseModel) -> Any:
        from syne_tune.optimizer.schedulers.asha import AsynchronousSuccessiveHalving

        assert isinstance(options, AshaOptions)
        scheduler = AsynchronousSuccessiveHalving(
            self._domains,
            self._names[0],
            do_minimize=True,
            searcher=self._proposals(setup, options),
            time_attr=RESOURCE,
            max_t=longest(setup, options),
            grace_period=options.grace,
            reduction_factor=options.factor,
            brackets=options.brackets,
            random_seed=setup.seed,
        )
        return quick_rungs(scheduler)

    def _proposals(self, setup: Setup, options: BaseModel) -> Any:
        return random_proposals()(self._domains, random_seed=setup.seed, searcher="random_search")


class _Modelled(Asha):
    """Asha with a model that learns from the last report of each trial."""

    def _proposals(self, setup: Setup, options: BaseModel) -> Any:
        from syne_tune.optimizer.schedulers.searchers.last_value_multi_fidelity_searcher import (
            LastValueMultiFidelitySearcher,
        )

        return LastValueMultiFidelitySearcher(
            self._domains,
            searcher=self._model(),
            searcher_kwargs=self._model_words(options),
            random_seed=setup.seed,
        )

    def _model(self) -> Any:
        """By Syne Tune's name, or the class."""
        raise NotImplementedError

    def _model_words(self, options: BaseModel) -> dict[str, Any]:
        return {}


class RushOptions(AshaOptions):
    """Those of asha, and what to begin with."""

    points: tuple[dict[str, JsonValue], ...] = Field(
        default=(), description="Configurations to try first, before the earlier ones."
    )
    first: int = Field(
        default=10, ge=0, le=1000, description="So many of the best earlier configurations are tried first."
    )


class Rush(Asha):
    """Asha that begins with what was best in earlier searches of the same name."""

    name = "rush"
    Options = RushOptions

    def _first(self, setup: Setup, options: BaseModel) -> list[Mapping[str, JsonValue]]:
        assert isinstance(options, RushOptions)
        return [*options.points, *setup.earlier[: options.first]]


class AshaBoreOptions(AshaOptions, BoreOptions):
    """Those of asha, and those of bore."""


class AshaBore(_Modelled):
    name = "asha_bore"
    Options = AshaBoreOptions

    def _model(self) -> Any:
        return bore()

    def _model_words(self, options: BaseModel) -> dict[str, Any]:
        return bore_words(options)


class AshaCqr(_Modelled):
    name = "asha_cqr"

    def _model(self) -> Any:
        return "cqr"


class BohbOptions(AshaOptions, KdeOptions):
    """Those of asha, and those of st_tpe."""


class Bohb(_Modelled):
    name = "bohb"
    Options = BohbOptions
    flat: ClassVar[bool] = True

    def _model(self) -> Any:
        return "kde"

    def _model_words(self, options: BaseModel) -> dict[str, Any]:
        return kde_words(options, len(self._domains))


class MedianOptions(BaseModel):
    """When a trial may be stopped, and which."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grace: int = Field(default=1, ge=0, description="No trial is stopped before so many reports.")
    grace_trials: int = Field(default=5, ge=1, description="Nor before so many trials have come as far.")
    cutoff: float = Field(
        default=0.5, gt=0, lt=1, description="Stopped is who is not among this share of the best; 0.5: the median."
    )
    running_average: bool = Field(
        default=True, description="Compare the averages of all reports so far, not the last ones."
    )


class Median(SyneTuneSearcher):
    """Stops who is worse than the median of those that came as far. What is proposed is random."""

    name = "median"
    Options = MedianOptions

    def _make(self, setup: Setup, options: BaseModel) -> Any:
        from syne_tune.optimizer.baselines import RandomSearch
        from syne_tune.optimizer.schedulers.median_stopping_rule import MedianStoppingRule

        assert isinstance(options, MedianOptions)
        return MedianStoppingRule(
            RandomSearch(self._domains, self._names, do_minimize=True, random_seed=setup.seed),
            time_attr=RESOURCE,
            metric=self._names[0],
            running_average=options.running_average,
            grace_time=options.grace,
            grace_population=options.grace_trials,
            rank_cutoff=options.cutoff,
            random_seed=setup.seed,
            do_minimize=True,
        )
