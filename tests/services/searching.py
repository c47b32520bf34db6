"""A search that is driven by hand: trials begin, report and end as the test says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_training.core.experiment import Event, EventKind, Experiment, Outcome, Trial, Verdict
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.core.search_jobs import trial_submission
from jupyter_training.schema import ExperimentItemResult, ExperimentVerbRequest, ExperimentView
from jupyter_training.services import experiment_acts, experiments
from jupyter_training.store import driving
from jupyter_training.store import experiments as rows
from tests.services.stage import Stage

LR = "loguniform(1e-4, 1e-1)"


class Searching:
    """The driver's part, without its searcher. ``attempt`` is that of the driver's job."""

    def __init__(self, stage: Stage, **wish: Any) -> None:
        self.stage = stage
        given = {"params": {"lr": LR, "size": 8}, "metric": "loss", "mode": "min", "max_trials": 50, "workers": 4}
        result = stage.submit(**{**given, "searcher": "random", **wish})
        assert result.experiment is not None
        self.id = JobId(result.experiment.id)
        self.attempt = 0
        self._n = 0

    @property
    def row(self) -> Experiment:
        return rows.one(self.stage.site.store, self.id)

    @property
    def view(self) -> ExperimentView:
        return experiments.show(self.stage.site, self.id)

    @property
    def driver(self) -> Job:
        return self.stage.job(self.id)

    def drive(self) -> None:
        """Begin the next attempt of the driver."""
        self.attempt = self.stage.begin(self.id)
        driving.claim(self.stage.site.store, self.id, self.attempt)

    def trial(self, number: int, *, begin: bool = True, clone_of: int | None = None, **config: Any) -> str:
        """Start a trial; its job's id."""
        whole = {"size": 8, **(config or {"lr": 0.01 * (number + 1)})}
        with self._writing() as writer:
            writer.events([self._event(EventKind.ASK, number, {"config": whole, "clone_of": clone_of})])
            (job,) = writer.start(
                [(Trial(self.id, number, JobId(""), whole, clone_of), trial_submission(self.row, number, whole))],
                self.stage.site.new_id,
            )
            if self.row_started(writer) is None:
                writer.change(started=self.stage.site.now())
        if begin:
            self.stage.begin(job.id)
        return job.id

    def row_started(self, writer: driving.Writer) -> float | None:
        return writer.standing.started

    def tell(self, number: int, resource: int, *values: float | None, verdict: Verdict = "continue") -> None:
        metrics = self.row.spec.objective.metrics
        body = {"count": resource, "resource": resource, "values": list(values), "time": self.stage.site.now()}
        known = {trial.number: trial for trial in rows.trials_of(self.stage.site.store, self.id)}[number]
        columns: dict[str, Any] = {"resource": resource, "told": dict(zip(metrics, values, strict=True))}
        if values[0] is not None and self.row.spec.objective.is_better(values[0], known.best):
            columns |= {"best": values[0], "best_at": resource}
        with self._writing() as writer:
            event = self._event(EventKind.TELL, number, body)
            writer.events([event])
            writer.verdicts({event.n: verdict})
            writer.trial(number, **columns)

    def end(self, number: int, outcome: Outcome = "completed", detail: str | None = None) -> None:
        """The trial's job ends, and the driver notes it."""
        trial = self.trials[number]
        reasons = {"completed": EndReason.COMPLETED, "failed": EndReason.ERROR}
        self.stage.end(trial.job, reasons.get(outcome, EndReason.CANCELED))
        with self._writing() as writer:
            writer.events([self._event(EventKind.END, number, {"outcome": outcome})])
            writer.trial(number, outcome=outcome, is_held=False, detail=detail)

    def exhaust(self, reason: str) -> None:
        """The searcher has nothing more to propose."""
        with self._writing() as writer:
            writer.events([self._event(EventKind.EXHAUSTED, None, {"reason": reason})])

    def finish(self, state: str = "succeeded", detail: str = "The 50 trials that were asked for have ended.") -> None:
        """The search ends, and so does its driver."""
        with self._writing() as writer:
            writer.change(state=state, detail=detail, ended=self.stage.site.now())
        self.stage.end(self.id, EndReason.COMPLETED)

    @property
    def trials(self) -> Mapping[int, Trial]:
        return {trial.number: trial for trial in rows.trials_of(self.stage.site.store, self.id)}

    def job(self, number: int) -> Job:
        return self.stage.job(self.trials[number].job)

    def act(self, verb: str, **more: Any) -> ExperimentItemResult:
        wish = ExperimentVerbRequest.model_validate({"verb": verb, "experiments": [self.id], **more})
        (result,) = experiment_acts.act(self.stage.site, wish).results
        return result

    def refused(self, verb: str, **more: Any) -> str:
        result = self.act(verb, **more)
        assert not result.ok and result.problem is not None
        return str(result.problem["detail"])

    def _event(self, kind: EventKind, trial: int | None, body: dict[str, Any]) -> Event:
        self._n += 1
        return Event(self._n, kind, trial, body)

    def _writing(self) -> Any:
        now = Instant(self.stage.site.now())
        return driving.writing(self.stage.site.store, self.id, self.attempt, now)
