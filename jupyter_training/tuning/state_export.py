"""The state of a search's best trial goes where the search was told to leave it; see ``runtime.state``.

Before that each trial's state lies among its job's outputs, as the job itself has
kept it. It is moved, so it is there once. Whoever is killed in the middle begins
again: what is there already is known by the search and the trial that it names.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jupyter_training.core.experiment import Experiment, Outcome, Trial
from jupyter_training.core.ids import JobId
from jupyter_training.runtime import state, state_keeper, update_history
from jupyter_training.services import artifacts, model_states
from jupyter_training.services.site import Site
from jupyter_training.store import experiments, reports

__all__ = ["Kept", "publish"]

_AT_ONCE = 200  # trials whose reports are read together
_COUNTED = ("completed", "stopped")


class Kept:
    """While a search goes on: of the trials that have ended, only the best one's state stays."""

    def __init__(self, site: Site, experiment: Experiment) -> None:
        self._site = site
        self._objective = experiment.spec.objective
        self._is_wished = bool(_wish(experiment).get("output"))
        self._best: tuple[float, JobId] | None = None

    def ended(self, job: JobId, outcome: Outcome, value: float | None) -> None:
        """A trial has ended; ``value``: its best."""
        if not self._is_wished:
            return
        before = self._best
        is_better = self._objective.is_better
        if value is not None and outcome in _COUNTED and is_better(value, before[0] if before is not None else None):
            self._best = (value, job)
            gone = None if before is None else before[1]
        else:
            gone = job
        if gone is not None:
            shutil.rmtree(_folder(self._site, gone), ignore_errors=True)


def publish(site: Site, experiment: Experiment) -> str | None:
    """Move the best trial's state to where it was wished, with the history of all; a sentence about it.

    None: nothing of the kind was wished. Repeating it changes nothing. A failure is in the sentence; the states
    are then still where they were.
    """
    wish = _wish(experiment)
    url = wish.get("output")
    if not url:
        return None
    trials = experiments.trials_of(site.store, experiment.id)
    ranked = _ranked(experiment, trials)
    try:
        why = model_states.refusal(site, url, experiment.pool)  # its trials may have been moved since it was submitted
        if why is not None:
            raise ValueError(why)
        place = state.at(url)
        there = place.about()
        for trial in ranked:
            if _is_of(there, experiment, trial):
                break
            if (_folder(site, trial.job) / state.MODEL).is_file():
                there = _moved(site, experiment, trial, trials, place, task=wish.get("task_id"))
                break
        else:
            return f"No trial has kept a state of its model, so there is none to put into {url}."
    except (OSError, ValueError) as error:
        kept = f" It is kept with the job {ranked[0].job}, as {state_keeper.FOLDER}/." if ranked else ""
        return f"The best trial's state can't be put into {url}: {error}.{kept}"
    for one in trials:
        shutil.rmtree(_folder(site, one.job), ignore_errors=True)
    best = ranked[0]
    why = "" if trial.best == best.best else f" (that of trial {best.number}, which is better, was not kept)"
    return f"The state of trial {trial.number}{why} is in {url}, after update {there['updates'][-1]['update_id']}."


def _ranked(experiment: Experiment, trials: Sequence[Trial]) -> list[Trial]:
    """Those that may be the best, the best first; of equal ones the first that was begun."""
    judged = [one for one in trials if one.best is not None and one.outcome in _COUNTED]
    sign = 1 if experiment.spec.objective.mode == "min" else -1
    return sorted(judged, key=lambda one: (sign * (one.best or 0.0), one.number))


def _wish(experiment: Experiment) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(experiment.spec.template.environment.variables.get(state.VARIABLE) or "{}")
    return found


def _folder(site: Site, job: JobId) -> Path:
    """Where a trial keeps its state."""
    return artifacts.folder(site, job) / state_keeper.FOLDER


def _is_of(there: dict[str, Any], experiment: Experiment, trial: Trial) -> bool:
    last = (there.get("updates") or [{}])[-1]
    return bool((last.get("experiment"), last.get("trial")) == (experiment.id, trial.number))


def _moved(
    site: Site, experiment: Experiment, trial: Trial, trials: Sequence[Trial], place: state.State, *, task: str | None
) -> dict[str, Any]:
    """Put a trial's state together with the history, and move it; what its ``state.json`` says."""
    kept = _folder(site, trial.job)
    made = kept.with_name(f"{kept.name}.made")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    for name in (state.MODEL, state.LEARNER):
        try:
            os.link(kept / name, made / name)
        except OSError:
            shutil.copyfile(kept / name, made / name)
    before = kept / state_keeper.BEFORE
    rows = update_history.read(before / state.HISTORY)
    number = update_history.next_update(rows)
    metrics = experiment.spec.objective.metrics
    configured = dict.fromkeys(name for one in trials for name in (*experiment.spec.template.params, *one.config))
    columns = [*metrics, *(update_history.CONFIG + name for name in configured)]
    update_history.write(made / state.HISTORY, rows, number, _rows(site, experiment, trials), columns)
    update = {
        "update_id": number,
        "time": site.now(),
        "store": site.store.store_id,
        "experiment": experiment.id,
        "trial": trial.number,
        "job": trial.job,
        "config": {**experiment.spec.template.params, **trial.config},
        "task_id": task,
        "updater": experiment.spec.updater,
        "metric": metrics[0],
        "value": trial.best,
    }
    found = state.seal(str(made), state.about(str(before)), update)
    place.publish(str(made))
    return found


def _rows(site: Site, experiment: Experiment, trials: Sequence[Trial]) -> Iterator[dict[str, Any]]:
    """One row for each report of each trial, by the trials' numbers."""
    metrics, fixed = experiment.spec.objective.metrics, experiment.spec.template.params
    for start in range(0, len(trials), _AT_ONCE):
        part = trials[start : start + _AT_ONCE]
        found = reports.since(site.store, {one.job: 0 for one in part}, metrics)
        for one in part:
            for report in found[one.job].reports if one.job in found else ():
                values = dict(zip(metrics, report.values, strict=True))
                yield update_history.row(one.number, report.step, values, {**fixed, **one.config})
