"""How long jobs take, told from those that came before them, and drawn for one possible course of events.

What a job will need is not a number but a spread, on two levels. The trials of a
sweep are alike, and one sweep is not like the next: so each *kin* (the jobs of
an experiment, or of a name and a person) has a middle of its own, and its jobs
lie around it. In logarithms, as durations have a heavy tail:

    middle of a kin       by its own ended jobs, and by how the middles of other
                          kins of that name lie; those of its jobs that still run
                          have taken at least so long
    a job around it       as ended jobs lie around the middles of their kins,
                          given that it has run so long already

Each run of a forecast draws a middle for each kin and keeps to it: a sweep takes
long as a whole or not at all. Tried and refused: draws from all ended jobs of the
name, each for itself. Their errors average out in a queue, where in truth they
add up; three of ten ranges held what came then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, inf, log, sqrt
from statistics import NormalDist, fmean, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

__all__ = ["NEWEST", "Draws", "Earlier", "Kin", "Known", "kin_of", "saves_after"]

NEWEST = 50  # ended jobs of a kin that count
_ENOUGH = 5  # of a notebook's or a person's, from which others of the name do not count
_KINS = 30  # other kins that count

_AROUND = 0.5  # deviation of a job from its kin's middle, where nothing tells it
_BETWEEN = 1.0  # the same of kins' middles
_LEAST = 0.3  # kins differ at least so much
_PRESUMED = 4  # jobs that lie around by ``_AROUND`` at most, beside those that ended: two that differ don't tell much
_UNSURE = 3.0  # by how much at most the spread may be another one than that of few ended jobs
_LONGEST = 1e9  # seconds
_BEYOND = 0.7  # how much longer one takes that has outlasted all that is known
_HEEDLESS = 0.25  # of attempts that have a checkpoint and don't look whether they shall stop
_MIDDLES = 40  # drawn for each kin, to choose from
_SHAPE = 8  # ended jobs from which they tell the shape of the spread, too
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Earlier:
    """A job that succeeded: the seconds of its work, and those of work before its first checkpoint, if it had one."""

    seconds: float
    user: str
    notebook: str | None = None
    experiment: str | None = None
    saved_after: float | None = None


@dataclass(frozen=True)
class Kin:
    """Jobs that are alike. ``own``: seconds of those that ended; ``others``: the same of other kins of the name."""

    key: str
    own: tuple[float, ...] = ()
    others: tuple[tuple[float, ...], ...] = ()

    @property
    def is_known(self) -> bool:
        return bool(self.own or self.others)


@dataclass(frozen=True)
class Known:
    """What is known of one job.

    ``done``: seconds of work behind it, which it need not do again; ``left``: the range that its progress tells;
    ``restore``: seconds that going on from a checkpoint costs; ``keeps``: it has a checkpoint, so being stopped
    costs it nothing else; ``saves_after``: seconds of work after which it will have one, None = never.
    """

    kin: Kin = Kin("")
    done: float = 0.0
    left: tuple[float, float] | None = None
    restore: float = 0.0
    keeps: bool = False
    saves_after: float | None = None


def kin_of(
    earlier: Sequence[Earlier], *, name: str, user: str, notebook: str | None, experiment: str | None
) -> tuple[Kin, tuple[Earlier, ...]]:
    """The kin of a job of this name, person, notebook and experiment; and the ended jobs that tell most of it.

    ``earlier``: those of the same name, newest first.
    """
    by_experiment: dict[str, list[Earlier]] = {}
    alone = []
    for one in earlier:
        if one.experiment is None:
            alone.append(one)
        else:
            by_experiment.setdefault(one.experiment, []).append(one)
    if experiment is not None:
        own = by_experiment.pop(experiment, [])[:NEWEST]
        others = [_seconds(one[:NEWEST]) for one in list(by_experiment.values())[:_KINS]]
        others += [_seconds(alone[:NEWEST])] if alone else []
        return Kin(experiment, _seconds(own), tuple(others)), tuple(own or earlier[:NEWEST])
    near = [one for one in alone if notebook is not None and (one.notebook, one.user) == (notebook, user)]
    mine = [one for one in alone if one.user == user]
    found = next((some for some in (near, mine) if len(some) >= _ENOUGH), alone) or list(earlier)
    found = found[:NEWEST]
    return Kin(f"{name} {user} {notebook}", _seconds(found)), tuple(found)


def saves_after(earlier: Sequence[Earlier]) -> float | None:
    """When a job writes its first checkpoint, by what most of its like did; None: most wrote none."""
    moments = [inf if one.saved_after is None else one.saved_after for one in earlier]
    found = median(moments) if moments else inf
    return found if found < inf else None


def _seconds(earlier: Iterable[Earlier]) -> tuple[float, ...]:
    return tuple(max(0.001, one.seconds) for one in earlier)


@dataclass(frozen=True)
class _Spread:
    """What is drawn of a kin before any run: middles with their deviations, how likely each is, and the shape."""

    middles: tuple[tuple[float, float], ...]
    weights: tuple[float, ...]
    shape: tuple[float, ...]  # how ended jobs lie around their middles, in deviations; empty: not known


class Draws:
    """Draws durations for the runs of one forecast; ``begin`` starts a run."""

    def __init__(self, known: Iterable[Known], rng: Random) -> None:
        self._rng = rng
        running: dict[Kin, list[float]] = {}
        for one in known:
            if one.kin.is_known:
                running.setdefault(one.kin, [])
                if one.done > 0 and one.left is None:
                    running[one.kin].append(log(one.done))
        self._spreads = {kin: _spread(kin, least, rng) for kin, least in running.items()}
        self._middles: dict[Kin, tuple[float, float]] = {}

    def begin(self) -> None:
        """Choose the middles of the next run."""
        self._middles = {
            kin: self._rng.choices(found.middles, weights=found.weights)[0] for kin, found in self._spreads.items()
        }

    def left(self, known: Known) -> float:
        """The seconds of work that a job still has before it; infinite where nothing is known."""
        if known.left is not None:
            return self._rng.uniform(*known.left)
        found = self._middles.get(known.kin)
        if found is None:
            return inf
        middle, deviation = found
        if deviation <= 0 and _exp(middle) > known.done:
            return _exp(middle) - known.done
        if deviation <= 0:
            return known.done * self._rng.lognormvariate(0.0, _BEYOND)
        least = (log(known.done) - middle) / deviation if known.done > 0 else -inf
        return max(0.0, _exp(middle + deviation * self._around(known.kin, least)) - known.done)

    def leaving(self, save: float) -> float:
        """Seconds from the request to make room: it saves at its next step; or it heeds nothing and ends at once."""
        return 0.0 if self._rng.random() < _HEEDLESS else save * self._rng.uniform(0.9, 1.3)

    def _around(self, kin: Kin, least: float) -> float:
        """Where a job lies around its kin's middle, in deviations, if it is at least so far above."""
        rng = self._rng
        shape = [one for one in self._spreads[kin].shape if one > least]
        if shape:
            return rng.choice(shape)
        if least > 5:
            return least + rng.expovariate(least)
        below = _NORMAL.cdf(least) if least > -inf else 0.0
        return _NORMAL.inv_cdf(min(1 - 1e-12, max(1e-12, rng.uniform(below, 1.0))))


def _spread(kin: Kin, running: Sequence[float], rng: Random) -> _Spread:
    """``running``: logarithms of the seconds that jobs of the kin have taken and still take."""
    own = [log(value) for value in kin.own]
    others = [[log(value) for value in values] for values in kin.others]
    around, freedom, rests = _deviation([own, *others])
    mean, between = _prior([fmean(values) for values in others])
    middles = []
    weights = []
    for _ in range(_MIDDLES):
        unsure = sqrt(freedom / max(1e-9, rng.gammavariate(freedom / 2, 2.0))) if freedom else 1.0
        deviation = around * min(_UNSURE, unsure)
        middle = _middle(own, deviation, mean, between, rng)
        middles.append((middle, deviation))
        weights.append(sum(_log_survival(least, middle, deviation) for least in running))
    best = max(weights)
    shape = tuple(rest / around for rest in rests) if len(rests) >= _SHAPE and around > 0 else ()
    return _Spread(tuple(middles), tuple(exp(max(-700.0, weight - best)) for weight in weights), shape)


def _deviation(groups: Sequence[Sequence[float]]) -> tuple[float, int, list[float]]:
    """How far jobs lie from their kin's middle, by how many jobs more than middles that is told, and the distances."""
    several = [values for values in groups if len(values) > 1]
    freedom = sum(len(values) - 1 for values in several)
    if not freedom:
        return _AROUND, 0, []
    rests = [value - fmean(values) for values in several for value in values]
    total = sum(rest * rest for rest in rests)
    presumed = _PRESUMED * min(_AROUND**2, total / freedom)
    return sqrt((total + presumed) / (freedom + _PRESUMED)), freedom + _PRESUMED, rests


def _prior(middles: Sequence[float]) -> tuple[float, float]:
    """Where the middle of a kin lies by those of others: the mean and its deviation, infinite without any."""
    if not middles:
        return 0.0, inf
    mean = fmean(middles)
    count = len(middles)
    if count == 1:
        return mean, _BETWEEN
    spread = sqrt((sum((one - mean) ** 2 for one in middles) + _BETWEEN**2) / count)  # as if one more had been seen
    return mean, max(_LEAST, spread) * sqrt(1 + 1 / count)


def _middle(own: Sequence[float], deviation: float, mean: float, between: float, rng: Random) -> float:
    """A middle as it may be by the kin's own ended jobs and by other kins."""
    if not own:
        return rng.gauss(mean, between)
    if deviation <= 0:
        return fmean(own)
    precision = len(own) / deviation**2
    prior = 0.0 if between == inf else 1 / between**2
    return rng.gauss(
        (fmean(own) * precision + mean * prior) / (precision + prior),
        1 / sqrt(precision + prior),
    )


def _log_survival(least: float, middle: float, deviation: float) -> float:
    """The logarithm of how likely a job of that middle takes at least so long."""
    if deviation <= 0:
        return 0.0 if least <= middle else -50.0
    above = (least - middle) / deviation
    if above > 6:
        return -above * above / 2 - log(above * 2.5066)
    return log(max(1e-300, 1 - _NORMAL.cdf(above)))


def _exp(value: float) -> float:
    return exp(min(value, log(_LONGEST)))
