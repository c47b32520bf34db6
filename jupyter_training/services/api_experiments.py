"""The part of the table ``api.OPERATIONS`` that is about searches."""

from __future__ import annotations

from jupyter_training.schema import (
    CurvesView,
    ExperimentPage,
    ExperimentVerbRequest,
    ExperimentVerbResult,
    ExperimentView,
    ResultsView,
    SearcherList,
    SubmitRequest,
    SubmitResult,
    TrialPage,
)
from jupyter_training.services import experiment_acts, experiments, results, searchers, submitting
from jupyter_training.services.operation import Operation

__all__ = ["EXPERIMENT_OPERATIONS"]

EXPERIMENT_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "search",
        "POST",
        "experiments",
        "Store a wish whose parameters vary; repeating its key gives the first search again.",
        lambda site, user, path, query, body: submitting.submit(site, user, body, insists=True),
        request=SubmitRequest,
        response=SubmitResult,
    ),
    Operation(
        "experiments",
        "GET",
        "experiments",
        "One page of searches, newest first.",
        lambda site, user, path, query, body: experiments.page(site, query),
        query=experiments.ExperimentsQuery,
        response=ExperimentPage,
    ),
    Operation(
        "experiment",
        "GET",
        "experiments/{experiment}",
        "One search, with its spec.",
        lambda site, user, path, query, body: experiments.show(site, path["experiment"]),
        response=ExperimentView,
    ),
    Operation(
        "trials",
        "GET",
        "experiments/{experiment}/trials",
        "One page of a search's trials, in the order that is asked for.",
        lambda site, user, path, query, body: experiments.trials(site, path["experiment"], query),
        query=experiments.TrialsQuery,
        response=TrialPage,
    ),
    Operation(
        "trial_curves",
        "GET",
        "experiments/{experiment}/curves",
        "The learning curves of a search's best trials, sampled so that no spike is lost.",
        lambda site, user, path, query, body: experiments.curves(site, path["experiment"], query),
        query=experiments.CurvesQuery,
        response=CurvesView,
    ),
    Operation(
        "results",
        "GET",
        "experiments/{experiment}/results",
        "Every report that was judged, and what is best, as files of other programs.",
        lambda site, user, path, query, body: results.results(site, path["experiment"]),
        response=ResultsView,
    ),
    Operation(
        "act_on_experiments",
        "POST",
        "experiments/verbs",
        "Wish something of several searches; a result per search.",
        lambda site, user, path, query, body: experiment_acts.act(site, body),
        request=ExperimentVerbRequest,
        response=ExperimentVerbResult,
    ),
    Operation(
        "searchers",
        "GET",
        "searchers",
        "Who can propose configurations, with the options of each, and whether it runs here.",
        lambda site, user, path, query, body: searchers.listed(),
        response=SearcherList,
    ),
)
