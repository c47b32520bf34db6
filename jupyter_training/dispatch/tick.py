"""One round: look, take in, plan, act. The same function serves the loop, ``dispatch --once`` and the simulator."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from jupyter_training import spool
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import TERMINAL, Seen
from jupyter_training.core.policy import Plan, Start, plan
from jupyter_training.core.resources import Pool
from jupyter_training.dispatch import drivers
from jupyter_training.dispatch.act import Actor, ref_of
from jupyter_training.dispatch.ending import Reached, tells_how_far, told
from jupyter_training.dispatch.figures import Figures
from jupyter_training.dispatch.hang import HangWatch
from jupyter_training.dispatch.holdings import Holdings
from jupyter_training.dispatch.ingest import Ingester
from jupyter_training.dispatch.spending import Spending
from jupyter_training.dispatch.sweep import Sweep
from jupyter_training.errors import StaleEpoch, TrainingError
from jupyter_training.seams.backend import Backend, End, Observation, Standing
from jupyter_training.seams.clock import Clock
from jupyter_training.settings import Settings
from jupyter_training.store import checkpoints, driving, ends, facts, points, pools
from jupyter_training.store.engine import Store

__all__ = ["Round", "Ticker"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Round:
    """What a tick found. ``next_wake``: when, in boot time, time alone asks for another one."""

    busy: bool  # something is queued, runs or is being removed
    changed: bool  # facts or points were written
    active: int
    next_wake: float | None


class Ticker:
    """Everything a tick needs, kept between ticks. All of it can be rebuilt from the store."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        backends: Callable[[str], Backend],
        clock: Clock,
        trusted: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._backends = backends
        self._clock = clock
        self._holdings = Holdings(store)
        self._away = drivers.Away(store)
        self._ingester = Ingester(store)
        self._figures = Figures(store)
        self._hang = HangWatch(settings, store)
        self._spending = Spending(store)
        self._sweep = Sweep(settings, store)
        self._actor = Actor(
            store, backends, self._holdings, trusted, launched=self._ingester.launched, concluded=self._concluded
        )
        self._resumed = False
        self._plan: Plan | None = None
        self._next_wake: float | None = None  # boot time
        self._began: dict[tuple[JobId, int], float] = {}  # boot time at which an attempt began, where it is known

    def tick(self, epoch: int) -> Round:
        """Do one round under the lease of ``epoch``.

        Planning and acting repeat until the plan is empty, so that a tick
        leaves nothing undone that could be done now, but for one: a job is
        started once in a tick, however soon it ended.

        Raises:
            StaleEpoch: another dispatcher has taken over.
        """
        self._hang.look(self._clock.boot())
        fresh = self._holdings.refresh()
        changed = False
        if not self._resumed:
            self._actor.resume(self._holdings.active(), epoch, self._clock.now())
            for driver in driving.unattended(self._store):  # whoever noted its end came no further
                drivers.has_ended(self._store, driver, self._clock.now())
            self._resumed = True
            changed = True
        changed |= self._look(epoch)
        changed |= self._ask_for_room()
        changed |= self._rouse()
        changed |= self._plan_and_act(epoch, force=fresh or changed)
        changed |= self._let_go(epoch)
        active = len(self._holdings.active())
        return Round(
            busy=self._holdings.is_wanted or self._sweep.is_busy,
            changed=changed,
            active=active,
            next_wake=self._next_wake,
        )

    def news(self) -> bool:
        """Whether an attempt has written something since the last round. Reads a byte a file, and no store."""
        return any(self._ingester.waits(attempt, self._folder(attempt)) for _, attempt in self._holdings.active())

    def _plan_and_act(self, epoch: int, *, force: bool) -> bool:
        acted = False
        begun: set[JobId] = set()
        while True:
            fresh = self._holdings.refresh()
            now, boot = self._clock.now(), self._clock.boot()
            due = self._plan is None or (self._next_wake is not None and self._next_wake <= boot)
            if not (fresh or force or due):
                return acted
            force = False
            hang_at = self._hang.hang_at(self._holdings.active(), now, boot)
            self._plan = plan(self._holdings.view(time_up=self._time_up(now, boot), hang_at=hang_at), now)
            wake = self._plan.next_wake
            self._next_wake = None if wake is None else boot + (wake - now)
            decisions = [one for one in self._plan.decisions if not (isinstance(one, Start) and one.job in begun)]
            if len(decisions) < len(self._plan.decisions):
                self._plan = None  # the next tick has to plan, whatever is new then
            if not decisions:
                return acted
            begun.update(one.job for one in decisions if isinstance(one, Start))
            self._actor.act(decisions, epoch, now)
            acted = True

    def _time_up(self, now: Instant, boot: float) -> dict[JobId, Instant]:
        """When the time limits are reached, as the wall clock stands now: it may have jumped since they began."""
        found = {}
        for job, attempt in self._holdings.active():
            limit = self._spending.limit(job, attempt)
            began = self._began.get((job.id, attempt.number))
            if limit is None:
                continue
            if began is not None:
                found[job.id] = Instant(now + (began + limit - boot))
            elif attempt.started is not None:
                found[job.id] = Instant(attempt.started + limit)
        return found

    def _ask_for_room(self) -> bool:
        """Let the pools of services have what those give now. Where no job is, none is asked, nor even imported."""
        changed = False
        for name, members in self._holdings.pools_by_backend().items():
            found = self._backends(name).standings(members)
            if any((pool.slots, pool.remark) != _of(found, pool) for pool in members):
                changed |= pools.change(self._store, partial(_with, found), now=self._clock.now())
        return changed

    def _rouse(self) -> bool:
        """Bring back the drivers of searches that something has happened to."""
        touched, reported = self._holdings.touched()
        return self._away.rouse(self._holdings.away(), touched, reported, self._clock.now())

    def _look(self, epoch: int) -> bool:
        """Observe every active attempt, take in what it wrote, and write what became of it."""
        active = self._holdings.active()
        changed = False
        running: list[tuple[Job, Attempt, Path]] = []
        by_backend: dict[str, list[tuple[Job, Attempt]]] = {}
        for job, attempt in active:
            by_backend.setdefault(self._holdings.backend_of(attempt.allocation.pool), []).append((job, attempt))
        for name, members in by_backend.items():
            observations = self._backends(name).observe([ref_of(attempt) for _, attempt in members])
            for (job, attempt), observation in zip(members, observations, strict=True):
                changed |= self._note(job, attempt, observation, epoch)
                if observation.seen is Seen.UNKNOWN or not observation.is_heard:
                    self._hang.heard(attempt, self._clock.boot())  # its silence counts from when it would be heard
                changed |= self._keep_figures(attempt, observation)
                if observation.end is None:
                    running.append((job, attempt, self._folder(attempt)))
                else:
                    changed |= self._end(job, attempt, observation.end, observation.started, epoch)
        try:
            changed |= self._ingester.ingest_all(running, epoch=epoch, now=self._clock.now()) > 0
        except StaleEpoch:
            raise
        except TrainingError as error:  # a full disk, a busy file: the spool keeps it, the next tick tries again
            log.warning("points of running attempts wait: %s", error)
        for _, attempt, _ in running:
            if self._ingester.heard(attempt):
                self._hang.heard(attempt, self._clock.boot())
        return changed

    def _note(self, job: Job, attempt: Attempt, observation: Observation, epoch: int) -> bool:
        """Write down that an attempt runs, or is seen otherwise than before."""
        now = self._clock.now()
        changed = False
        if observation.age is not None:
            # Later than it was, where an attempt that waits for machines again does not grow older.
            self._began[job.id, attempt.number] = self._clock.boot() - observation.age
        if observation.started is not None and attempt.started is None and observation.end is None:
            facts.running(self._store, epoch, job.id, attempt.number, observation.started, now)
            changed = True
        if (observation.seen, observation.stage) != (attempt.seen, attempt.stage) and observation.end is None:
            facts.seen(self._store, epoch, job.id, attempt.number, observation.seen, now, stage=observation.stage)
            changed = True
        return changed

    def _keep_figures(self, attempt: Attempt, observation: Observation) -> bool:
        try:
            return self._figures.keep(attempt, observation, self._clock.now(), self._clock.boot())
        except TrainingError as error:  # the next round has newer ones
            log.warning("figures of attempt %s/%d wait: %s", attempt.job, attempt.number, error)
            return False

    def _end(self, job: Job, attempt: Attempt, end: End, started: Instant | None, epoch: int) -> bool:
        """Take in all that an attempt has left, and then write down how it ended."""
        now = self._clock.now()
        try:
            self._ingester.ingest(job, attempt, self._folder(attempt), epoch=epoch, now=now, final=True)
        except StaleEpoch:
            raise
        except TrainingError as error:  # its end waits with its points
            log.warning("attempt %s/%d: its points wait: %s", job.id, attempt.number, error)
            return False
        self._began.pop((job.id, attempt.number), None)
        self._hang.forget(attempt)
        reached = self._reached(attempt) if tells_how_far(end) else Reached()
        end = self._spending.told(job, attempt, end, now)
        end = told(end, attempt.stop_asked, reached, quiet=self._hang.allowed(job))
        self._concluded(facts.ended(self._store, epoch, job.id, attempt.number, end, now, started=started))
        return True

    def _concluded(self, job: Job) -> None:
        """An attempt has ended, or the job without one. Secrets stay as long as it may need them again."""
        if job.state in TERMINAL:
            if job.is_driver:
                drivers.has_ended(self._store, job, self._clock.now())
            self._forget_secrets(job)
            self._sweep.look_at([job.id])

    def _forget_secrets(self, job: Job) -> None:
        """Unless it has been started again since: who did that has brought its values anew."""
        kept = self._settings.secrets_file(job.key)
        if not kept.exists():
            return
        try:
            with ends.stands(self._store, job) as stands:
                if stands:
                    kept.unlink(missing_ok=True)
        except TrainingError as error:
            log.warning("job %s: the values of its pass_env stay until they are tidied away: %s", job.id, error)

    def _reached(self, attempt: Attempt) -> Reached:
        """The last step that the attempt reported itself, and the checkpoint that there is now."""
        step = points.last_step(self._store, attempt.job, attempt.number)
        newest = checkpoints.newest(self._store, [attempt.job]).get(attempt.job)
        if newest is None:
            return Reached(step)
        return Reached(step, newest.step, attempt.stopping is not None and newest.created >= attempt.stopping)

    def _let_go(self, epoch: int) -> bool:
        """Remove a little of what nobody keeps any more."""
        self._sweep.look_at(self._holdings.saved())
        if self._holdings.deleted():
            self._sweep.look_for_removals()
        return self._sweep.work(epoch, self._clock.now(), self._clock.boot())

    def _folder(self, attempt: Attempt) -> Path:
        return spool.attempt_folder(self._settings.spool_root, attempt.job, attempt.number)


def _of(found: Mapping[str, Standing], pool: Pool) -> tuple[int, str | None]:
    standing = found.get(pool.name)
    return (pool.slots, pool.remark) if standing is None else (pool.limited(standing.slots), standing.remark)


def _with(found: Mapping[str, Standing], known: Mapping[str, Pool]) -> list[Pool]:
    """The pools with what was found of them. One that a person has given numbers of their own meanwhile keeps them."""
    there = {name: pool for name, pool in known.items() if name in found and pool.is_found}
    return [
        replace(pool, slots=pool.limited(found[name].slots), remark=found[name].remark) for name, pool in there.items()
    ]
