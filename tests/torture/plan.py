"""What a story is: some jobs in one home, and what shall happen to whom. All of it follows from a seed or a name."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tests.torture import faults, steps
from tests.torture.faults import Fault

__all__ = ["Part", "Story", "enumerated", "random_story", "short"]

CAPACITY = 3  # slots of a home
KILLS = 10  # of a random story
ENDLESS = 100_000  # steps of what shall be stopped: a stop that is lost would never end it
_DAY = 86_400.0
_STOPS = {"cancel", "kill", "pause", "discard"}


@dataclass(frozen=True)
class Part:
    """One job of a story."""

    name: str
    steps: int = 20
    pause: float = 0.03
    exit_code: int = 0
    slots: int = 1
    hiding: bool = False  # leaves a grandchild in a session of its own that ignores SIGTERM
    listening: bool = False  # asks should_stop()
    wishes: tuple[str, ...] = ()  # verbs, each once the one before has had its effect; discard: pause --discard
    wish_at: int = 8  # and once its code has written so many lines since
    wish_after: str = ""  # the step at which something must have happened before
    saves: int = 0  # a checkpoint every so many steps
    retries: int = 0
    crash: int = 0  # the step at which its first attempt raises
    timeout: float | None = None  # seconds of an attempt
    far: bool = False  # its checkpoints are under a URL
    heir_of: str = ""  # continues that job, once it has ended

    @property
    def traits(self) -> frozenset[str]:
        """What steps may need, see ``steps``."""
        held = {
            "stopped": bool(_STOPS & set(self.wishes)),
            "canceled": "cancel" in self.wishes,
            "killed": "kill" in self.wishes,
            "saving": self.saves > 0,
            "far": self.far,
            "deleted": "delete" in self.wishes,
            "deaf": not self.listening,
            "listening": self.listening,
            "hiding": self.hiding,
            "long": self.steps * self.pause >= 1.4,
        }
        return frozenset(name for name, holds in held.items() if holds)


@dataclass(frozen=True)
class Story:
    name: str
    parts: tuple[Part, ...]
    faults: tuple[Fault, ...]
    term: float = 0.0  # of the lease, in seconds; 0: the product's own
    all_happen: bool = True  # a fault that is left at the end is a failure
    fills: tuple[tuple[float, float], ...] = ()  # from when to when, since the first line, the home's disk is full


def enumerated() -> Iterator[Story]:
    """Each labelled step once."""
    yield Story("dispatcher", _varied(), _each("dispatcher"), term=3.0)
    yield Story("ingest", _varied(), _each("ingest"))
    # One runs until the mirror, which dies at every turn, has come to hand it its run.
    long = Part("long", steps=ENDLESS, wishes=("cancel",), wish_after="the run handed over")
    gone = Part("gone", wishes=("delete",), wish_after="the end")  # the first, so that it has a run by then
    yield Story("mirror", (gone, long, *_varied(4)), _each("mirror"))
    yield _one_job_each("supervisor")
    yield _one_job_each("runtime")
    yield _both()
    yield _after_the_end()
    yield from _stopped()
    yield from _jumping()


def full_disk() -> Iterator[Story]:
    """For a home on a disk of two megabytes of its own (``confined``)."""
    few = (Part("a", steps=90), Part("b", steps=90, exit_code=3, hiding=True))
    yield Story("a full disk", few, (), fills=((0.4, 3.0),))
    killed = Fault("dispatcher", "a round", nth=15), Fault("supervisor", "a look", nth=5, job="a")
    yield Story("a full disk, and kills", few, killed, all_happen=False, fills=((0.4, 4.0), (5.0, 8.0)))
    stopped = (Part("a", steps=90), Part("b", steps=ENDLESS, wishes=("cancel",), wish_at=30, hiding=True))
    yield Story("a full disk, and a stop", stopped, (), fills=((0.4, 4.0),))


def short() -> Iterator[Story]:
    """What ``make test`` has time for."""
    yield Story("dispatcher and ingest, in short", _varied(), _each("dispatcher") + _each("ingest"), term=3.0)
    many = [_one_job_each(room, chosen) for room, chosen in _SHORT.items()]
    mirror = tuple(Fault("mirror", label) for label in ("the run made", "points sent", "before the end"))
    others = (
        Fault("dispatcher", "the fact that it runs", nth=2, act=faults.JUMP, seconds=_DAY),
        Fault("dispatcher", "before the end's fact", nth=3, act=faults.STOP),
    )
    parts = (Part("far", timeout=600.0), *(part for one in many for part in one.parts))
    kills = tuple(fault for one in many for fault in one.faults)
    yield Story("the others, in short", parts, kills + mirror + others, term=2.0)


_SHORT = {
    "supervisor": (
        "the claim without its record",
        "the secrets taken",
        "the process on record",
        "the gate opened",
        "SIGTERM sent",
        "what hid is told",
        "before the exit record",
    ),
    "runtime": ("before the code", "a point", "the end record"),
}


def random_story(seed: int) -> Story:
    """Some jobs of any kind and ``KILLS`` kills at any steps."""
    rng = random.Random(seed)
    parts = tuple(_random_part(rng, number) for number in range(6))
    parts += _random_heir(rng, parts)
    chosen: set[Fault] = set()
    while len(chosen) < KILLS:
        fault = _random_fault(rng, parts)
        if fault is not None:
            chosen.add(fault)
    return Story(f"seed {seed}", parts, tuple(sorted(chosen, key=str)), all_happen=False)


_WISHES_WITHOUT_CHECKPOINTS = (
    *((),) * 3,
    ("cancel",),
    ("kill",),
    ("cancel", "retry"),
    ("delete",),
    ("discard", "activate"),
    ("cancel", "delete"),
)
_WISHES = (
    *_WISHES_WITHOUT_CHECKPOINTS,
    ("pause", "activate"),
    ("pause", "activate", "pause", "activate"),
    ("pause", "cancel"),
    ("kill", "retry"),
    ("resume",),
    ("resume", "delete"),
    ("pause", "resume"),
    ("discard", "activate", "resume"),
)


def _random_part(rng: random.Random, number: int) -> Part:
    count = rng.randint(20, 60)
    saves = rng.choice([0, 0, 3, 5])
    wishes = rng.choice(_WISHES if saves else _WISHES_WITHOUT_CHECKPOINTS)
    retries = rng.choice([0, 0, 5])
    last = [wish for wish in wishes if wish != "delete"][-1:]
    return Part(
        name=f"job-{number}",
        steps=ENDLESS if last and last[0] in _STOPS else count,
        pause=rng.uniform(0.01, 0.04),
        exit_code=rng.choice([0, 0, 3]) if retries == 0 else 0,
        slots=rng.choice([1, 1, 2, 3]),
        hiding=rng.random() < 0.4,
        listening=rng.random() < 0.5,
        wishes=wishes,
        wish_at=rng.randint(0, 12),
        saves=saves,
        retries=retries,
        crash=rng.choice([0, 0, rng.randint(1, 15)]),
        far=saves > 0 and rng.random() < 0.4,
    )


def _random_heir(rng: random.Random, parts: Sequence[Part]) -> tuple[Part, ...]:
    """One that continues one of these, where one saves and ends."""
    fitting = [part for part in parts if part.saves]
    if not fitting or rng.random() < 0.3:
        return ()
    of = rng.choice(fitting)
    wishes = rng.choice([(), (), ("resume",), ("pause", "activate"), ("delete",)])
    return (replace(of, name=f"heir-of-{of.name}", heir_of=of.name, wishes=wishes, steps=rng.randint(20, 40), crash=0),)


def _random_fault(rng: random.Random, parts: Sequence[Part]) -> Fault | None:
    room = rng.choice(["dispatcher", "dispatcher", "ingest", "supervisor", "supervisor", "runtime", "mirror"])
    label = rng.choice(sorted(steps.ROOMS[room]))
    fault = Fault(room, label, nth=rng.choice([1, 1, 1, 2]))
    needs = frozenset(steps.ROOMS[room][label].needs)
    fitting = [part for part in parts if needs <= part.traits]
    if not fitting:
        return None
    if room in ("supervisor", "runtime"):
        return fault._replace(job=rng.choice(fitting).name)
    return fault


def _varied(count: int | None = None) -> tuple[Part, ...]:
    """Jobs among which every trait of ``steps`` is held by one."""
    kinds = (
        Part("a", steps=300),
        Part("b", steps=ENDLESS, wishes=("cancel",), hiding=True),
        Part("c", exit_code=3, slots=2, hiding=True),
        Part("d", steps=ENDLESS, wishes=("kill",), listening=True),
        Part("e", listening=True, saves=4, far=True, wishes=("pause", "activate")),
        Part("f", saves=3, crash=8, retries=2, hiding=True),
        Part("g", saves=3, far=True, wishes=("resume", "delete")),
    )
    return kinds[:count]


def _each(room: str) -> tuple[Fault, ...]:
    """One dies at the first step, the next one, which knows it, at the next."""
    return tuple(Fault(room, label) for label in steps.ROOMS[room])


def _one_job_each(room: str, labels: Sequence[str] = ()) -> Story:
    """A step happens to a job of its own, so that all run beside each other."""
    parts, chosen = [], []
    for number, label in enumerate(labels or steps.ROOMS[room]):
        step = steps.ROOMS[room][label]
        part = Part(f"{room}-{number}", exit_code=3 * (number % 2), hiding="hiding" in step.needs or number % 3 == 0)
        if "long" in step.needs:
            part = replace(part, steps=50)
        if "listening" in step.needs:
            part = replace(part, listening=True)
        if {"stopped", "canceled", "killed"} & set(step.needs):
            verb = "kill" if "killed" in step.needs else "cancel"
            part = replace(part, steps=ENDLESS, wishes=(verb,), hiding=True)
        if "saving" in step.needs:
            part = replace(part, saves=4, retries=2, exit_code=0, far="far" in step.needs)
        parts.append(part)
        chosen.append(Fault(room, label, job=part.name))
    return Story(room, tuple(parts), tuple(chosen))


def _both() -> Story:
    """The supervisor dies and then the code, of which nobody can tell the end: what is known is said."""
    parts = tuple(Part(f"both-{number}", saves=3, retries=2 * (number % 2), hiding=number > 1) for number in range(4))
    chosen = []
    for number, part in enumerate(parts):
        chosen.append(Fault("supervisor", "a look", nth=2, job=part.name))
        chosen.append(Fault("runtime", "a point", nth=5 + 3 * number, job=part.name))
    return Story("supervisor and code", parts, tuple(chosen))


def _after_the_end() -> Story:
    """Resumed, continued, deleted, here and under a URL, and each time somebody dies at what is done for it."""
    parts: list[Part] = []
    for far in (False, True):
        name = "far" if far else "here"
        parts += (
            Part(name, saves=3, far=far, wishes=("resume", "resume", "delete")),
            Part(f"{name}-heir", steps=30, saves=4, far=far, heir_of=name, wishes=("pause", "resume")),
            Part(f"{name}-quiet", saves=3, far=far, wishes=("discard", "activate", "delete")),
            Part(f"{name}-gone", steps=ENDLESS, saves=3, far=far, wishes=("cancel", "delete"), hiding=True),
        )
    parts.append(Part("anew", wishes=("discard", "activate", "delete"), hiding=True))
    labels = {
        "dispatcher": (
            "before checkpoints are let go",
            "checkpoints let go, their files not yet",
            "a checkpoint's files removed",
            "a place removed",
            "before a claim is settled",
            "a claim settled",
            "before a deleted job is forgotten",
            "a deleted job forgotten",
            "a removal's folders struck off",
            "the attempt's row",
            "the wish to stop noted",
            "the end said",
        ),
        "ingest": ("a start noted", "a checkpoint noted", "points stored", "the last points"),
        "mirror": ("before a run is removed", "a run removed", "a removal's run struck off"),
    }
    chosen = [Fault(room, label) for room, some in labels.items() for label in some]
    chosen += [
        Fault("dispatcher", "a place removed", nth=2),
        Fault("dispatcher", "a checkpoint's files removed", nth=3),
    ]
    return Story("after the end", tuple(parts), tuple(chosen))


def _stopped() -> Iterator[Story]:
    """Suspended for longer than the lease; meanwhile another dispatcher, with a lock of its own, takes over."""
    for label in ("the attempt's row", "the order", "before the end's fact", "the wish to stop noted"):
        yield Story(f"stopped at {label}", _varied(4), (Fault("dispatcher", label, act=faults.STOP),), term=2.0)
    yield Story("stopped for the product's own lease", _varied(4), (Fault("dispatcher", "the order", act=faults.STOP),))
    # Not the first time: then there may be nothing yet but what supervisors say.
    for label in ("before points are stored", "inside the points' transaction", "points stored"):
        yield Story(f"stopped at {label}", _varied(2), (Fault("ingest", label, nth=4, act=faults.STOP),), term=2.0)
    others = (
        Fault("supervisor", "the claim", act=faults.STOP, job="a"),
        Fault("supervisor", "the code has ended", act=faults.STOP, job="c"),
        Fault("runtime", "a point", nth=3, act=faults.STOP, job="e"),
        Fault("mirror", "points sent", act=faults.STOP),
    )
    yield Story("stopped, the others", _varied(), others, term=2.0)


def _jumping() -> Iterator[Story]:
    """The clock jumps by a day, forwards and back; time limits go by what has passed."""
    limited = (Part("short", steps=10_000, timeout=2.0), Part("far", steps=80, timeout=600.0), *_varied(3))
    for first, second in ((_DAY, -2 * _DAY), (-_DAY, 2 * _DAY)):
        jumps = (
            Fault("dispatcher", "the fact that it runs", act=faults.JUMP, seconds=first),
            Fault("dispatcher", "a round", nth=12, act=faults.JUMP, seconds=second),
        )
        killed = Fault("dispatcher", "a round", nth=30)
        yield Story(f"a clock that jumps {'on' if first > 0 else 'back'}", limited, (*jumps, killed))
