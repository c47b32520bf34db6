"""A search whose driver and trials are moved by hand, for the mirror to record."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_training.core.experiment import (
    DRIVERS,
    Event,
    EventKind,
    ExperimentSpec,
    ExperimentState,
    Objective,
    Trial,
)
from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import BundleFile
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.core.resources import Allocation, Pool
from jupyter_training.core.search_jobs import driver_submission, trial_submission
from jupyter_training.core.space import SearchSpace
from jupyter_training.spool import attempt_folder
from jupyter_training.store import driving, experiments, facts, pools, wishes
from jupyter_training.testing.builders import a_spec, a_submission
from tests.tracking.stage import Stage

__all__ = ["Searching"]


class Searching:
    """One search; its trials come by ``played``, its end by ``finish``."""

    def __init__(self, stage: Stage, name: str = "sweep") -> None:
        self.stage = stage
        space = SearchSpace.read({"lr": "loguniform(1e-4, 1e-1)", "size": 8})
        file = BundleFile(path="train.py", sha256=stage.digest, size=17)
        spec = ExperimentSpec(
            name=name,
            template=a_spec(name, params={"size": 8}, files=(file,)),
            space=space.to_json(),
            objective=Objective(metrics=("loss",), modes=("min",)),
            searcher="random",
            seed=7,
        )
        like = a_submission(name, notebook="work/first.ipynb")
        pools.write(stage.store, Pool(DRIVERS, "local", 8), now=stage.now())
        (made,) = wishes.submit(
            stage.store,
            [driver_submission(spec, like.origin, key=f"key-{new_job_id(stage.rng)}")],
            new_id=lambda: new_job_id(stage.rng),
            now=stage.now(),
            settle=lambda connection, job: experiments.create_row(connection, job, spec, like, stage.now()),
        )
        self.id = made.job.id
        self._begin(self.id, DRIVERS)
        driving.claim(stage.store, self.id, 1)
        self._told = 0

    @property
    def tag(self) -> int:
        return experiments.one(self.stage.store, self.id).tag

    def played(self, values: Sequence[float]) -> list[JobId]:
        """Trials that reported these and ran to their ends; their jobs."""
        row = experiments.one(self.stage.store, self.id)
        configs = [{"lr": round(0.01 * (number + 1), 4), "size": 8} for number in range(len(values))]
        with driving.writing(self.stage.store, self.id, 1, self.stage.now()) as writer:
            begun = [
                (Trial(self.id, number, JobId(""), config), trial_submission(row, number, config))
                for number, config in enumerate(configs)
            ]
            jobs = [job.id for job in writer.start(begun, lambda: new_job_id(self.stage.rng))]
            for number, value in enumerate(values):
                body = {"count": 1, "resource": 1, "values": [value], "time": self.stage.now()}
                writer.events([Event(number + 1, EventKind.TELL, number, body, "continue")])
                writer.trial(number, best=value, best_at=1, told={"loss": value}, outcome="completed")
        for job in jobs:
            self._begin(job, "local")
            self.stage.end(job, EndReason.COMPLETED)
        return jobs

    def finish(self, state: ExperimentState = ExperimentState.SUCCEEDED, detail: str = "All is done.") -> None:
        with driving.writing(self.stage.store, self.id, 1, self.stage.now()) as writer:
            writer.change(state=state.value, detail=detail, ended=self.stage.now())
        self.stage.end(self.id, EndReason.COMPLETED)

    def _begin(self, job: JobId, pool: str) -> None:
        stage = self.stage
        (attempt,) = facts.begin(stage.store, stage.epoch, [(job, Allocation(pool, 1), "token")], stage.now())
        attempt_folder(stage.settings.spool_root, job, attempt.number).mkdir(parents=True)
        facts.running(stage.store, stage.epoch, job, attempt.number, stage.now(), stage.now())
