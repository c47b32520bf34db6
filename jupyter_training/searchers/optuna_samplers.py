"""Optuna's samplers, each with the options that matter."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from jupyter_training.seams.searcher import Setup
from jupyter_training.searchers.axes import Axes, Category
from jupyter_training.searchers.draws import refused
from jupyter_training.searchers.optuna_base import OptunaSearcher
from jupyter_training.searchers.optuna_pruners import PrunedOptions

__all__ = ["CmaEs", "Gp", "Nsga2", "Nsga3", "Qmc", "RandomOptuna", "Tpe", "TpeOptions"]


class TpeOptions(PrunedOptions):
    """How densities are estimated, beside how a trial is judged while it runs."""

    random_first: int = Field(default=10, ge=0, description="So many trials at random before the model is used.")
    candidates: int = Field(
        default=24, ge=1, le=100_000, description="How many configurations are judged for each trial."
    )
    multivariate: bool | None = Field(
        default=None, description="Model axes together, not each by itself; else as Optuna does it."
    )
    group: bool = Field(
        default=False, description="With multivariate: model the axes of each branch of a condition together."
    )
    constant_liar: bool = Field(default=True, description="Count running trials as bad, so that those at once differ.")


class Tpe(OptunaSearcher):
    name = "tpe"
    Options = TpeOptions
    objectives = "any"

    def _sampler(self, setup: Setup, options: BaseModel) -> Any:
        from optuna.samplers import TPESampler

        assert isinstance(options, TpeOptions)
        return TPESampler(
            n_startup_trials=options.random_first,
            n_ei_candidates=options.candidates,
            multivariate=options.multivariate or options.group or None,
            group=options.group,
            constant_liar=options.constant_liar,
            warn_independent_sampling=False,
            seed=setup.seed,
        )


class CmaEsOptions(PrunedOptions):
    """The covariance matrix and its population, beside how a trial is judged while it runs."""

    random_first: int = Field(
        default=1, ge=0, description="So many trials at random before the distribution is adapted."
    )
    population: int | None = Field(
        default=None, ge=2, description="Trials of a generation; else by the number of axes."
    )
    separable: bool = Field(default=False, description="Adapt each axis by itself: for many axes.")
    margin: bool = Field(default=False, description="Keep integers from being fixed too early.")
    lr_adapt: bool = Field(default=False, description="Adapt the learning rate: for noisy or many-peaked metrics.")
    learn_from_pruned: bool = Field(default=False, description="Learn from trials that were stopped early, too.")


class CmaEs(OptunaSearcher):
    """Two axes of numbers at least, which no condition switches off; other axes are drawn at random."""

    name = "cmaes"
    Options = CmaEsOptions

    @classmethod
    def check(cls, setup: Setup, options: BaseModel) -> None:  # noqa: ARG003
        """Raises InvalidSpec where there are too few axes for it."""
        _check_numbers(Axes(setup.space))

    def _check(self) -> None:
        _check_numbers(self._axes)

    def _sampler(self, setup: Setup, options: BaseModel) -> Any:
        from optuna.samplers import CmaEsSampler

        assert isinstance(options, CmaEsOptions)
        return CmaEsSampler(
            n_startup_trials=options.random_first,
            popsize=options.population,
            use_separable_cma=options.separable,
            with_margin=options.margin,
            lr_adapt=options.lr_adapt,
            consider_pruned_trials=options.learn_from_pruned,
            warn_independent_sampling=False,
            seed=setup.seed,
        )


class NsgaOptions(PrunedOptions):
    """How generations are made, beside how a trial is judged while it runs (one metric only)."""

    population: int = Field(default=50, ge=2, le=10_000, description="Trials of a generation; the first one is random.")
    mutation: float | None = Field(
        default=None, ge=0, le=1, description="How often a value is drawn anew; else 1 in the number of axes."
    )
    crossover: float = Field(default=0.9, ge=0, le=1, description="How often a trial has two parents.")
    swapping: float = Field(default=0.5, ge=0, le=1, description="How often a value comes from the second parent.")


class Nsga2(OptunaSearcher):
    name = "nsga2"
    Options = NsgaOptions
    objectives = "any"

    def _sampler(self, setup: Setup, options: BaseModel) -> Any:
        from optuna.samplers import NSGAIISampler

        return NSGAIISampler(seed=setup.seed, **_generations(options))


class Nsga3Options(NsgaOptions):
    """Those of nsga2, and how finely the directions between the metrics are divided."""

    divisions: int = Field(default=3, ge=1, le=100, description="Each metric's axis is divided into so many parts.")


class Nsga3(OptunaSearcher):
    name = "nsga3"
    Options = Nsga3Options
    objectives = "any"

    def _sampler(self, setup: Setup, options: BaseModel) -> Any:
        from optuna.samplers import NSGAIIISampler

        assert isinstance(options, Nsga3Options)
        return NSGAIIISampler(seed=setup.seed, dividing_parameter=options.divisions, **_generations(options))


def _generations(options: BaseModel) -> dict[str, Any]:
    assert isinstance(options, NsgaOptions)
    return {
        "population_size": options.population,
        "mutation_prob": options.mutation,
        "crossover_prob": options.crossover,
        "swapping_prob": options.swapping,
    }


class QmcOptions(PrunedOptions):
    """Which sequence, beside how a trial is judged while it runs."""

    sequence: Literal["sobol", "halton"] = Field(default="sobol", description="Which even sequence.")
    scramble: bool = Field(
        default=True, description="Shift it by the seed; without, the first trial is at the lower ends."
    )


class Qmc(OptunaSearcher):
    name = "qmc"
    Options = QmcOptions
    objectives = "any"

    def _sampler(self, setup: Setup, options: BaseModel) -> Any:
        from optuna.samplers import QMCSampler

        assert isinstance(options, QmcOptions)
        return QMCSampler(
            qmc_type=options.sequence, scramble=options.scramble, seed=setup.seed, warn_independent_sampling=False
        )


class RandomOptuna(OptunaSearcher):
    name = "optuna_random"
    objectives = "any"

    def _sampler(self, setup: Setup, options: BaseModel) -> Any:
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=setup.seed)


class GpOptions(PrunedOptions):
    """How the process is begun, beside how a trial is judged while it runs."""

    random_first: int = Field(default=10, ge=1, description="So many trials at random before the model is used.")
    deterministic: bool = Field(default=False, description="The same configuration always gives the same value.")


class Gp(OptunaSearcher):
    """Needs torch, which this package does not bring."""

    name = "gp"
    Options = GpOptions
    objectives = "any"

    def _sampler(self, setup: Setup, options: BaseModel) -> Any:
        from optuna.samplers import GPSampler

        assert isinstance(options, GpOptions)
        return GPSampler(
            n_startup_trials=options.random_first,
            deterministic_objective=options.deterministic,
            warn_independent_sampling=False,
            seed=setup.seed,
        )


def _check_numbers(space: Axes) -> None:
    numeric = [
        name for name, axis in space.axes.items() if not isinstance(axis, Category) and name not in space.conditional
    ]
    if len(numeric) < 2:
        detail = (
            f"Searcher 'cmaes' needs two axes of numbers that are always active; there "
            f"{'is one: ' + numeric[0] if numeric else 'is none'}."
        )
        hint = "Take tpe, which knows choices, conditions and single axes."
        raise refused("searcher", detail, hint=hint)
