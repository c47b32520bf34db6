"""What a search found, as the files that other programs read. Services and the record in MLflow give the same.

results.csv                one row for each report that was judged, in the order in which the searcher was
                           told, with the columns of Syne Tune: trial_id, epoch (or step, or the series that
                           counts), metrics, config_*, st_decision, st_status, st_worker_*, st_tuner_time
optimization_results.yaml  name, best_params, best_value; for several metrics name and solutions
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from sqlalchemy import select

from jupyter_training.core.experiment import EventKind, Experiment, Trial
from jupyter_training.core.ids import JobId
from jupyter_training.core.pareto import front
from jupyter_training.store import experiment_listing as listing
from jupyter_training.store import reports
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.experiments import trials_of
from jupyter_training.store.search_tables import searches
from jupyter_training.store.tables import jobs

__all__ = ["Results", "read"]

_STATUS = {"completed": "Completed", "stopped": "Stopped", "failed": "Failed", "canceled": "Stopped"}
_OWN = ("st_decision", "st_status", "st_worker_iter", "st_worker_timestamp", "st_worker_time", "st_tuner_time")
_RESOURCES = {"report": "epoch"}  # what the column is called where the resource has no name of its own


@dataclass(frozen=True)
class Results:
    """``told``: trial, body and verdict of each report that was judged; ``started``: of the trials' jobs.

    ``steps``: where reports are counted, what the code called them: by job and number of the report, from 1.
    """

    experiment: Experiment
    trials: Mapping[int, Trial]
    told: tuple[tuple[int, dict[str, Any], str | None], ...]
    started: Mapping[JobId, float]
    steps: Mapping[tuple[JobId, int], int] = field(default_factory=dict)

    def csv(self) -> str:
        spec = self.experiment.spec
        resource = _RESOURCES.get(spec.resource, spec.resource)
        names = list(dict.fromkeys(name for trial in self.trials.values() for name in trial.config))
        metrics = spec.objective.metrics
        counts = () if resource in metrics else (resource,)
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["trial_id", *counts, *metrics, *(f"config_{name}" for name in names), *_OWN])
        writer.writerows(self._rows(names, with_resource=bool(counts)))
        return out.getvalue()

    def _rows(self, names: Sequence[str], *, with_resource: bool) -> Iterator[list[Any]]:
        last = {trial: place for place, (trial, _, _) in enumerate(self.told)}
        configs = {number: [_cell(trial.config.get(name)) for name in names] for number, trial in self.trials.items()}
        begun = self.experiment.started
        for place, (number, body, verdict) in enumerate(self.told):
            trial = self.trials.get(number)
            if trial is None:
                continue
            at, started, resource = body.get("time"), self.started.get(trial.job), body["resource"]
            count = body.get("count", resource)
            yield [
                number,
                *((self.steps.get((trial.job, count), resource),) if with_resource else ()),
                *map(_cell, body["values"]),
                *configs[number],
                (verdict or "continue").upper(),
                _status(trial) if last[number] == place else "InProgress",
                count - 1,
                _cell(at),
                _since(started, at),
                _since(begun, at),
            ]

    def yaml(self) -> str:
        """The best so far; of a search without any result only its name."""
        objective = self.experiment.spec.objective
        found: dict[str, Any] = {"name": self.experiment.spec.name}
        if objective.is_multiple:
            found["solutions"] = [
                {"params": dict(trial.config), "values": list(values)} for trial, values in self.solutions()
            ]
        else:
            best = self.best()
            if best is not None:
                found |= {"best_params": dict(best.config), "best_value": best.best}
        return yaml.safe_dump(found, sort_keys=False, allow_unicode=True)

    def best(self) -> Trial | None:
        """By the first metric; of equal ones the earlier."""
        found: Trial | None = None
        for trial in self.trials.values():
            than = found.best if found is not None else None
            if trial.best is not None and self.experiment.spec.objective.is_better(trial.best, than):
                found = trial
        return found

    def solutions(self) -> list[tuple[Trial, tuple[float, ...]]]:
        """The trials whose last values no other one beats, by number."""
        objective = self.experiment.spec.objective
        whole = []
        for trial in self.trials.values():
            values = [listing.number_of((trial.values or {}).get(metric)) for metric in objective.metrics]
            numbers = tuple(value for value in values if value is not None)
            if len(numbers) == len(values):
                whole.append((trial, numbers))
        return [whole[place] for place in front([values for _, values in whole], objective.modes)]


def read(store: Store, experiment: Experiment) -> Results:
    """What there is now, at one look after the other: a report that comes in between may be missing."""
    own = {trial.number: trial for trial in trials_of(store, experiment.id)}
    mine = (searches.c.experiment == experiment.id) & (searches.c.kind == EventKind.TELL.value)
    columns = (searches.c.trial, searches.c.body, searches.c.verdict)
    with store.read() as connection:
        rows = connection.execute(select(*columns).where(mine).order_by(searches.c.n)).all()
        of_trials = (jobs.c.experiment == experiment.id) & jobs.c.trial.isnot(None) & jobs.c.started.isnot(None)
        started = {
            JobId(row.id): row.started for row in connection.execute(select(jobs.c.id, jobs.c.started).where(of_trials))
        }
    told = tuple((row.trial, json.loads(row.body), row.verdict) for row in rows if row.verdict != "ignored")
    return Results(experiment, own, told, started, _steps(store, experiment, own.values()))


def _steps(store: Store, experiment: Experiment, own: Iterable[Trial]) -> dict[tuple[JobId, int], int]:
    if experiment.spec.resource != "report":
        return {}
    found: dict[tuple[JobId, int], int] = {}
    for part in chunks([one.job for one in own if one.values is not None]):
        told = reports.since(store, dict.fromkeys(part, 0), experiment.spec.objective.metrics)
        found.update(((job, one.count), one.step) for job, reported in told.items() for one in reported.reports)
    return found


def _status(trial: Trial) -> str:
    if trial.outcome is None:
        return "Paused" if trial.is_held else "InProgress"
    return _STATUS.get(trial.outcome, "Failed")


def _since(begin: float | None, at: float | None) -> float | str:
    return "" if begin is None or at is None else max(0.0, at - begin)


def _cell(value: Any) -> Any:
    """A cell of the table: what has no form of its own as JSON, what is no number as nothing."""
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, (list, dict)) else value
