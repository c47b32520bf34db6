"""A stage for the real tick: a real store, a virtual clock, a backend that follows scripts."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import Attempt, Job
from jupyter_training.core.lifecycle import TERMINAL, Verb
from jupyter_training.core.resources import Pool
from jupyter_training.dispatch.tick import Round, Ticker
from jupyter_training.seams.backend import LaunchOrder
from jupyter_training.settings import Settings
from jupyter_training.store import lease, pools, verbs, views, wishes
from jupyter_training.store.engine import Store
from jupyter_training.testing.builders import a_submission
from jupyter_training.testing.clock import VirtualClock
from jupyter_training.testing.scripted_backend import Script, ScriptedBackend

__all__ = ["Stage"]


class Stage:
    """One home with a pool, driven by hand: submit, tick, advance."""

    def __init__(self, home: Path, *, slots: int = 2, script: Callable[[LaunchOrder], Script] | None = None) -> None:
        self.settings = Settings(home=home)
        home.mkdir(exist_ok=True)
        self.store = Store.open(self.settings)
        self.clock = VirtualClock()
        self.rng = random.Random(7)
        self.scripts: dict[str, Script] = {}
        self.backend = ScriptedBackend(
            self.clock, script or (lambda order: self.scripts.get(order.spec.name, Script()))
        )
        pools.write(self.store, Pool("local", "scripted", slots), now=self.clock.now())
        self.epoch = 0
        self.ticker = self.succeed()

    def succeed(self) -> Ticker:
        """A new dispatcher takes over, with nothing in its memory."""
        holder = lease.Holder("stage", self.epoch + 1, 0, "boot")
        taken = lease.take(self.store, holder, ttl=15, boot_now=self.clock.boot(), alive=lambda one: False)
        assert taken is not None
        self.epoch = taken.epoch
        self.ticker = Ticker(self.settings, self.store, lambda name: self.backend, self.clock)
        return self.ticker

    def submit(self, name: str, **wish: object) -> JobId:
        (stored,) = wishes.submit(
            self.store,
            [a_submission(name=name, **wish)],  # type: ignore[arg-type]
            new_id=lambda: new_job_id(self.rng),
            now=self.clock.now(),
        )
        return stored.job.id

    def wish(self, job: JobId, verb: Verb, *, discard: bool = False, force: bool = False) -> None:
        (outcome,) = verbs.wish(self.store, [job], verb, now=self.clock.now(), discard=discard, force=force)
        assert isinstance(outcome, Job), outcome

    def tick(self, seconds: float = 0.0) -> Round:
        self.clock.advance(seconds)
        return self.ticker.tick(self.epoch)

    def settle(self, *, step: float = 1.0, limit: int = 1_000) -> None:
        """Tick until every job has ended."""
        for _ in range(limit):
            if not self.tick(step).busy:
                return
        raise AssertionError("some job never ended")

    def job(self, job: JobId) -> Job:
        return views.job(self.store, job)

    def attempts(self, job: JobId) -> tuple[Attempt, ...]:
        return views.attempts(self.store, [job]).get(job, ())

    def running(self) -> set[str]:
        return {self.job(job).name for job, _ in self.backend.slots_in_use()}

    def all_ended(self, jobs: list[JobId]) -> bool:
        return all(self.job(job).state in TERMINAL for job in jobs)
