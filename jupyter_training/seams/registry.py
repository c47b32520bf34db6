"""Find a plug-in by seam and name: built-in ones first, then entry points."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from jupyter_training.errors import UnknownPlugin, near_miss

__all__ = ["BUILT_IN", "load", "names"]

_SEARCHERS = "jupyter_training.searchers"
_NOUNS = {"wishes": "backend"}  # where a seam's name is no plural of what it has

# Kept as text, so that a plug-in costs nothing until somebody uses it.
BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "backends": {
        "local": "jupyter_training.backends.local:LocalBackend",
        "sagemaker": "jupyter_training.backends.sagemaker.backend:SagemakerBackend",
    },
    "wishes": {
        "local": "jupyter_training.backends.local.wishes:LocalWishes",
        "sagemaker": "jupyter_training.backends.sagemaker.wishes:SagemakerWishes",
    },
    "storages": {"sagemaker": "jupyter_training.backends.sagemaker.buckets:reach"},
    "launchers": {
        "plain": "jupyter_training.launchers.plain:PlainLauncher",
        "torchrun": "jupyter_training.launchers.torchrun:TorchrunLauncher",
        "driver": "jupyter_training.launchers.driver:DriverLauncher",
    },
    "environments": {
        "current": "jupyter_training.environments.current:CurrentEnvironment",
        "dispatcher": "jupyter_training.environments.dispatcher:DispatcherEnvironment",
    },
    "searchers": {
        "random": f"{_SEARCHERS}.syne_tune_single:Random",
        "random_once": f"{_SEARCHERS}.random_search:RandomSearch",
        "grid": f"{_SEARCHERS}.grid:Grid",
        "asha": f"{_SEARCHERS}.syne_tune_fidelity:Asha",
        "asha_promote": f"{_SEARCHERS}.asha_promote:AshaPromote",
        "adaptive_asha": f"{_SEARCHERS}.adaptive_asha:AdaptiveAsha",
        "async_halving": f"{_SEARCHERS}.adaptive_asha:AsyncHalving",
        "rush": f"{_SEARCHERS}.syne_tune_fidelity:Rush",
        "asha_bore": f"{_SEARCHERS}.syne_tune_fidelity:AshaBore",
        "asha_cqr": f"{_SEARCHERS}.syne_tune_fidelity:AshaCqr",
        "bohb": f"{_SEARCHERS}.syne_tune_fidelity:Bohb",
        "median": f"{_SEARCHERS}.syne_tune_fidelity:Median",
        "pbt": f"{_SEARCHERS}.syne_tune_population:Pbt",
        "tpe": f"{_SEARCHERS}.optuna_samplers:Tpe",
        "st_tpe": f"{_SEARCHERS}.syne_tune_single:Kde",
        "cqr": f"{_SEARCHERS}.syne_tune_single:Cqr",
        "bore": f"{_SEARCHERS}.syne_tune_single:Bore",
        "rea": f"{_SEARCHERS}.syne_tune_single:Evolution",
        "cmaes": f"{_SEARCHERS}.optuna_samplers:CmaEs",
        "qmc": f"{_SEARCHERS}.optuna_samplers:Qmc",
        "optuna_random": f"{_SEARCHERS}.optuna_samplers:RandomOptuna",
        "nsga2": f"{_SEARCHERS}.optuna_samplers:Nsga2",
        "nsga3": f"{_SEARCHERS}.optuna_samplers:Nsga3",
        "moasha": f"{_SEARCHERS}.syne_tune_multi:MoAsha",
        "mo_rea": f"{_SEARCHERS}.syne_tune_multi:MoEvolution",
        "gp": f"{_SEARCHERS}.optuna_samplers:Gp",
        "botorch": f"{_SEARCHERS}.syne_tune_single:BoTorch",
        "ehvi": f"{_SEARCHERS}.syne_tune_multi:Ehvi",
    },
    "trackers": {"mlflow": "jupyter_training.tracking.mlflow_tracker:MlflowTracker"},
}


def names(seam: str) -> list[str]:
    """Every name that ``load`` would find, sorted."""
    found = set(BUILT_IN[seam])
    found.update(point.name for point in entry_points(group=f"jupyter_training.{seam}"))
    return sorted(found)


def load(seam: str, name: str) -> Any:
    """The class or factory behind a name.

    Raises:
        UnknownPlugin: no such name, with the list of those there are.
    """
    text = BUILT_IN[seam].get(name)
    if text is not None:
        module, _, attribute = text.partition(":")
        return getattr(importlib.import_module(module), attribute)
    for point in entry_points(group=f"jupyter_training.{seam}"):
        if point.name == name:
            return point.load()
    known = names(seam)
    close = near_miss(name, known)
    raise UnknownPlugin(
        f"There is no {_NOUNS.get(seam, seam[:-1])} {name!r}; there is: {', '.join(known)}.",
        hint=f"Did you mean {close!r}?" if close else None,
    )
