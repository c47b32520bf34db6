"""A stage for searches: the real store, tick and driver; trials that follow curves on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_training.core.experiment import DRIVERS, Event, Experiment, ExperimentSpec, Objective, StopRule, Trial
from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import Attempt, Job, Origin
from jupyter_training.core.lifecycle import TERMINAL, EndReason, JobState
from jupyter_training.core.metric import Point
from jupyter_training.core.resources import Pool
from jupyter_training.core.retention import Checkpoint
from jupyter_training.core.search_jobs import driver_submission
from jupyter_training.seams.backend import End, LaunchOrder
from jupyter_training.seams.searcher import Searcher
from jupyter_training.services.site import Site
from jupyter_training.store import checkpoints, experiments, points, pools, views, wishes
from jupyter_training.store.supersede import TOLD, Restart
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
    """``curve(config, k)`` is a trial's k-th report, one a second, ``epochs`` of them; then it ends.

    ``also``: further series, by k. ``saves``: a checkpoint after each report, from which a later attempt goes on;
    else it begins anew. A report's step is k times ``every``.
    """

    def __init__(
        self,
        home: Path,
        *,
        slots: int = 2,
        curve: Curve,
        epochs: int = 5,
        metric: str = "loss",
        saves: bool = False,
        also: Mapping[str, Callable[[int], float]] | None = None,
    ) -> None:
        self.curve, self.epochs, self.metric, self.saves, self.also, self.every = curve, epochs, metric, saves, also, 1
        self.said: dict[tuple[JobId, int], int] = {}  # by attempt: the report that it has come to
        super().__init__(home, slots=slots, script=self._script)
        pools.write(self.store, Pool(DRIVERS, "scripted", 8), now=self.clock.now())
        self.site = Site(self.settings, self.store, clock=self.clock.now, rng=self.rng)  # type: ignore[arg-type]
        self.id = JobId("")
        self.driver: Driver | None = None
        self.looks = 0  # the attempt of the driver's job that ``driver`` stands for, where that is heeded

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
        self.report()
        assert self.driver is not None
        self.driver.look()

    def finish(self, *, limit: int = 2_000) -> Experiment:
        """Steps until the search is over."""
        for _ in range(limit):
            self.step()
            if self.experiment.state.is_final:
                return self.experiment
        raise AssertionError(f"the search never ended: {self.experiment} {self.trials}")

    def live(self, *, limit: int = 200) -> Experiment:
        """The same, but its driver looks only while the dispatcher lets it run, and goes once the search is over."""
        for _ in range(limit):
            self.tick(1.0)
            self.report()
            job, is_over = self.job(self.id), self.experiment.state.is_final
            if is_over and job.state in TERMINAL:
                return self.experiment
            if job.state is JobState.RUNNING and is_over:
                self.driver_ends()
            elif job.state is JobState.RUNNING:
                if self.looks != job.attempt:
                    self.looks = job.attempt
                    self.drive()
                assert self.driver is not None
                self.driver.look()
        raise AssertionError(f"the search never ended: {self.experiment} {self.trials} {self.job(self.id)}")

    def driver_ends(self, reason: EndReason = EndReason.COMPLETED) -> None:
        """The process of its driver ends in this moment."""
        run = self.backend._runs[self.id, self.job(self.id).attempt]
        ends = End(reason, exit_code=0 if reason is EndReason.COMPLETED else 1, final=True)
        run.script = replace(run.script, runs=self.clock.boot() - run.launched, ends=ends)

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
        """What is scripted of a trial is that of its first attempt that nobody stopped."""
        if order.spec.launcher == "driver":
            return self.scripts.get(order.spec.name, Script(runs=1e9))
        left = self.epochs - self._begins_at(order.ref.job, order.ref.number)
        return self.scripts.get(order.spec.name, Script(runs=left + 0.5))

    def _begins_at(self, job: JobId, number: int) -> int:
        """The report from which an attempt goes on."""
        last = max((k for (one, attempt), k in self.said.items() if one == job and attempt < number), default=0)
        return last if self.saves else 0

    def report(self) -> None:
        """What running trials have reported by now."""
        for job_id, number in self.backend.slots_in_use():
            job = views.job(self.store, job_id)
            if job.trial is None:
                continue
            (attempt,) = [one for one in views.attempts(self.store, [job_id])[job_id] if one.number == number]
            self._report_of(job, attempt)

    def _report_of(self, job: Job, attempt: Attempt) -> None:
        key, begins = (job.id, attempt.number), self._begins_at(job.id, attempt.number)
        before = self.said.get(key, begins)
        due = min(self.epochs, begins + int(self.clock.now() - attempt.created))
        for k in range(before + 1, due + 1):
            step, now = k * self.every, self.clock.now()
            values = {self.metric: self.curve(job.params, k)} | {name: of(k) for name, of in (self.also or {}).items()}
            found = [Point(name, step, now, value) for name, value in values.items()]
            restart = Restart(TOLD, begins * self.every) if k == begins + 1 and attempt.number > 1 else None
            batch = points.Batch(attempt.number, "report", k - begins - 1, k - begins, found, restart=restart)
            points.ingest(self.store, job.id, [batch], now=now)
            if self.saves:
                saved = Checkpoint(
                    job.id, f"step-{step}", attempt.number, step, now, 1, 1, "0" * 64, None, "json", None
                )
                checkpoints.committed(self.store, self.epoch, [(saved, {})], now)
            self.said[key] = k
