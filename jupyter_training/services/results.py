"""What a search found, as files: Syne Tune's ``results.csv``, and Hydra's ``optimization_results.yaml``."""

from __future__ import annotations

from jupyter_training.schema import ResultsView
from jupyter_training.services.experiments import known
from jupyter_training.services.site import Site
from jupyter_training.store import search_results

__all__ = ["results"]


def results(site: Site, experiment: str) -> ResultsView:
    """All reports that were judged, and the best configuration or, for several metrics, the Pareto set.

    Raises:
        UnknownExperiment
    """
    one = known(site, experiment)
    found = search_results.read(site.store, one)
    return ResultsView(name=one.spec.name, csv=found.csv(), yaml=found.yaml())
