"""Optuna's rules for stopping a trial early, as one option of each of its searchers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from jupyter_training.seams.searcher import Setup

__all__ = ["PrunedOptions", "make_pruner"]

Pruner = Literal["none", "median", "percentile", "successive_halving", "hyperband", "threshold"]

# Which options a pruner looks at; one that is given to another is a mistake that should not pass in silence.
_READS: dict[str, frozenset[str]] = {
    "none": frozenset(),
    "median": frozenset({"grace", "grace_trials", "interval"}),
    "percentile": frozenset({"grace", "grace_trials", "interval", "percentile"}),
    "successive_halving": frozenset({"grace", "factor"}),
    "hyperband": frozenset({"grace", "factor", "max_resource"}),
    "threshold": frozenset({"grace", "interval", "lower", "upper"}),
}


class PrunedOptions(BaseModel):
    """How a trial is judged while it runs. Without a pruner each goes on to its end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pruner: Pruner = Field(default="none", description="The rule that stops a trial early; for one metric only.")
    grace: int | None = Field(default=None, ge=1, description="No trial is stopped before so many reports.")
    grace_trials: int | None = Field(
        default=None, ge=0, description="Nor before so many trials have ended (median, percentile)."
    )
    interval: int | None = Field(
        default=None, ge=1, description="Judge every so many reports (median, percentile, threshold)."
    )
    percentile: float | None = Field(
        default=None, gt=0, lt=100, description="Who is among so many percent of the best goes on; 25."
    )
    factor: int | None = Field(
        default=None, ge=2, le=100, description="One in so many goes on (successive_halving: 4, hyperband: 3)."
    )
    max_resource: int | None = Field(
        default=None, ge=1, description="A trial is complete after so many reports (hyperband)."
    )
    lower: float | None = Field(default=None, allow_inf_nan=False, description="Stop what reports less (threshold).")
    upper: float | None = Field(default=None, allow_inf_nan=False, description="Stop what reports more (threshold).")

    @model_validator(mode="after")
    def _fit(self) -> PrunedOptions:
        given = {name for name in frozenset().union(*_READS.values()) if getattr(self, name) is not None}
        foreign = sorted(given - _READS[self.pruner])
        if foreign:
            raise ValueError(f"pruner {self.pruner!r} has no use for {', '.join(foreign)}")
        if self.pruner == "threshold" and self.lower is None and self.upper is None:
            raise ValueError("pruner 'threshold' needs lower or upper")
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise ValueError(f"lower {self.lower:g} is not below upper {self.upper:g}")
        return self


def make_pruner(options: PrunedOptions, setup: Setup) -> Any:
    """The pruner of Optuna that the options mean. Its steps are our resources, which count from 1."""
    from optuna import pruners

    warm_up = options.grace or 0
    trials = 5 if options.grace_trials is None else options.grace_trials
    if options.pruner == "median":
        return pruners.MedianPruner(
            n_startup_trials=trials, n_warmup_steps=warm_up, interval_steps=options.interval or 1
        )
    if options.pruner == "percentile":
        return pruners.PercentilePruner(
            options.percentile or 25.0,
            n_startup_trials=trials,
            n_warmup_steps=warm_up,
            interval_steps=options.interval or 1,
        )
    if options.pruner == "successive_halving":
        return pruners.SuccessiveHalvingPruner(min_resource=options.grace or 1, reduction_factor=options.factor or 4)
    if options.pruner == "hyperband":
        return pruners.HyperbandPruner(
            min_resource=options.grace or 1,
            max_resource=options.max_resource or setup.max_resource or 100,
            reduction_factor=options.factor or 3,
        )
    if options.pruner == "threshold":
        return pruners.ThresholdPruner(
            lower=options.lower, upper=options.upper, n_warmup_steps=warm_up, interval_steps=options.interval or 1
        )
    return pruners.NopPruner()
