"""What the record of a search comes to: the best so far, report by report, the last values of each trial, its ends.

The record only grows, so each of its lines is read once. A long one that nobody
has looked at yet is read a part at each look, unless all of it is asked for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

from jupyter_training.core.experiment import Experiment
from jupyter_training.core.ids import JobId
from jupyter_training.core.stop_rule import Concluded
from jupyter_training.services.site import Site
from jupyter_training.store import experiment_listing

__all__ = ["Gone", "gone_through"]

_SEARCHES = 500  # that are kept
_STEPS = 1_000  # of one curve that are shown; the best stay
_AT_ONCE = 20_000  # lines that one look reads of all records together, where not all is asked for


@dataclass
class Gone:
    """A record as far as it was gone through. ``last``: of the trials of a search with several metrics."""

    read: int = 0  # the number of the last line
    whole: int = 0  # the last line of the record as it was when all of it had been read
    judged: int = 0
    looked: int = 0  # the last line that was looked at for ends
    ends: list[Concluded] = field(default_factory=list)
    steps: list[tuple[int, float]] = field(default_factory=list)
    last: dict[int, tuple[float | None, ...]] = field(default_factory=dict)
    turn: Lock = field(default_factory=Lock)

    @property
    def curve(self) -> tuple[tuple[int, float], ...]:
        """Each improvement of the first metric as (reports judged before it, value), and how it stands at the last."""
        steps = self.steps[-_STEPS:]
        if steps and steps[-1][0] < self.judged - 1:
            steps.append((self.judged - 1, steps[-1][1]))
        return tuple(steps)


_turn = Lock()
_kept: WeakKeyDictionary[Site, OrderedDict[JobId, Gone]] = WeakKeyDictionary()


def gone_through(site: Site, listed: Sequence[Experiment], *, whole: bool = False) -> dict[JobId, Gone]:
    """What these records come to. ``whole``: however long they are."""
    found: dict[JobId, Gone] = {}
    with _turn:
        kept = _kept.setdefault(site, OrderedDict())
        for one in listed:
            found[one.id] = kept.setdefault(one.id, Gone())
            kept.move_to_end(one.id)
        while len(kept) > max(_SEARCHES, len(listed)):
            kept.popitem(last=False)
    left = None if whole else _AT_ONCE
    last = experiment_listing.last_lines(site.store, [one.id for one in listed])
    news = [one for one in listed if last.get(one.id, 0) > found[one.id].whole]
    for one in sorted(news, key=lambda one: one.state.is_final):  # what goes on is looked at most
        with found[one.id].turn:
            _look_for_ends(site, one, found[one.id], last[one.id])
            read = _read_on(site, one, found[one.id], left)
            if left is None or read < left:
                found[one.id].whole = last[one.id]
        left = None if left is None else left - read
        if left == 0:
            break
    return found


def _look_for_ends(site: Site, one: Experiment, gone: Gone, until: int) -> None:
    gone.ends += experiment_listing.ends(site.store, one.id, after=gone.looked, until=until)
    gone.looked = max(gone.looked, until)


def _read_on(site: Site, experiment: Experiment, gone: Gone, most: int | None) -> int:
    """Read the lines that are new, at most so many; how many they were."""
    objective = experiment.spec.objective
    lines = experiment_listing.told_values(site.store, experiment.id, after=gone.read, limit=most)
    for n, trial, values in lines:
        gone.read = n
        best = gone.steps[-1][1] if gone.steps else None
        if values[0] is not None and objective.is_better(values[0], best):
            gone.steps.append((gone.judged, values[0]))
        gone.judged += 1
        if objective.is_multiple:
            gone.last[trial] = values
    return len(lines)
