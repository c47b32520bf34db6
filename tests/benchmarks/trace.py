"""Three made-up days of a shared GPU box: short interactive jobs among long sweeps, by seed; and the measure.

It stood in this tree before the rules that are judged by it. **Nothing here is tuned afterwards**: a figure that
turns out poor is reported as it is, and a test holds the traces by their digests. Whoever has a better idea of
such a machine adds a trace under a new name and leaves these as they are.

Where the shape comes from. The published studies of shared GPU clusters (Philly: Jeon et al., USENIX ATC 2019;
Helios: Hu et al., SC 2021; PAI: Weng et al., NSDI 2022) agree on it, and the simulation of trial-and-error jobs
beside best-effort ones (Yabuuchi et al., OpML 2019) asks the same question:

* durations have a heavy tail: half of the jobs take minutes or less, a few take hours and use most of the time;
* most jobs take one GPU, few take many;
* arrivals follow the day, and come in bursts: a person tries, looks, and tries again; a sweep comes all at once;
* the machine is well used but not overrun: what is offered stays below what it has.

The numbers are ours: those of a box with eight slots that four people share. They are the constants below and the
draws of ``mixed``, and no more is meant by them. When somebody tries again does not depend on how long the run
before had to wait: every rule meets the same arrivals.

The measure: the slow-down of a job = (its end - its submit) / the seconds of its own work. A job that starts at
once and is never disturbed has 1. Of the short ones the 95th percentile counts, as the few long waits are what a
person remembers; of the long ones the median.
"""

from __future__ import annotations

import hashlib
import math
import random
import statistics
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Literal

__all__ = ["SEEDS", "SLOTS", "Standing", "TraceJob", "digest", "mixed", "slow_downs"]

SEEDS = {"alder": 101, "birch": 202, "cedar": 303, "dogwood": 404, "elm": 505}

SLOTS = 8
DAYS = 3
LOAD = 0.8  # of what the box could do in that time, offered by the sweeps; the short jobs come on top
USERS = ("ada", "ben", "cho", "dee")
SESSIONS_A_DAY = 12.0  # in which somebody tries things out, of all people together
SHORT_PRIORITY = 20
LONG_PRIORITY = 50

_DAY = 86_400.0


@dataclass(frozen=True)
class TraceJob:
    """One job. Seconds are whole tenths, and ``submit`` counts from the trace's begin.

    A long one writes a checkpoint after each ``every`` seconds of work. Asked to leave, it needs ``save`` seconds
    for one more where it heeds the request (``saves_when_asked``); else it leaves at once and has lost its work
    since the last one. Going on costs ``restore`` seconds in which nothing is done. A short one writes none.
    """

    name: str
    kind: Literal["short", "long"]
    submit: float
    work: float
    slots: int
    priority: int
    user: str
    group: str | None  # the sweep it belongs to
    every: float | None
    save: float
    restore: float
    saves_when_asked: bool


@dataclass(frozen=True)
class Standing:
    """How a trace went: the 95th percentile of the short jobs' slow-downs, and the median of the long ones'."""

    short_p95: float
    long_median: float


def mixed(seed: int) -> tuple[TraceJob, ...]:
    """The trace of a seed, by submission. The same on every machine."""
    rng = random.Random(seed)
    jobs = [*_short(rng), *_long(rng)]
    return tuple(sorted(jobs, key=lambda job: (job.submit, job.name)))


def slow_downs(jobs: tuple[TraceJob, ...], ends: Mapping[str, float]) -> Standing:
    """The measure, from when each job ended by its name; every job has to have ended."""
    found: dict[str, list[float]] = {"short": [], "long": []}
    for job in jobs:
        found[job.kind].append((ends[job.name] - job.submit) / job.work)
    short = sorted(found["short"])
    return Standing(short[math.ceil(0.95 * len(short)) - 1], statistics.median(found["long"]))


def digest(jobs: tuple[TraceJob, ...]) -> str:
    """What tells a trace from any other."""
    return hashlib.sha256(repr([astuple(job) for job in jobs]).encode()).hexdigest()[:16]


def _short(rng: random.Random) -> list[TraceJob]:
    """Sessions by the day; in each a run after the other, with a while of thinking in between."""
    jobs: list[TraceJob] = []
    for begin in _by_the_day(rng, SESSIONS_A_DAY * DAYS):
        user = rng.choice(USERS)
        moment = begin
        for _ in range(1 + min(19, int(rng.expovariate(1 / 5.0)))):
            work = _lognormal(rng, 90.0, 1.2, least=5.0, most=1800.0)
            jobs.append(
                TraceJob(
                    name=f"try-{len(jobs)}",
                    kind="short",
                    submit=_tenths(moment),
                    work=work,
                    slots=rng.choices((1, 2, 4), (75, 20, 5))[0],
                    priority=SHORT_PRIORITY,
                    user=user,
                    group=None,
                    every=None,
                    save=0.0,
                    restore=0.0,
                    saves_when_asked=False,
                )
            )
            moment += work + _lognormal(rng, 240.0, 0.8, least=10.0, most=3600.0)
    return jobs


def _long(rng: random.Random) -> list[TraceJob]:
    """Sweeps until enough work is there; the trials of one are alike and come together."""
    sweeps: list[list[TraceJob]] = []
    offered = 0.0
    while offered < LOAD * SLOTS * DAYS * _DAY:
        number = len(sweeps)
        user = rng.choice(USERS)
        slots = rng.choices((1, 2, 4), (70, 20, 10))[0]
        typical = _lognormal(rng, 2400.0, 0.8, least=600.0, most=21_600.0)
        every = _lognormal(rng, 600.0, 0.5, least=120.0, most=1800.0)
        save = _lognormal(rng, 8.0, 0.6, least=1.0, most=60.0)
        restore = _lognormal(rng, 12.0, 0.6, least=2.0, most=90.0)
        heeds = rng.random() < 0.7
        trials = int(_lognormal(rng, 12.0, 0.6, least=4.0, most=48.0))
        sweep = [
            TraceJob(
                name=f"sweep-{number}-{trial}",
                kind="long",
                submit=0.0,
                work=_lognormal(rng, typical, 0.3, least=600.0, most=43_200.0),
                slots=slots,
                priority=LONG_PRIORITY,
                user=user,
                group=f"sweep-{number}",
                every=every,
                save=save,
                restore=restore,
                saves_when_asked=heeds,
            )
            for trial in range(trials)
        ]
        offered += sum(job.work * job.slots for job in sweep)
        sweeps.append(sweep)
    jobs = []
    for sweep, begin in zip(sweeps, _by_the_day(rng, len(sweeps), exactly=True), strict=True):
        jobs += [_submitted(job, _tenths(begin)) for job in sweep]
    return jobs


def _submitted(job: TraceJob, moment: float) -> TraceJob:
    return TraceJob(**{**vars(job), "submit": moment})


def _by_the_day(rng: random.Random, expected: float, *, exactly: bool = False) -> list[float]:
    """Moments of a Poisson stream whose rate is that of the day: four times as high in the afternoon as at night.

    ``exactly``: so many, as such a stream has them on the condition that it has so many.
    """
    count = round(expected) if exactly else _poisson(rng, expected)
    moments: list[float] = []
    while len(moments) < count:
        moment = rng.uniform(0.0, DAYS * _DAY)
        if rng.random() < (1 - 0.6 * math.cos(2 * math.pi * (moment / _DAY - 1 / 8))) / 1.6:
            moments.append(moment)
    return sorted(moments)


def _poisson(rng: random.Random, expected: float) -> int:
    count, passed = 0, rng.expovariate(1.0)
    while passed < expected:
        count += 1
        passed += rng.expovariate(1.0)
    return count


def _lognormal(rng: random.Random, middle: float, spread: float, *, least: float, most: float) -> float:
    """Half of the draws are below ``middle``; ``spread`` is the deviation of the logarithm."""
    return _tenths(min(most, max(least, rng.lognormvariate(math.log(middle), spread))))


def _tenths(seconds: float) -> float:
    return round(seconds, 1)
