"""The best so far of a search, report by report. The record only grows, so each of its lines is read once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

from jupyter_training.core.experiment import Experiment
from jupyter_training.core.ids import JobId
from jupyter_training.services.site import Site
from jupyter_training.store import experiment_listing

__all__ = ["best_so_far"]

_SEARCHES = 500  # whose curves are kept
_STEPS = 1_000  # of one curve that are shown; the best stay

Steps = tuple[tuple[int, float], ...]


@dataclass
class _Curve:
    """``read``: the number of the last line; ``judged``: reports so far."""

    read: int = 0
    judged: int = 0
    steps: list[tuple[int, float]] = field(default_factory=list)


_turn = Lock()
_kept: WeakKeyDictionary[Site, OrderedDict[JobId, _Curve]] = WeakKeyDictionary()


def best_so_far(site: Site, listed: Sequence[Experiment]) -> dict[JobId, Steps]:
    """Each improvement of the first metric as (reports judged before it, value)."""
    found: dict[JobId, Steps] = {}
    with _turn:
        kept = _kept.setdefault(site, OrderedDict())
        for one in listed:
            curve = kept.setdefault(one.id, _Curve())
            kept.move_to_end(one.id)
            _read_on(site, one, curve)
            found[one.id] = tuple(curve.steps[-_STEPS:])
        while len(kept) > _SEARCHES:
            kept.popitem(last=False)
    return found


def _read_on(site: Site, experiment: Experiment, curve: _Curve) -> None:
    objective = experiment.spec.objective
    for n, value in experiment_listing.told_values(site.store, experiment.id, objective.metric, after=curve.read):
        curve.read = n
        best = curve.steps[-1][1] if curve.steps else None
        if value is not None and objective.is_better(value, best):
            curve.steps.append((curve.judged, value))
        curve.judged += 1
