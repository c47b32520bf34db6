"""A stage for searches: the real store, tick and driver; trials that follow curves on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_training.core.experiment import DRIVERS, Event, Experiment, ExperimentSpec, Objective, StopRule, Trial
from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import Attempt, Job, Origin
from jupyter_training.core.metric import Point
from jupyter_training.core.resources import Pool
from jupyter_training.core.search_jobs import driver_submission
from jupyter_training.seams.backend import LaunchOrder
from jupyter_training.seams.searcher import Searcher
from jupyter_training.services.site import Site
from jupyter_training.store import experiments, points, pools, views, wishes
from jupyter_training.testing.builders import a_spec, a_submission
from jupyter_training.testing.scripted_backend import Script
from jupyter_training.tuning.driver import Driver
from tests.dispatch.stage import Stage

__all__ = ["SearchStage", "a_search"]

Curve = Callable[[Mapping[str, Any], int], float | None]


def a_search(name: str = "search", **more: Any) -> ExperimentSpec:
    """A search for the least loss; ``more`` are fields of ExperimentSpec."""
    given: dict[str, Any] = {
        "space": {},
        "objective": Objective(metrics=("loss",), modes=("min",)),
        "searcher": "random",
        "stop": StopRule(max_trials_started=8),
        **more,
    }
    return ExperimentSpec(name=name, template=a_spec(name), **given)


class SearchStage(Stage):
    """``curve(config, k)`` is a trial's k-th report, one a second, ``epochs`` of them; then it ends."""

    def __init__(self, home: Path, *, slots: int = 2, curve: Curve, epochs: int = 5, metric: str = "loss") -> None:
        super().__init__(home, slots=slots, script=self._script)
        pools.write(self.store, Pool(DRIVERS, "scripted", 8), now=self.clock.now())
        self.site = Site(self.settings, self.store, clock=self.clock.now, rng=self.rng)  # type: ignore[arg-type]
        self.curve, self.epochs, self.metric = curve, epochs, metric
        self.reported: dict[JobId, int] = {}
        self.id = JobId("")
        self.driver: Driver | None = None

    def search(self, spec: ExperimentSpec, make: Callable[[], Searcher]) -> JobId:
        """Submit a search, and drive it."""
        self.make = make
        driver = driver_submission(spec, Origin("ada"), key=f"key-{spec.name}-0001")
        trials = a_submission(spec.name)

        def settle(connection: Any, job: Job) -> None:
            experiments.create_row(connection, job, spec, trials, self.clock.now())

        (stored,) = wishes.submit(
            self.store, [driver], new_id=lambda: new_job_id(self.rng), now=self.clock.now(), settle=settle
        )
        self.id = stored.job.id
        self.drive()
        return self.id

    def drive(self) -> Driver:
        """A driver takes over, with nothing in its memory."""
        attempt = experiments.one(self.store, self.id).driver + 1 if self.id else 1
        self.driver = Driver(self.site, self.id, attempt, lambda experiment: self.make)
        return self.driver

    def step(self, seconds: float = 1.0) -> None:
        """Time passes: the dispatcher ticks, trials report, the driver looks."""
        self.tick(seconds)
        self._report()
        assert self.driver is not None
        self.driver.look()

    def finish(self, *, limit: int = 2_000) -> Experiment:
        """Steps until the search is over."""
        for _ in range(limit):
            self.step()
            if self.experiment.state.is_final:
                return self.experiment
        raise AssertionError(f"the search never ended: {self.experiment} {self.trials}")

    @property
    def experiment(self) -> Experiment:
        return experiments.one(self.store, self.id)

    @property
    def trials(self) -> list[Trial]:
        return experiments.trials_of(self.store, self.id)

    @property
    def events(self) -> list[Event]:
        return experiments.events(self.store, self.id)

    def trial_job(self, number: int) -> Job:
        return views.job(self.store, self.trials[number].job)

    def _script(self, order: LaunchOrder) -> Script:
        if order.spec.launcher == "driver":
            return Script(runs=1e9)
        return self.scripts.get(order.spec.name, Script(runs=self.epochs + 0.5))

    def _report(self) -> None:
        """What running trials have reported by now."""
        for job_id, number in self.backend.slots_in_use():
            job = views.job(self.store, job_id)
            if job.trial is None:
                continue
            (attempt,) = [one for one in views.attempts(self.store, [job_id])[job_id] if one.number == number]
            self._report_of(job, attempt)

    def _report_of(self, job: Job, attempt: Attempt) -> None:
        due = min(self.epochs, int(self.clock.now() - attempt.created))
        before = self.reported.get(job.id, 0)
        for k in range(before + 1, due + 1):
            value = self.curve(job.params, k)
            point = Point(self.metric, k, self.clock.now(), value)
            points.ingest(
                self.store, job.id, [points.Batch(attempt.number, "report", k - 1, k, [point])], now=self.clock.now()
            )
        self.reported[job.id] = max(before, due)
