"""A stage with the real backend: real supervisors and trainings, a dispatcher that the test moves."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from jupyter_training.backends.local import LocalBackend
from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import Attempt, BundleFile, Job
from jupyter_training.core.lifecycle import AttemptState, JobState, Verb
from jupyter_training.core.resources import Pool
from jupyter_training.dispatch.tick import Ticker
from jupyter_training.seams.clock import SystemClock
from jupyter_training.settings import Settings
from jupyter_training.spool import attempt_folder, layout
from jupyter_training.store import lease, points, pools, verbs, views, wishes
from jupyter_training.store.engine import Store
from jupyter_training.testing.builders import a_submission

__all__ = ["Living", "living"]

_DEADLINE = 60.0
_TURN = 0.02  # seconds between two rounds


class Living:
    """One home on this machine, with a pool of one slot."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.settings = Settings(home=home, sample_every=60.0)
        self.store = Store.open(self.settings)
        self.clock = SystemClock()
        self.rng = random.Random(7)
        self.epoch = 0
        self.jobs: list[JobId] = []
        self.backends: list[LocalBackend] = []
        pools.write(self.store, Pool("local", "local", 1), now=self.clock.now())
        self.ticker = self.succeed()

    def succeed(self) -> Ticker:
        """A new dispatcher takes over, with nothing in its memory."""
        holder = lease.Holder("living", self.epoch + 1, 0, "boot")
        taken = lease.take(self.store, holder, ttl=15, boot_now=self.clock.boot(), alive=lambda one: False)
        assert taken is not None
        self.epoch = taken.epoch
        backend = LocalBackend(self.settings, self.clock)
        self.backends.append(backend)
        self.ticker = Ticker(self.settings, self.store, lambda name: backend, self.clock)
        return self.ticker

    def submit(self, code: str, **wish: object) -> JobId:
        content = code.encode()
        digest = sha256(content).hexdigest()
        self.settings.blobs.mkdir(exist_ok=True)
        (self.settings.blobs / digest).write_bytes(content)
        file = BundleFile(path="train.py", sha256=digest, size=len(content))
        wish = {"files": (file,), "environment": {"python": sys.executable}, **wish}
        (stored,) = wishes.submit(
            self.store,
            [a_submission(**wish)],  # type: ignore[arg-type]
            new_id=lambda: new_job_id(self.rng),
            now=self.clock.now(),
        )
        self.jobs.append(stored.job.id)
        return stored.job.id

    def wish(self, job: JobId, verb: Verb, **more: bool) -> None:
        (outcome,) = verbs.wish(self.store, [job], verb, now=self.clock.now(), **more)
        assert isinstance(outcome, Job), outcome

    def tick(self) -> None:
        self.ticker.tick(self.epoch)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Let the dispatcher work until it is so."""
        deadline = time.monotonic() + _DEADLINE
        while not condition():
            assert time.monotonic() < deadline, f"not in {_DEADLINE:.0f} s: {what}\n{self.logs()}"
            self.tick()
            time.sleep(_TURN)

    def until_state(self, job: JobId, state: JobState) -> Job:
        self.until(lambda: self.job(job).state is state, f"{job} is {state}, not {self.job(job).state}")
        return self.job(job)

    def until_printed(self, job: JobId, text: str) -> None:
        self.until(lambda: text in self.log(job), f"{text!r} in the log")

    def log(self, job: JobId) -> str:
        path = self.folder(job) / layout.LOG
        return path.read_text() if path.exists() else ""

    def logs(self) -> str:
        return "\n".join(f"{job}: {self.job(job).state} {self.attempts(job)}\n{self.log(job)}" for job in self.jobs)

    def folder(self, job: JobId) -> Path:
        """Of its latest attempt."""
        return attempt_folder(self.settings.spool_root, job, self.job(job).attempt)

    def kill(self, job: JobId, number: int = signal.SIGKILL) -> None:
        """What somebody else does to its process."""
        process = layout.read_json(layout.process_file(self.folder(job)))
        assert process is not None
        os.kill(process["pid"], number)

    def job(self, job: JobId) -> Job:
        return views.job(self.store, job)

    def attempts(self, job: JobId) -> tuple[Attempt, ...]:
        return views.attempts(self.store, [job]).get(job, ())

    def slots_used(self) -> int:
        return sum(
            attempt.allocation.slots
            for _, attempt in views.unfinished(self.store)
            if attempt is not None and attempt.state is not AttemptState.ENDED
        )

    def curve(self, job: JobId, name: str = "loss", *, superseded: int = 0) -> list[tuple[int, float | None]]:
        return [
            (step, value)
            for series in points.series(self.store, job, [name], budget=10_000)
            if series.superseded == superseded
            for step, _, value in series.points
        ]

    def close(self) -> None:
        """End what a failed test has left."""
        for job, attempt in views.unfinished(self.store):
            if attempt is not None and attempt.state is not AttemptState.ENDED:
                self.wish(job.id, Verb.KILL)
        self.until(lambda: self.slots_used() == 0, "nothing runs")
        for backend in self.backends:
            backend._supervisors.wait(_DEADLINE)
        self.store.close()


@contextmanager
def living(home: Path) -> Iterator[Living]:
    stage = Living(home)
    try:
        yield stage
    finally:
        stage.close()
