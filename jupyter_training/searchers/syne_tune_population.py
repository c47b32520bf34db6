"""Syne Tune's population-based training: who is behind gives way to a changed copy of who is ahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from jupyter_training.seams.searcher import Outcome, Setup
from jupyter_training.searchers.syne_tune_base import RESOURCE, SyneTuneSearcher

__all__ = ["Pbt", "PbtOptions"]


class PbtOptions(BaseModel):
    """How often the population is compared, and how its settings change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interval: int = Field(default=5, ge=1, description="A trial is compared with the others every so many reports.")
    quantile: float = Field(
        default=0.25, ge=0, le=0.5, description="The worst share gives way to copies from the best share."
    )
    resample: float = Field(
        default=0.25, ge=0, le=1, description="How often a copied value is drawn anew, not changed by a fifth."
    )
    max_resource: int | None = Field(default=None, ge=1, description="A trial is complete after so many reports.")


class Pbt(SyneTuneSearcher):
    """The population is those that run at once: give it as many workers as it shall have members.

    A trial that falls behind is stopped, and the next that begins is its
    successor: a new trial from the newest checkpoint of one that is ahead.
    """

    name = "pbt"
    Options = PbtOptions

    def _make(self, setup: Setup, options: BaseModel) -> Any:
        from syne_tune.optimizer.schedulers.pbt import PopulationBasedTraining

        assert isinstance(options, PbtOptions)
        return PopulationBasedTraining(
            self._domains,
            self._names[0],
            time_attr=RESOURCE,
            max_t=options.max_resource or setup.max_resource or 100,
            do_minimize=True,
            population_size=setup.workers,
            perturbation_interval=options.interval,
            quantile_fraction=options.quantile,
            resample_probability=options.resample,
            random_seed=setup.seed,
        )

    def adopt(self, number: int, config: Mapping[str, JsonValue], clone_of: int | None = None) -> None:
        """A copy that was begun is owed no more, whatever its settings became."""
        super().adopt(number, config, clone_of)
        owed = self._scheduler.trial_decisions_stack
        for one in list(owed):
            if clone_of is not None and one[0] == clone_of:
                owed.remove(one)
                break

    def end(self, trial: int, outcome: Outcome) -> None:
        """Who failed or was taken away is copied no more; Syne Tune would go on comparing with it."""
        known = self._scheduler.trial_state.get(trial)
        if known is not None and outcome != "completed":
            known.stopped = True
        super().end(trial, outcome)
