"""The jobs that a search consists of: the one that drives it, and its trials."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from jupyter_training.core.experiment import DRIVERS, Experiment, ExperimentSpec, trial_name
from jupyter_training.core.job import (
    Entry,
    EnvironmentWish,
    JobSpec,
    Origin,
    Retries,
    StartFrom,
    Submission,
)
from jupyter_training.core.resources import LOCAL, Pool, Resources
from jupyter_training.core.space import nested

__all__ = [
    "OBJECTIVE_VARIABLE",
    "TAG_VARIABLE",
    "driver_submission",
    "drivers_pool",
    "params_of",
    "trial_key",
    "trial_submission",
]

TAG_VARIABLE = "MLFLOW_HPTUNING_TAG"  # what code that tags runs of its own reads
OBJECTIVE_VARIABLE = "JUPYTER_TRAINING_OBJECTIVE"  # JSON: the names of what a trial is to report or return
_RETRIES = Retries(max=3, on=("error", "lost"))  # of a driver; what it decided is on record


def drivers_pool(slots: int) -> Pool:
    """The pool that drivers run in: a slot for each search that is driven at once. They take none of a training's."""
    return Pool(DRIVERS, LOCAL, slots)


def driver_submission(spec: ExperimentSpec, origin: Origin, *, key: str, **more: object) -> Submission:
    """The job that drives a search. Its parameters are what its record shows; ``search`` makes equal searches equal.

    ``more``: fields of the Submission, as ``if_exists`` and ``once``.
    """
    params: dict[str, JsonValue] = {
        "searcher": spec.searcher,
        "metric": ", ".join(spec.objective.metrics),
        "mode": ", ".join(spec.objective.modes),
        "seed": spec.seed,
        "workers": spec.workers,
        "search": spec.hash,
    }
    if spec.updater is not None:
        params["updater"] = spec.updater
    return Submission(
        key=key,
        spec=JobSpec(
            name=spec.name,
            entry=Entry(kind="script", path="driver", shown_as="driver"),
            files=(),
            params=params,
            resources=Resources(slots=1),
            environment=EnvironmentWish(kind="dispatcher"),
            launcher="driver",
            metrics="off",
            retries=_RETRIES,
            preemptible="restart",
            grace=10.0,
            tags=spec.template.tags,
        ),
        origin=origin,
        pool=DRIVERS,
        drives=True,
        **more,  # type: ignore[arg-type]
    )


def trial_key(experiment: str, number: int) -> str:
    """The key of a trial's submission: its number is given once, so its job is made once."""
    return f"{experiment}-{number}"


def params_of(entry: Entry, config: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """A configuration as the code takes it: a script ``--sgd.lr 0.1``, a function or a cell ``sgd={"lr": 0.1}``."""
    return dict(config) if entry.kind == "script" else nested(config)


def trial_submission(
    experiment: Experiment, number: int, config: Mapping[str, JsonValue], start: StartFrom | None = None
) -> Submission:
    """A trial's job: the template with its configuration; ``start``: the checkpoint that it begins with."""
    spec, objective = experiment.spec, experiment.spec.objective
    template = spec.template
    checkpoints = template.checkpoints
    if checkpoints.metric is None:
        checkpoints = checkpoints.model_copy(update={"metric": objective.metric, "mode": objective.mode})
    told = {TAG_VARIABLE: str(experiment.tag), **template.environment.variables}
    job = template.model_copy(
        update={
            "name": trial_name(spec.name, number),
            "environment": template.environment.model_copy(update={"variables": told}),
            "params": params_of(template.entry, {**template.params, **config}),
            "checkpoints": checkpoints,
            "start": start,
        }
    )
    return Submission(
        key=trial_key(experiment.id, number),
        spec=job,
        origin=experiment.origin,
        pool=experiment.pool,
        priority=experiment.priority,
        weight=experiment.weight,
        experiment=experiment.id,
        trial=number,
    )
