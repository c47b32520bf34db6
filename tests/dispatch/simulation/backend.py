"""Where the story's jobs run: the scripted backend, watched. What is launched and stopped here is the truth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import EndReason, StopHow
from jupyter_training.core.resources import Allocation
from jupyter_training.core.retention import Checkpoint
from jupyter_training.errors import LaunchFailed
from jupyter_training.seams.backend import AttemptRef, End, LaunchOrder
from jupyter_training.testing.clock import VirtualClock
from jupyter_training.testing.scripted_backend import Script, ScriptedBackend
from tests.dispatch.simulation.draw import Body

__all__ = ["Key", "Running", "WatchedBackend", "Watcher"]

Key = tuple[JobId, int]


class Watcher(Protocol):
    """Is told before it happens, and raises where it must not."""

    def launches(self, backend: str, order: LaunchOrder) -> None: ...

    def stops(self, key: Key, how: StopHow) -> None: ...


@dataclass
class Running:
    """An attempt as it really runs: what it was given, where it began, and what it has saved so far."""

    key: Key
    body: Body
    allocation: Allocation
    done: int  # steps, when it began
    works_from: float  # boot time, as are the next two
    natural_end: float
    asked: float = math.inf  # when it was asked to save and leave
    stopped: bool = False  # otherwise than by being asked
    written: int = 0  # checkpoints by its interval

    @property
    def next_checkpoint(self) -> float:
        """Boot time; never once it has been asked to leave, or where none is due any more."""
        if self.body.every is None or self.asked < math.inf or self.stopped:
            return math.inf
        step = (self.written + 1) * self.body.every
        moment = self.works_from + step
        return moment if moment < self.natural_end and self.done + step < self.body.work else math.inf

    @property
    def steps_when_asked(self) -> int:
        return self.done + max(0, int(self.asked - self.works_from))


class WatchedBackend(ScriptedBackend):
    """Runs what the jobs' bodies say, and keeps the books."""

    def __init__(self, name: str, clock: VirtualClock, bodies: Callable[[JobId], Body], watcher: Watcher) -> None:
        super().__init__(clock, self._chosen)
        self.name = name
        self._bodies = bodies
        self._watcher = watcher
        self._running: dict[Key, Running] = {}

    def launch(self, order: LaunchOrder) -> str:
        key = (order.ref.job, order.ref.number)
        if key in self.launches or key in self._void:
            return super().launch(order)
        body = self._bodies(order.ref.job)
        if order.ref.number in body.unlaunchable:
            raise LaunchFailed("It can't be launched, as the story has it.")
        self._watcher.launches(self.name, order)
        handle = super().launch(order)
        script = self._chosen(order)
        begins = self._clock.boot() + body.starts_after
        done = _done(order)
        works_from = begins + (body.restore if done else 0.0)
        self._running[key] = Running(key, body, order.allocation, done, works_from, begins + script.runs)
        return handle

    def stop(self, ref: AttemptRef, how: StopHow, grace: float) -> None:
        key = (ref.job, ref.number)
        self._watcher.stops(key, how)
        one = self._running.get(key)
        if one is not None and how in ("pause", "preempt"):
            one.asked = min(one.asked, self._clock.boot())
        elif one is not None:
            one.stopped = True
        super().stop(ref, how, grace)

    def live(self) -> dict[Key, Running]:
        """What has begun and not ended."""
        return {key: self._running[key] for key in self.slots_in_use()}

    def next_moment(self) -> float | None:
        """The boot time at which something happens next by itself."""
        moments = [one.next_checkpoint for one in self.live().values()]
        event = self.next_event()
        return min((moment for moment in [*moments, event] if moment is not None and moment < math.inf), default=None)

    def checkpoints(self, wall: Instant) -> list[Checkpoint]:
        """Those written since the last call: by the interval, and the last one of whoever heeds a request to leave."""
        now = self._clock.boot()
        live = set(self.slots_in_use())
        found: list[Checkpoint] = []
        for key, one in list(self._running.items()):
            while one.next_checkpoint <= now:
                one.written += 1
                moment = Instant(wall - (now - one.works_from) + one.written * (one.body.every or 0))
                found.append(_checkpoint(one, one.done + one.written * (one.body.every or 0), moment))
            if key not in live:
                del self._running[key]
                saved = one.body.heeds and not one.stopped and one.asked + one.body.save < one.natural_end
                if saved and one.steps_when_asked > one.done + one.written * (one.body.every or 0):
                    found.append(_checkpoint(one, one.steps_when_asked, wall))
        return found

    def _chosen(self, order: LaunchOrder) -> Script:
        body, number = self._bodies(order.ref.job), order.ref.number
        done = _done(order)
        left = float(body.work - done)
        ends = End(EndReason.COMPLETED, exit_code=0)
        if number in body.fails:
            left, ends = float(int(left * body.fails[number])), End(EndReason.ERROR, exit_code=1)
        return Script(
            runs=left + (body.restore if done else 0.0),
            starts_after=body.starts_after,
            ends=ends,
            obeys_after=body.save if body.heeds else 0.0,
            silent=(body.silent[number],) if number in body.silent else (),
        )


def _done(order: LaunchOrder) -> int:
    """The steps that an attempt begins with."""
    return order.checkpoints[0].step if order.checkpoints else 0


def _checkpoint(one: Running, step: int, created: Instant) -> Checkpoint:
    job, number = one.key
    name = f"step-{step}-{number}"
    return Checkpoint(job, name, number, step, created, 1, 1, "ab" * 32, None, "json", None, seconds=one.body.save)
