"""The rows of the catalogue, and the names that lead to them. Data only; ``catalogue`` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Literal

__all__ = ["ALIASES", "ENTRIES", "REFUSED", "Entry"]


@dataclass(frozen=True)
class Entry:
    """``stops``: what a trial that runs may hear from it. ``population``: trials descend from each other.

    ``needs``: packages that are not installed with this one. ``refused``: why it
    can't be had at all. ``instead``: what to take where it does not run.
    """

    name: str
    summary: str
    _: KW_ONLY
    source: str
    metrics: Literal["one", "several", "any"] = "one"
    stops: Literal["no", "stops", "pauses", "on wish"] = "no"
    population: bool = False
    replay: Literal["exact", "from_history"] = "exact"
    needs: tuple[str, ...] = ()
    refused: str | None = None
    instead: str | None = None


_OURS = "ours"
_SYNE_TUNE = "Syne Tune"
_OPTUNA = "Optuna"

ENTRIES: tuple[Entry, ...] = (
    Entry("random", "Each trial at random.", source=_SYNE_TUNE, metrics="any"),
    Entry(
        "random_once",
        "At random, no configuration twice; ends when a finite space is through.",
        source=_OURS,
        metrics="any",
    ),
    Entry("grid", "Every configuration once; a continuous axis needs a count.", source=_OURS, metrics="any"),
    Entry(
        "asha",
        "Random, and at each rung (1, 3, 9 ... reports) stops who is not among the best third.",
        source=_SYNE_TUNE,
        stops="stops",
    ),
    Entry(
        "asha_promote",
        "Likewise, but pauses at a rung, and goes on with the best: nothing good is lost.",
        source=_OURS,
        stops="pauses",
    ),
    Entry(
        "adaptive_asha", "Determined's: several brackets of rungs at once, by stopping.", source=_OURS, stops="stops"
    ),
    Entry("async_halving", "Determined's: one bracket of rungs, by stopping.", source=_OURS, stops="stops"),
    Entry(
        "rush", "asha that begins with the best of earlier searches of the same name.", source=_SYNE_TUNE, stops="stops"
    ),
    Entry("asha_bore", "asha, with bore proposing.", source=_SYNE_TUNE, stops="stops"),
    Entry("asha_cqr", "asha, with cqr proposing.", source=_SYNE_TUNE, stops="stops"),
    Entry("bohb", "asha, with st_tpe proposing.", source=_SYNE_TUNE, stops="stops"),
    Entry(
        "median", "Random, and stops who is worse than the median of those as far on.", source=_SYNE_TUNE, stops="stops"
    ),
    Entry(
        "pbt",
        "Population-based training: who is behind gives way to a changed copy of who is ahead. Needs checkpoints.",
        source=_SYNE_TUNE,
        stops="stops",
        population=True,
    ),
    Entry(
        "tpe",
        "Bayesian: proposes what is more likely among good trials than among others. Knows conditions.",
        source=_OPTUNA,
        metrics="any",
        stops="on wish",
    ),
    Entry("st_tpe", "The same idea by Syne Tune, on all axes together.", source=_SYNE_TUNE),
    Entry("cqr", "Bayesian: conformal quantile regression with boosted trees.", source=_SYNE_TUNE),
    Entry("bore", "Bayesian: a classifier tells good configurations from others.", source=_SYNE_TUNE),
    Entry("rea", "Regularised evolution: changes one value of a good trial.", source=_SYNE_TUNE, population=True),
    Entry(
        "cmaes",
        "Covariance matrix adaptation: for two or more axes of numbers.",
        source=_OPTUNA,
        stops="on wish",
        population=True,
    ),
    Entry(
        "qmc", "Evenly spread (Sobol, Halton) where random has gaps.", source=_OPTUNA, metrics="any", stops="on wish"
    ),
    Entry(
        "optuna_random", "Each trial at random, with Optuna's pruners.", source=_OPTUNA, metrics="any", stops="on wish"
    ),
    Entry(
        "nsga2",
        "Evolution towards a Pareto front.",
        source=_OPTUNA,
        metrics="any",
        stops="on wish",
        population=True,
    ),
    Entry(
        "nsga3",
        "Likewise, spread evenly over three or more metrics.",
        source=_OPTUNA,
        metrics="any",
        stops="on wish",
        population=True,
    ),
    Entry("moasha", "asha whose rungs compare several metrics.", source=_SYNE_TUNE, metrics="several", stops="stops"),
    Entry("mo_rea", "rea by several metrics.", source=_SYNE_TUNE, metrics="several", population=True),
    Entry(
        "gp",
        "Bayesian: a Gaussian process.",
        source=_OPTUNA,
        metrics="any",
        stops="on wish",
        needs=("torch",),
        instead="cqr or tpe",
    ),
    Entry(
        "botorch",
        "Bayesian: a Gaussian process.",
        source=_SYNE_TUNE,
        needs=("torch", "botorch"),
        instead="cqr or tpe",
    ),
    Entry(
        "ehvi",
        "Bayesian: expected improvement of the Pareto front.",
        source=_SYNE_TUNE,
        metrics="several",
        needs=("torch", "botorch"),
        instead="tpe or nsga2",
    ),
)

_GONE = "Syne Tune 0.16 no longer has it."

REFUSED: tuple[Entry, ...] = (
    Entry(
        "mobster",
        "asha with a Gaussian process.",
        source=_SYNE_TUNE,
        refused=_GONE,
        instead="asha_cqr, asha_bore or bohb",
    ),
    Entry(
        "hypertune", "MOBSTER with several brackets.", source=_SYNE_TUNE, refused=_GONE, instead="bohb or adaptive_asha"
    ),
    Entry(
        "dehb",
        "Differential evolution with Hyperband.",
        source=_SYNE_TUNE,
        refused=_GONE,
        instead="bohb or adaptive_asha",
    ),
    Entry(
        "dyhpo",
        "A Gaussian process that decides which trial goes on.",
        source=_SYNE_TUNE,
        refused=_GONE,
        instead="asha_promote or bohb",
    ),
    Entry(
        "sync_hyperband",
        "Hyperband that waits for whole rungs.",
        source=_SYNE_TUNE,
        refused=_GONE,
        instead="adaptive_asha, or tpe with pruner: hyperband",
    ),
    Entry("sync_bohb", "BOHB that waits for whole rungs.", source=_SYNE_TUNE, refused=_GONE, instead="bohb"),
    Entry(
        "mo_multi_surrogate",
        "One model per metric.",
        source=_SYNE_TUNE,
        refused="Syne Tune 0.16 brings it broken: it imports a module that is not there (random_scalarization).",
        instead="tpe, nsga2 or mo_rea",
    ),
    Entry(
        "smac",
        "Random forests.",
        source=_SYNE_TUNE,
        refused="Syne Tune 0.16 asks for a package that no extra of it installs, and fails with a NameError.",
        instead="cqr or bore",
    ),
    Entry(
        "zero_shot",
        "Configurations that did well on other tasks.",
        source=_SYNE_TUNE,
        refused="it needs whole tables of evaluations of other tasks, which a search here does not have.",
        instead="rush, which begins with the best of earlier searches",
    ),
)

# Another name -> ours, and what that means where the summary does not say it.
ALIASES: Mapping[str, tuple[str, str | None]] = {
    "bo": ("cqr", "Bayesian optimisation by conformal quantile regression of Syne Tune, which needs no torch."),
    "random_search": ("random", None),
    "random_unique": ("random_once", None),
    "kde": ("st_tpe", None),
    "motpe": ("tpe", "Optuna's TPE, which takes one metric or several."),
    "syne_tune_tpe": ("st_tpe", None),
    "asha_stopping": ("asha", None),
    "ashabore": ("asha_bore", None),
    "ashacqr": ("asha_cqr", None),
    "async_bohb": ("bohb", None),
    "asha_promotion": ("asha_promote", None),
    "hyperband": ("adaptive_asha", "Hyperband's brackets, by Determined's rule; nothing waits for a whole rung."),
    "median_stopping": ("median", None),
    "population_based_training": ("pbt", None),
    "regularized_evolution": ("rea", None),
    "regularised_evolution": ("rea", None),
    "mo_regularized_evolution": ("mo_rea", None),
    "cma_es": ("cmaes", None),
    "nsgaii": ("nsga2", None),
    "nsga_ii": ("nsga2", None),
    "nsgaiii": ("nsga3", None),
    "nsga_iii": ("nsga3", None),
    "gaussian_process": ("gp", None),
    "hyperband_sync": ("sync_hyperband", None),
    "synchronous_hyperband": ("sync_hyperband", None),
    "multi_surrogate": ("mo_multi_surrogate", None),
    "multiobjectivemultisurrogate": ("mo_multi_surrogate", None),
}
