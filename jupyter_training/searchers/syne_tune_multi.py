"""Syne Tune's searchers for two or more metrics."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from jupyter_training.seams.searcher import Setup
from jupyter_training.searchers.syne_tune_base import RESOURCE, SyneTuneSearcher
from jupyter_training.searchers.syne_tune_fidelity import AshaOptions, longest
from jupyter_training.searchers.syne_tune_single import EvolutionOptions

__all__ = ["Ehvi", "MoAsha", "MoAshaOptions", "MoEvolution", "MoEvolutionOptions"]

Rank = Literal["non_dominated", "mean", "first"]


class MoAshaOptions(AshaOptions):
    """Those of asha, and what it means to be better."""

    rank: Rank = Field(
        default="non_dominated", description="By Pareto fronts, by the mean of the metrics, or by the first alone."
    )


class MoAsha(SyneTuneSearcher):
    """Asha whose rungs compare several metrics. What is proposed is random."""

    name = "moasha"
    Options = MoAshaOptions
    objectives = "several"

    def _make(self, setup: Setup, options: BaseModel) -> Any:
        from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA

        assert isinstance(options, MoAshaOptions)
        return MOASHA(
            self._domains,
            self._names,
            do_minimize=True,
            time_attr=RESOURCE,
            multiobjective_priority=_priority(options.rank),
            max_t=longest(setup, options),
            grace_period=options.grace,
            reduction_factor=options.factor,
            brackets=options.brackets,
            random_seed=setup.seed,
        )


class MoEvolutionOptions(EvolutionOptions):
    """Those of rea, and what it means to be better."""

    rank: Rank = Field(
        default="non_dominated", description="By Pareto fronts, by the mean of the metrics, or by the first alone."
    )


class MoEvolution(SyneTuneSearcher):
    """Changes one value of a good trial; good is by several metrics."""

    name = "mo_rea"
    Options = MoEvolutionOptions
    objectives = "several"

    def _make(self, setup: Setup, options: BaseModel) -> Any:
        from syne_tune.optimizer.schedulers.multiobjective import multi_objective_regularized_evolution as theirs
        from syne_tune.optimizer.schedulers.single_fidelity_scheduler import SingleFidelityScheduler

        assert isinstance(options, MoEvolutionOptions)
        searcher = theirs.MultiObjectiveRegularizedEvolution(
            self._domains,
            population_size=options.population,
            sample_size=options.sample,
            multiobjective_priority=_priority(options.rank),
            random_seed=setup.seed,
        )
        return SingleFidelityScheduler(
            self._domains, self._names, do_minimize=True, searcher=searcher, random_seed=setup.seed
        )


class Ehvi(SyneTuneSearcher):
    """Needs torch and botorch, which this package does not bring; without them Syne Tune fails with a NameError."""

    name = "ehvi"
    objectives = "several"

    def _make(self, setup: Setup, options: BaseModel) -> Any:
        from syne_tune.optimizer.baselines import EHVI

        return EHVI(self._domains, self._names, do_minimize=True, random_seed=setup.seed)


def _priority(rank: Rank) -> Any:
    from syne_tune.optimizer.schedulers.multiobjective import multiobjective_priority as theirs

    if rank == "mean":
        return theirs.LinearScalarizationPriority()
    if rank == "first":
        return theirs.FixedObjectivePriority()

    class Ranked(theirs.NonDominatedPriority):  # type: ignore[misc]
        """Syne Tune's own answers which trial is at a place, where it is asked for the place of a trial."""

        def priority_unsafe(self, objectives: Any) -> Any:
            import numpy as np

            return np.argsort(super().priority_unsafe(objectives))

    return Ranked()
