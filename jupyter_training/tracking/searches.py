"""What the record says of searches: who belongs to which, and what came of it."""

from __future__ import annotations

from dataclasses import replace

from pydantic import JsonValue

from jupyter_training.core.experiment import Experiment, ExperimentState
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import EndReason, JobState
from jupyter_training.core.space import SearchSpace, expression
from jupyter_training.errors import UnknownExperiment
from jupyter_training.seams.tracker import Findings
from jupyter_training.store import experiments, search_results
from jupyter_training.store.engine import Store

__all__ = ["about", "as_its_search", "findings", "search_of"]

_REASONS = {
    ExperimentState.SUCCEEDED: EndReason.COMPLETED,
    ExperimentState.FAILED: EndReason.ERROR,
    ExperimentState.CANCELED: EndReason.CANCELED,
}


def search_of(store: Store, job: Job) -> Experiment | None:
    """The search that a job drives or is a trial of, if it is there."""
    if job.experiment is None:
        return None
    try:
        return experiments.one(store, job.experiment)
    except UnknownExperiment:
        return None


def about(search: Experiment) -> dict[str, JsonValue]:
    """What a search is like, beside the parameters of the job that drives it."""
    space = SearchSpace.from_json(search.spec.space)
    found: dict[str, JsonValue] = {f"space.{name}": expression(domain) for name, domain in space.axes.items()}
    limits = search.spec.stop.model_dump(mode="json", exclude_none=True)
    return {**found, **{f"stop.{name}": value for name, value in limits.items()}}


def findings(store: Store, search: Experiment) -> Findings:
    """What it has come to by now: the best trial by the first metric, and the files that other programs read."""
    found = search_results.read(store, search)
    best = found.best()
    at = search.ended if search.ended is not None else Instant(store.clock())
    files = {"results.csv": found.csv(), "optimization_results.yaml": found.yaml()}
    if best is None or best.best is None:
        return Findings(at, len(found.trials), files=files)
    return Findings(
        at,
        len(found.trials),
        trial=best.number,
        params=best.config,
        metrics={search.spec.objective.metric: best.best},
        files=files,
    )


def as_its_search(driver: Job, search: Experiment) -> Job:
    """The job that drives a search, ended as the search has: that it did its work well says nothing of that."""
    if not search.state.is_final or driver.state is not JobState.SUCCEEDED:
        return driver
    return replace(
        driver,
        state=JobState(search.state.value),
        reason=_REASONS[search.state],
        detail=search.detail,
    )
