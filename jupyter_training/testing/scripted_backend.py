"""A backend whose attempts run by a script on a virtual clock: no processes, no waiting."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import STOPPED, STRENGTH, AttemptState, EndReason, Seen, StopHow
from jupyter_training.core.resources import Pool
from jupyter_training.seams.backend import AttemptRef, End, LaunchOrder, Observation, Standing
from jupyter_training.testing.clock import VirtualClock

__all__ = ["Script", "ScriptedBackend"]


@dataclass(frozen=True)
class Script:
    """What an attempt will do: start after a while, run, end so. Spans are seconds after the launch.

    ``silent``: nobody answers; ``unheard``: its backend can't tell whether it says anything.
    """

    runs: float = 10.0
    starts_after: float = 0.0
    ends: End = field(default_factory=lambda: End(EndReason.COMPLETED, exit_code=0))
    obeys_after: float = 0.0  # from a graceful stop to the end
    silent: tuple[tuple[float, float], ...] = ()
    unheard: tuple[tuple[float, float], ...] = ()


@dataclass
class _Run:
    script: Script
    launched: float
    stop: tuple[StopHow, float] | None = None


class ScriptedBackend:
    """Follows scripts chosen by job.

    ``launches`` counts what really began, by attempt: 1 each, or it is a fault. ``has`` is what its pools have now.
    """

    name = "scripted"

    def __init__(self, clock: VirtualClock, script: Callable[[LaunchOrder], Script]) -> None:
        self._clock = clock
        self._script = script
        self._runs: dict[tuple[JobId, int], _Run] = {}
        self._void: set[tuple[JobId, int]] = set()
        self.launches: dict[tuple[JobId, int], int] = {}
        self.has: dict[str, Standing] = {}

    def capacity(self) -> None:
        return None

    def standings(self, pools: Sequence[Pool]) -> Mapping[str, Standing]:
        return {pool.name: self.has[pool.name] for pool in pools if pool.name in self.has}

    def launch(self, order: LaunchOrder) -> str:
        key = (order.ref.job, order.ref.number)
        if key not in self._runs and key not in self._void:
            self._runs[key] = _Run(self._script(order), self._clock.boot())
            self.launches[key] = self.launches.get(key, 0) + 1
        return f"{order.ref.job}/{order.ref.number}"

    def observe(self, refs: Sequence[AttemptRef]) -> list[Observation]:
        return [self._observe(ref) for ref in refs]

    def stop(self, ref: AttemptRef, how: StopHow, grace: float) -> None:
        run = self._runs.get((ref.job, ref.number))
        if run is None or self._end(run) is not None:
            return  # what has ended stays so
        if run.stop is None or STRENGTH[how] > STRENGTH[run.stop[0]]:
            run.stop = (how, self._clock.boot())

    def void(self, ref: AttemptRef) -> bool:
        key = (ref.job, ref.number)
        if key in self._runs:
            return False
        self._void.add(key)
        return True

    def close(self) -> None:
        """There is nothing that goes on here between the calls."""

    def slots_in_use(self) -> list[tuple[JobId, int]]:
        """The attempts that have begun and not ended."""
        return [key for key, run in self._runs.items() if self._end(run) is None]

    def next_event(self) -> float | None:
        """The boot time of the next moment at which an attempt begins, falls silent, answers again or ends."""
        now = self._clock.boot()
        moments: list[float] = []
        for run in self._runs.values():
            spans = [moment for span in run.script.silent for moment in span]
            moments += [self._ends_at(run), *(run.launched + after for after in (run.script.starts_after, *spans))]
        return min((moment for moment in moments if moment > now), default=None)

    def _observe(self, ref: AttemptRef) -> Observation:
        key = (ref.job, ref.number)
        run = self._runs.get(key)
        if run is None:
            seen = Seen.GONE if key in self._void else Seen.UNKNOWN
            end = End(EndReason.VOID) if key in self._void else None
            return Observation(ref, seen, AttemptState.LAUNCHING, end=end)
        age = self._clock.boot() - run.launched
        if any(start <= age < stop for start, stop in run.script.silent):
            return Observation(ref, Seen.UNKNOWN, AttemptState.RUNNING)
        began = age >= run.script.starts_after
        started = Instant(self._clock.now() - age + run.script.starts_after) if began else None
        end = self._end(run)
        if end is not None:
            return Observation(ref, Seen.GONE, AttemptState.ENDED, started, end)
        state = AttemptState.RUNNING if began else AttemptState.LAUNCHING
        return Observation(
            ref,
            Seen.LIVE,
            state,
            started,
            age=age - run.script.starts_after if began else None,
            is_heard=not any(start <= age < stop for start, stop in run.script.unheard),
        )

    def _end(self, run: _Run) -> End | None:
        """How the attempt has ended; None while it goes on."""
        if self._clock.boot() < self._ends_at(run):
            return None
        if run.stop is None or self._natural(run) <= self._stopped(run):
            return run.script.ends
        how = run.stop[0]
        return End(STOPPED[how], signal=9 if how == "kill" else 15)

    def _ends_at(self, run: _Run) -> float:
        return min(self._natural(run), self._stopped(run))

    def _natural(self, run: _Run) -> float:
        return run.launched + run.script.starts_after + run.script.runs

    def _stopped(self, run: _Run) -> float:
        if run.stop is None:
            return math.inf
        how, asked = run.stop
        return asked if how == "kill" else asked + run.script.obeys_after
