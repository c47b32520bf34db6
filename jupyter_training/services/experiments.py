"""Use cases on searches: look at them, their trials and curves. What is wished of them is in ``experiment_acts``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from jupyter_training.core.experiment import Experiment, ExperimentState
from jupyter_training.core.ids import JobId, is_job_id
from jupyter_training.errors import InvalidUsage, UnknownExperiment, near_miss
from jupyter_training.schema import CurvesView, CurveView, ExperimentPage, ExperimentView, TrialPage
from jupyter_training.services.experiment_present import experiment_views, space_of, trial_view
from jupyter_training.services.site import Site
from jupyter_training.store import experiment_listing as listing
from jupyter_training.store import experiments, trial_curves, trial_listing

__all__ = ["CurvesQuery", "ExperimentsQuery", "TrialsQuery", "curves", "known", "page", "show", "trials"]

PAGE_LIMIT = 200
TRIALS_LIMIT = 1_000
_ORDERS = ("number", "value", "state")


class ExperimentsQuery(BaseModel):
    """What a list is narrowed to. Several states are given by repeating ``state``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: tuple[ExperimentState, ...] = ()
    name: str | None = None
    user: str | None = None
    notebook: str | None = None
    archived: bool = Field(False, description="only what was put away")
    after: str | None = Field(None, description="cursor: the `next` of the page before")
    limit: int = Field(50, ge=1, le=PAGE_LIMIT)


class TrialsQuery(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sort: str = Field(
        "number",
        max_length=200,
        description="number, value (the best first), state, or an axis; a - in front turns it round",
    )
    outcome: tuple[
        Literal["queued", "running", "paused", "held", "completed", "stopped", "failed", "canceled", "invalid"], ...
    ] = Field((), description="only trials in these states")
    after: str | None = Field(None, max_length=2_000, description="cursor: the `next` of the page before")
    limit: int = Field(100, ge=1, le=TRIALS_LIMIT)


class CurvesQuery(BaseModel):
    """The learning curves of the best trials."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str | None = Field(None, description="of the objective's, or any other; without it the first one")
    trials: int = Field(20, ge=1, le=1_000, description="of how many, the best first")
    points: int = Field(200, ge=2, le=5_000, description="of each at most")


def page(site: Site, query: ExperimentsQuery) -> ExperimentPage:
    """One page of searches, newest first.

    Raises:
        InvalidUsage: a cursor that no page gave.
    """
    wanted = listing.ExperimentQuery(
        states=frozenset(query.state),
        name=query.name,
        user=query.user,
        notebook=query.notebook,
        archived=query.archived,
    )
    found = listing.page(site.store, wanted, after=query.after, limit=query.limit)
    counts = {state.value: count for state, count in listing.states(site.store).items()}
    return ExperimentPage(experiments=tuple(experiment_views(site, found.experiments)), next=found.next, counts=counts)


def show(site: Site, experiment: str) -> ExperimentView:
    """One search with its spec.

    Raises:
        UnknownExperiment
    """
    (view,) = experiment_views(site, [known(site, experiment)], full=True)
    return view


def trials(site: Site, experiment: str, query: TrialsQuery) -> TrialPage:
    """One page of its trials. ``total``: how many there are in all.

    Raises:
        UnknownExperiment
        InvalidUsage: an order that it does not have, with the near miss; a cursor that no page gave.
    """
    one = known(site, experiment)
    space = space_of(site, one)
    by = query.sort.removeprefix("-")
    orders = (*_ORDERS, *(axis.name for axis in space.axes))
    if by not in orders:
        close = near_miss(by, orders)
        raise InvalidUsage(
            f"Trials can't be sorted by {by[:60]!r}.",
            hint=f"Did you mean {close!r}?" if close else f"There is: {', '.join(orders)}.",
        )
    found = trial_listing.trials_page(
        site.store,
        one.id,
        mode=one.spec.objective.mode,
        sort=query.sort,
        outcomes=frozenset(query.outcome),
        after=query.after,
        limit=query.limit,
    )
    views = tuple(trial_view(trial, found.jobs.get(trial.job), space) for trial in found.trials)
    return TrialPage(trials=views, next=found.next, total=found.total)


def curves(site: Site, experiment: str, query: CurvesQuery) -> CurvesView:
    """How a metric went in its best trials, each sampled so that no spike is lost.

    Raises:
        UnknownExperiment
    """
    one = known(site, experiment)
    metric = query.metric or one.spec.objective.metric
    best = listing.best(site.store, one.id, one.spec.objective.mode, query.trials)
    lines = trial_curves.curves_of(site.store, [trial.job for trial in best], metric, budget=query.points)
    found = [CurveView(trial=one.number, job=one.job, points=lines[one.job]) for one in best if one.job in lines]
    return CurvesView(metric=metric, curves=tuple(found), total=listing.with_value(site.store, one.id))


def known(site: Site, experiment: str) -> Experiment:
    """The search of an id that came from outside; a trial's id does not mean its search.

    Raises:
        UnknownExperiment: it is no id, or no search has it.
    """
    if not is_job_id(experiment):
        raise UnknownExperiment(
            f"There is no experiment {experiment[:40]!r}.", hint="Ids have ten letters and digits, as their drivers'."
        )
    return experiments.one(site.store, JobId(experiment))
