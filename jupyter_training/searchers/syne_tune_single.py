"""Syne Tune's searchers that judge a trial by its last report alone."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from jupyter_training.seams.searcher import Setup
from jupyter_training.searchers.syne_tune_base import NoOptions, SyneTuneSearcher

__all__ = [
    "BoTorch",
    "Bore",
    "BoreOptions",
    "Cqr",
    "Evolution",
    "EvolutionOptions",
    "Kde",
    "KdeOptions",
    "Random",
    "bore",
    "bore_words",
    "kde_words",
]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Single(SyneTuneSearcher):
    """A searcher of theirs in the scheduler that hands each trial's last report to it."""

    def _make(self, setup: Setup, options: BaseModel) -> Any:
        from syne_tune.optimizer.schedulers.single_fidelity_scheduler import SingleFidelityScheduler

        return SingleFidelityScheduler(
            self._domains,
            self._names,
            do_minimize=True,
            searcher=self._searcher(setup, options),
            random_seed=setup.seed,
        )

    def _searcher(self, setup: Setup, options: BaseModel) -> Any:
        raise NotImplementedError


class Random(_Single):
    """Each trial anew, without regard to the others."""

    name = "random"
    objectives = "any"

    def _searcher(self, setup: Setup, options: BaseModel) -> Any:
        from syne_tune.optimizer.schedulers.searchers import random_searcher as theirs

        kind = theirs.RandomSearcher if len(self._names) == 1 else theirs.MultiObjectiveRandomSearcher
        return kind(self._domains, random_seed=setup.seed)


class BoreOptions(_Options):
    """What BORE's classifier learns from, and how it is asked."""

    gamma: float = Field(default=0.25, gt=0, lt=1, description="The share of trials that counts as good.")
    classifier: Literal["xgboost", "rf", "logreg", "mlp"] = Field(
        default="xgboost", description="What tells good from bad."
    )
    candidates: int = Field(
        default=500, ge=1, le=100_000, description="How many configurations are judged for each trial."
    )
    random_share: float = Field(default=0.0, ge=0, le=1, description="The share of trials proposed at random.")
    random_first: int = Field(default=6, ge=1, description="So many ended trials before the model is used.")


class Bore(_Single):
    name = "bore"
    Options = BoreOptions

    def _searcher(self, setup: Setup, options: BaseModel) -> Any:
        return bore()(self._domains, random_seed=setup.seed, **bore_words(options))


def bore() -> Any:
    """Syne Tune's class, but judging all candidates in one call of the model.

    It calls the model for each of them, half a second for a proposal; the one
    that is best is the same.
    """
    from syne_tune.optimizer.schedulers.searchers.bore import Bore

    class Batched(Bore):  # type: ignore[misc]
        def suggest(self) -> Any:
            first = len(self.inputs) < self.init_random or self.random_state.rand() < self.random_prob
            if first or not self._train_model(self.inputs, self.targets):
                return self._get_random_config()
            candidates = [self._get_random_config() for _ in range(self.feval_acq)]
            losses = self._loss(self._hp_ranges.to_ndarray_matrix(candidates))
            return candidates[losses.argmin()]

    return Batched


def bore_words(options: BaseModel) -> dict[str, Any]:
    """BORE's options under Syne Tune's names."""
    assert isinstance(options, BoreOptions)
    return {
        "gamma": options.gamma,
        "classifier": options.classifier,
        "feval_acq": options.candidates,
        "random_prob": options.random_share,
        "init_random": options.random_first,
    }


class KdeOptions(_Options):
    """How the densities of good and other trials are estimated."""

    top_percent: int = Field(default=15, ge=1, le=99, description="How many percent of the trials count as good.")
    random_share: float = Field(default=0.33, ge=0, le=1, description="The share of trials proposed at random.")
    candidates: int = Field(
        default=64, ge=1, le=100_000, description="How many configurations are judged for each trial."
    )
    bandwidth_factor: float = Field(default=3, gt=0, description="How far from a good trial the next ones are tried.")
    min_bandwidth: float = Field(
        default=1e-3, gt=0, lt=1, description="Never less than this, where good trials are alike."
    )


class Kde(_Single):
    name = "st_tpe"
    Options = KdeOptions
    flat: ClassVar[bool] = True

    def _searcher(self, setup: Setup, options: BaseModel) -> Any:
        from syne_tune.optimizer.schedulers.searchers.kde import KernelDensityEstimator

        return KernelDensityEstimator(self._domains, random_seed=setup.seed, **kde_words(options, len(self._domains)))


def kde_words(options: BaseModel, axes: int) -> dict[str, Any]:
    """The estimator's options under Syne Tune's names.

    It must have seen more good trials than there are axes, and by itself takes
    one too few: it would propose at random until a small share of all trials is
    more than that (67 trials for 9 axes).
    """
    assert isinstance(options, KdeOptions)
    return {
        "num_min_data_points": axes + 1,
        "top_n_percent": options.top_percent,
        "random_fraction": options.random_share,
        "num_candidates": options.candidates,
        "bandwidth_factor": options.bandwidth_factor,
        "min_bandwidth": options.min_bandwidth,
    }


class EvolutionOptions(_Options):
    """How many are kept, and among how many a parent is chosen."""

    population: int = Field(
        default=100, ge=2, le=10_000, description="How many of the newest trials are kept; the first ones are random."
    )
    sample: int = Field(
        default=10, ge=1, le=10_000, description="A parent is the best of so many, drawn from those kept."
    )


class Evolution(_Single):
    name = "rea"
    Options = EvolutionOptions

    def _searcher(self, setup: Setup, options: BaseModel) -> Any:
        from syne_tune.optimizer.schedulers.searchers.regularized_evolution import RegularizedEvolution

        assert isinstance(options, EvolutionOptions)
        return RegularizedEvolution(
            self._domains, population_size=options.population, sample_size=options.sample, random_seed=setup.seed
        )


class Cqr(_Single):
    name = "cqr"
    Options = NoOptions

    def _searcher(self, setup: Setup, options: BaseModel) -> Any:
        from syne_tune.optimizer.schedulers.searchers.conformal import conformal_quantile_regression_searcher as theirs

        return theirs.ConformalQuantileRegression(self._domains, random_seed=setup.seed)


class BoTorch(_Single):
    """Needs torch and botorch, which this package does not bring."""

    name = "botorch"
    Options = NoOptions

    def _searcher(self, setup: Setup, options: BaseModel) -> Any:
        from syne_tune.optimizer.schedulers.searchers.botorch.botorch_searcher import BoTorchSearcher

        return BoTorchSearcher(self._domains, random_seed=setup.seed)
