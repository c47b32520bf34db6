"""A story from a seed: what there is, what the jobs' code will do, and who wishes what when.

Everything is drawn before anything is played, so that a part can be left out and the rest stays as it was. Moments
are whole eighths of a second, which add up exactly.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from jupyter_training.core.job import Preemptible
from jupyter_training.core.lifecycle import Verb
from jupyter_training.core.resources import Pool, Resources

__all__ = [
    "Act",
    "After",
    "Body",
    "Crash",
    "Deed",
    "JobDraw",
    "Jump",
    "Move",
    "SetPool",
    "Story",
    "Submit",
    "Succeed",
    "Wish",
    "story",
]


@dataclass(frozen=True)
class Body:
    """What a job's code does. ``fails``: after which part of what is left, by the number of the attempt."""

    work: int  # seconds, which are its steps, too
    starts_after: float
    every: int | None  # steps between two checkpoints
    save: float
    restore: float
    heeds: bool  # saves when it is asked to leave, else it leaves at once
    fails: dict[int, float] = field(default_factory=dict)
    unlaunchable: frozenset[int] = frozenset()  # attempts that can't be launched
    silent: dict[int, tuple[float, float]] = field(default_factory=dict)  # seconds after its launch, by attempt


@dataclass(frozen=True)
class JobDraw:
    name: str
    body: Body
    resources: Resources
    pool: str
    priority: int
    weight: float
    preemptible: Preemptible
    user: str
    experiment: str | None
    after: tuple[str, ...]
    retries: int
    timeout: float | None


@dataclass(frozen=True)
class Submit:
    jobs: tuple[JobDraw, ...]


@dataclass(frozen=True)
class Wish:
    job: str
    verb: Verb
    discard: bool = False


@dataclass(frozen=True)
class Move:
    """One of the operations of the queue: ``how`` with its value."""

    job: str
    how: str
    value: str | int | float | None = None


@dataclass(frozen=True)
class After:
    job: str
    after: tuple[str, ...]


@dataclass(frozen=True)
class SetPool:
    """A pool as it is from now on."""

    pool: Pool


@dataclass(frozen=True)
class Succeed:
    """Another dispatcher takes over."""


@dataclass(frozen=True)
class Crash:
    """The dispatcher dies before one of its next effects, and another one takes over."""

    effects: int


@dataclass(frozen=True)
class Jump:
    """The wall clock is set right."""

    seconds: float


Deed = Submit | Wish | Move | After | SetPool | Succeed | Crash | Jump


@dataclass(frozen=True)
class Act:
    """A deed at its moment, in seconds from the beginning."""

    at: float
    deed: Deed


@dataclass(frozen=True)
class Story:
    pools: tuple[Pool, ...]
    acts: tuple[Act, ...]

    @property
    def jobs(self) -> tuple[JobDraw, ...]:
        return tuple(job for act in self.acts if isinstance(act.deed, Submit) for job in act.deed.jobs)


CAPPED = "capped"  # an experiment with max_slots
_POOLS = ("local", "lab", "cpu")
_BACKENDS = ("scripted", "other")
_VERBS = (Verb.PAUSE, Verb.PAUSE, Verb.ACTIVATE, Verb.ACTIVATE, Verb.CANCEL, Verb.KILL, Verb.RETRY)
_GIB = 2**30


def story(seed: int) -> Story:
    """Mostly a handful of jobs; some have many."""
    rng = random.Random(seed)
    size = rng.randint(2, 6) if seed % 32 else rng.randint(12, 20)
    crowded = seed % 2 == 1  # everybody comes at once into one pool in which jobs make room
    if crowded:
        pools: tuple[Pool, ...] = (replace(_pool(rng, _POOLS[0]), preemption=True, slots=rng.choice((1, 2, 2, 3))),)
        size = max(4, size)
    else:
        pools = tuple(_pool(rng, name) for name in _POOLS[: rng.choices((1, 2, 3), (5, 3, 2))[0]])
    devices_shared = rng.random() < 0.5
    if devices_shared and len(pools) > 1:
        twin = replace(pools[1], devices=pools[0].devices, backend=pools[0].backend)
        pools = (pools[0], twin, *pools[2:])
    together = rng.choice((1, 2, 3))  # slots that the jobs of the capped experiment may have in all
    span = rng.choice((3.0, 8.0) if crowded else (8.0, 20.0))
    acts: list[Act] = []
    names: list[str] = []
    while len(names) < size:
        batch = tuple(
            _job(rng, pools, names, together)
            for _ in range(min(size - len(names), rng.choices((1, 2, 4), (6, 2, 1))[0]))
        )
        batch = tuple(_named(job, f"j{len(names) + place}") for place, job in enumerate(batch))
        acts.append(Act(_moment(rng, span), Submit(batch)))
        names += [job.name for job in batch]
    # A job can start after an earlier one only, so those that are told of come first.
    moments = sorted(act.at for act in acts)
    acts = [Act(at, act.deed) for at, act in zip(moments, acts, strict=True)]
    for _ in range(rng.randint(0, size + 2)):
        acts.append(Act(_moment(rng, span + 20.0), _deed(rng, names, pools)))
    acts.sort(key=lambda act: act.at)
    return Story(pools, tuple(acts))


def _pool(rng: random.Random, name: str) -> Pool:
    return Pool(
        name=name,
        backend=rng.choices(_BACKENDS, (3, 1))[0],
        slots=rng.choices((1, 2, 3, 4), (5, 3, 1, 1))[0],
        policy=rng.choices(("priority", "fair_share"), (3, 1))[0],
        devices=tuple(str(number) for number in range(rng.choice((0, 0, 1, 2, 4)))),
        cpus=rng.choice((None, None, 4.0)),
        memory=rng.choice((None, None, 8 * _GIB)),
        preemption=rng.random() < 0.75,
        victim=rng.choice(("last", "cheapest")),
        aging=rng.choice((None, None, 5.0, 20.0)),
        is_default=name == "local",
    )


def _job(rng: random.Random, pools: tuple[Pool, ...], names: list[str], together: int) -> JobDraw:
    pool = rng.choice(pools)
    gpus = rng.randint(0, min(2, len(pool.devices))) if rng.random() < 0.5 else 0
    experiment = rng.choice((CAPPED, "sweep")) if rng.random() < 0.3 else None
    slots = rng.choices((0, 1, 2, 3, 4), (1, 8, 4, 1, 1))[0]
    if rng.random() < 0.9:  # the others are too big for their pool as it is
        slots = min(slots, pool.slots)
    work = rng.choice((rng.randint(1, 8), rng.randint(8, 30)))
    body = Body(
        work=work,
        starts_after=rng.choice((0.0, 0.0, 0.25, 1.0)),
        every=rng.choice((None, max(1, work // 4), 1)),
        save=rng.choice((0.0, 0.125, 0.5, 2.0)),
        restore=rng.choice((0.0, 0.5, 1.0)),
        heeds=rng.random() < 0.7,
        fails={number: rng.choice((0.0, 0.25, 0.5, 0.75)) for number in range(1, 4) if rng.random() < 0.12},
        unlaunchable=frozenset(number for number in range(1, 3) if rng.random() < 0.03),
        silent={1: _span(rng)} if rng.random() < 0.08 else {},
    )
    return JobDraw(
        name="",
        body=body,
        resources=Resources(
            slots=min(slots, together) if experiment == CAPPED else slots,
            gpus=gpus,
            cpus=rng.choice((None, None, 1.0, 2.5)),
            memory=rng.choice((None, None, _GIB, 5 * _GIB)),
            max_slots=together if experiment == CAPPED else None,
        ),
        pool=pool.name,
        priority=rng.choice((1, 20, 42, 42, 43, 99)),
        weight=rng.choice((1.0, 1.0, 0.5, 3.0)),
        preemptible=rng.choice(("auto", "auto", "auto", "restart", "restart", "restart", "never")),
        user=rng.choice(("ada", "ben")),
        experiment=experiment,
        after=tuple(rng.sample(names, 1)) if names and rng.random() < 0.15 else (),
        retries=rng.choice((0, 0, 1, 3)),
        timeout=rng.choices((None, 4.0, 10.0), (8, 1, 1))[0],
    )


def _named(job: JobDraw, name: str) -> JobDraw:
    return replace(job, name=name)


def _deed(rng: random.Random, names: list[str], pools: tuple[Pool, ...]) -> Deed:
    kinds: tuple[Callable[[], Deed], ...] = (
        lambda: Wish(rng.choice(names), rng.choice(_VERBS), discard=rng.random() < 0.3),
        lambda: _move(rng, names, pools),
        lambda: After(rng.choice(names), tuple(rng.sample(names, rng.randint(0, 1)))),
        lambda: SetPool(_changed(rng, rng.choice(pools))),
        Succeed,
        lambda: Crash(rng.randint(0, 3)),
        # Who counts waiting by the wall clock does not hear that it was set right.
        lambda: Jump(0.0 if any(pool.aging for pool in pools) else rng.randint(-1000, 1000) * 8.0),
    )
    return rng.choices(kinds, (8, 8, 1, 2, 2, 2, 1))[0]()


def _move(rng: random.Random, names: list[str], pools: tuple[Pool, ...]) -> Move:
    job = rng.choice(names)
    how = rng.choice(
        ("priority", "priority", "weight", "resource_pool", "ahead_of", "behind_of", "top", "bottom", "position")
    )
    value: str | int | float | None = None
    if how == "priority":
        value = rng.choice((1, 20, 41, 42, 43, 99))
    elif how == "weight":
        value = rng.choice((0.5, 1.0, 4.0))
    elif how == "resource_pool":
        value = rng.choice(pools).name
    elif how in ("ahead_of", "behind_of"):
        value = rng.choice(names)
    elif how == "position":
        value = rng.randint(1, len(names))
    return Move(job, how, value)


def _changed(rng: random.Random, pool: Pool) -> Pool:
    devices = rng.choice((len(pool.devices), 1, 2)) if pool.devices else 0
    return replace(
        pool,
        slots=rng.randint(1, 4),
        preemption=rng.random() < 0.6,
        devices=tuple(str(number) for number in range(devices)),
    )


def _moment(rng: random.Random, span: float) -> float:
    return rng.randint(0, int(span * 8)) / 8


def _span(rng: random.Random) -> tuple[float, float]:
    begin = float(rng.randint(0, 8))
    return begin, begin + rng.randint(1, 6)
