"""Plays a story: the real Ticker on a real store, in virtual time that goes from event to event.

    what people do at this moment -> tick until nothing changes -> are the laws kept? -> on to the next event

When the story is over, somebody tidies up: what is paused is activated, what waits for a job that will not succeed is
let go of, what is too big for its pool is taken out. Then everything has to end.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field

from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import TERMINAL, JobState, StopHow, Verb
from jupyter_training.core.resources import Allocation
from jupyter_training.core.retention import Checkpoint
from jupyter_training.dispatch.tick import Round, Ticker
from jupyter_training.seams.backend import LaunchOrder
from jupyter_training.store import checkpoints, lease, pools, views
from jupyter_training.store.engine import Store
from jupyter_training.store.queue import Unfinished
from jupyter_training.testing.clock import VirtualClock
from tests.dispatch.simulation import deeds, laws, waits
from tests.dispatch.simulation.backend import Key, WatchedBackend
from tests.dispatch.simulation.draw import Act, After, Body, Crash, Jump, Move, SetPool, Story, Submit, Succeed, Wish
from tests.dispatch.simulation.laws import Broken, Scene

__all__ = ["Outcome", "play"]

_ROUNDS = 60  # in which a dispatcher comes to rest, at most
_MOMENTS = 3_000
_TIDYINGS = 40


@dataclass(frozen=True)
class Outcome:
    """``schedule`` tells one course of events from any other."""

    schedule: str
    ticks: int
    jobs: int
    seconds: float  # virtual ones
    preemptions: int


def play(story: Story, store: Store, *, told: bool = False) -> Outcome:
    """Play it to its end. ``told``: each event is printed.

    Raises:
        Broken: a law does not hold.
    """
    player = _Player(story, store, told)
    player.play()
    return Outcome(
        player.schedule(), player.ticks, len(player.ids), player.clock.boot() - player.began, player.preempted
    )


class _Crashed(Exception):
    """The dispatcher has died."""


@dataclass
class _Truth:
    """What the player knows by itself of the jobs, whatever the store says."""

    after: dict[JobId, frozenset[JobId]] = field(default_factory=dict)
    succeeded: set[JobId] = field(default_factory=set)

    def open_after(self) -> dict[JobId, frozenset[JobId]]:
        return {job: others - self.succeeded for job, others in self.after.items() if others - self.succeeded}


class _Player:
    def __init__(self, story: Story, store: Store, told: bool) -> None:
        self._story = story
        self._store = store
        self._told = told
        self._draws = {job.name: job for job in story.jobs}
        self._rng = random.Random(11)
        self.clock = VirtualClock()
        self.began = self.clock.boot()
        self.ids: deeds.Ids = {}
        self._names: dict[JobId, str] = {}
        self._ended: dict[JobId, Instant] = {}
        self._backends = {
            name: WatchedBackend(name, self.clock, self._body, self) for name in ("scripted", "other", "local")
        }
        self._pools = {pool.name: pool for pool in story.pools}
        for pool in story.pools:
            pools.write(store, pool, now=self.clock.now())
        self._rows = Unfinished(store)
        self._truth = _Truth()
        self._asked: set[Key] = set()  # attempts that were asked to make room
        self._crash_after: int | None = None
        self._events: list[str] = []
        self._epoch = 0
        self.ticks = 0
        self.preempted = 0
        self._ticker = self._succeed()

    def play(self) -> None:
        acts = list(self._story.acts)
        tidied = 0
        for _ in range(_MOMENTS):
            while acts and acts[0].at <= self.clock.boot() - self.began:
                self._do(acts.pop(0))
            found = self._come_to_rest()
            self._look()
            moment = self._next(acts, found)
            if moment is None:
                if not self._rows.rows:
                    self._is_told_alike()
                    return
                tidied += 1
                if tidied > _TIDYINGS:
                    raise Broken(f"everything ends: {self._left()} are left")
                self._tidy_up()
                continue
            self.clock.advance(moment - self.clock.boot())
        raise Broken(f"everything ends: after {_MOMENTS} moments {self._left()} are left")

    def schedule(self) -> str:
        return hashlib.sha256("\n".join(self._events).encode()).hexdigest()[:16]

    # --- the dispatcher -----------------------------------------------------------------------------------------

    def _succeed(self) -> Ticker:
        """A new dispatcher, with nothing in its memory."""
        self._epoch += 1
        holder = lease.Holder("simulation", self._epoch, 0, "boot")
        taken = lease.take(self._store, holder, ttl=15, boot_now=self.clock.boot(), alive=lambda one: False)
        if taken is None or taken.epoch != self._epoch:
            raise Broken(f"the lease: {taken}")
        return Ticker(self._store.settings, self._store, self._backends.__getitem__, self.clock, self._may_crash)

    def _may_crash(self) -> None:
        if self._crash_after is None:
            return
        self._crash_after -= 1
        if self._crash_after < 0:
            self._crash_after = None
            raise _Crashed

    def _come_to_rest(self) -> Round:
        for _ in range(_ROUNDS):
            self._take_checkpoints()
            self.ticks += 1
            try:
                found = self._ticker.tick(self._epoch)
            except _Crashed:
                self._note("crash")
                self._ticker = self._succeed()
                continue
            if not found.changed:
                return found
        raise Broken(f"planning again yields nothing: after {_ROUNDS} rounds at one moment there still is something")

    def _take_checkpoints(self) -> None:
        found: list[tuple[Checkpoint, dict[str, int]]] = [
            (one, {}) for backend in self._backends.values() for one in backend.checkpoints(self.clock.now())
        ]
        checkpoints.committed(self._store, self._epoch, found, self.clock.now())

    # --- the watcher of the backends ----------------------------------------------------------------------------

    def launches(self, backend: str, order: LaunchOrder) -> None:
        key = (order.ref.job, order.ref.number)
        laws.may_launch(self._scene(), backend, key, order.allocation)
        step = order.checkpoints[0].step if order.checkpoints else 0
        self._note(f"start {self._called(key)} {_words(order.allocation)} from {step}")

    def stops(self, key: Key, how: StopHow) -> None:
        if how == "preempt" and key not in self._asked:
            self._asked.add(key)
            self.preempted += 1
            laws.may_be_stopped(self._scene(), key)
        self._note(f"stop {self._called(key)} {how}")

    # --- what people do -----------------------------------------------------------------------------------------

    def _do(self, act: Act) -> None:
        deed, now = act.deed, self.clock.now()
        self._note(f"do {deed}", secret=True)
        match deed:
            case Submit(jobs):
                deeds.submit(self._store, jobs, self.ids, new_id=lambda: new_job_id(self._rng), now=now)
                for job in jobs:
                    self._names[self.ids[job.name]] = job.name
                    self._truth.after[self.ids[job.name]] = frozenset(self.ids[name] for name in job.after)
            case Wish():
                deeds.wish(self._store, deed, self.ids, now)
            case Move():
                deeds.move(self._store, deed, self.ids, now)
            case After(job, after):
                if deeds.set_after(self._store, deed, self.ids, now):
                    self._truth.after[self.ids[job]] = frozenset(self.ids[name] for name in after)
            case SetPool(pool):
                self._pools[pool.name] = pool
                pools.write(self._store, pool, now=now)
            case Succeed():
                self._ticker = self._succeed()
            case Crash(effects):
                self._crash_after = effects
            case Jump(seconds):
                self.clock.jump(seconds)

    def _tidy_up(self) -> None:
        """Nobody else does anything any more: let go of what can't go on by itself."""
        now = self.clock.now()
        for pool in self._story.pools:
            self._pools[pool.name] = pool
            pools.write(self._store, pool, now=now)
        stuck = self._truth.open_after()
        for job, _ in list(self._rows.rows.values()):
            if job.state is JobState.PAUSED:
                self._do_now(Wish(job.name, Verb.ACTIVATE))
            if job.id in stuck:
                self._do_now(After(job.name, ()))
            if not self._will_ever_fit(job.id, job.pool):
                self._do_now(Wish(job.name, Verb.CANCEL))

    def _do_now(self, deed: Wish | After) -> None:
        self._do(Act(0.0, deed))

    def _will_ever_fit(self, job: JobId, pool: str) -> bool:
        need, has = self._draws[self._names[job]].resources.need, self._pools[pool]
        return (
            need.slots <= has.slots
            and need.gpus <= len(has.devices)
            and need.cpus <= (has.cpus or need.cpus)
            and need.memory <= (has.memory or need.memory)
        )

    # --- looking ------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """The dispatcher rests: see that all is well, and what has become of whom."""
        scene = self._scene()
        laws.rests_rightly(scene)
        waits.are_told(scene)

    def _scene(self) -> Scene:
        delta = self._rows.refresh()
        if delta.gone:
            for job in views.jobs(self._store, list(delta.gone)):
                self._note(f"ended {job.name} {job.state.value} {job.reason}")
                self._ended[job.id] = self.clock.now()
                if job.state is JobState.SUCCEEDED:
                    self._truth.succeeded.add(job.id)
        live = {
            key: (backend.name, one.allocation)
            for backend in self._backends.values()
            for key, one in backend.live().items()
        }
        return Scene(
            now=self.clock.now(),
            pools=self._pools,
            rows=self._rows.rows,
            live=live,
            needs={job: self._draws[name].resources.need for job, name in self._names.items()},
            groups={
                job: experiment
                for job, name in self._names.items()
                if (experiment := self._draws[name].experiment) is not None
            },
            open_after=self._truth.open_after(),
            ended_now=frozenset(job for job, at in self._ended.items() if at == self.clock.now()),
        )

    def _is_told_alike(self) -> None:
        """At the end: who read only what changed knows what is there, and every job has come to its end once."""
        if Unfinished(self._store).refresh().entries:
            raise Broken(f"what changed is told: {self._left()} are left for who reads anew")
        for job in views.jobs(self._store, list(self._names)):
            if job.state not in TERMINAL:
                raise Broken(f"everything ends: {job.name} is {job.state}")
        began = [count for backend in self._backends.values() for count in backend.launches.values()]
        if any(count != 1 for count in began):
            raise Broken("an attempt begins once")
        numbers = [change.n for change in views.changes(self._store, 0, 1_000_000).changes]
        if numbers != list(range(1, len(numbers) + 1)):
            raise Broken("the change log has one number for each change")

    def _next(self, acts: list[Act], found: Round) -> float | None:
        """The boot time at which something happens next."""
        now = self.clock.boot()
        moments = [backend.next_moment() for backend in self._backends.values()]
        moments.append(self.began + acts[0].at if acts else None)
        if found.next_wake is not None and found.next_wake > now:
            moments.append(found.next_wake)
        return min((moment for moment in moments if moment is not None), default=None)

    def _body(self, job: JobId) -> Body:
        return self._draws[self._names[job]].body

    def _called(self, key: Key) -> str:
        return f"{self._names[key[0]]}/{key[1]}"

    def _left(self) -> str:
        return ", ".join(f"{job.name} ({job.state.value})" for job, _ in self._rows.rows.values())

    def _note(self, words: str, *, secret: bool = False) -> None:
        line = f"{self.clock.boot() - self.began:9.3f}  {words}"
        if not secret:
            self._events.append(line)
        if self._told:
            print(line)


def _words(allocation: Allocation) -> str:
    devices = f" devices {','.join(allocation.devices)}" if allocation.devices else ""
    return f"in {allocation.pool} on {allocation.slots}{devices}"
