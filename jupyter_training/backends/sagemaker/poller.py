"""One look at all training jobs of ours in a region, some seconds apart, for however many attempts.

ListTrainingJobs gives a hundred a call with both statuses; one whose line has
changed is then described by itself. Two such calls a second are all that an
account gets, for everybody in it.

The newest come first, also those that have ended. An old job may lie behind
thousands of them, so that a look goes on only as long as it finds something, or
while too many are left to be described by themselves, as those are that are in
no list.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

from jupyter_training.backends.sagemaker.names import OURS
from jupyter_training.backends.sagemaker.region import Failed, Region
from jupyter_training.seams.clock import Clock

__all__ = ["Listed", "Poller"]

Listed = tuple[str, str, float]  # status, secondary status, time of the last change

_PAGE = 100
_MARGIN = 3600.0  # seconds by which AWS's clock and ours may differ
_NOBODY = 1.0  # seconds until it is looked again whether there is something to look for


class Poller:
    """Of one region and profile. ``heard``: the boot time of the last answer; ``fault``: why there is none now."""

    def __init__(self, region: Region, clock: Clock, wanted: Callable[[], dict[str, float]]) -> None:
        """``wanted`` gives the names to look for, each with the time at which its attempt was begun."""
        self._region = region
        self._clock = clock
        self._wanted = wanted
        self._page: dict[str, object] | None = None  # of a look that goes on: what its next call adds
        self._left: set[str] = set()
        self._tries = 0
        self.heard = clock.boot()
        self.fault: str | None = None

    def turn(self, tell: Callable[[dict[str, Listed]], None]) -> float:
        """One call, if it is time for one; then the seconds until the next turn. ``tell`` gets what was found."""
        wanted = self._wanted()
        if not wanted:
            self._page, self.heard = None, self._clock.boot()
            return _NOBODY
        wait = self._region.wait("list", "poller")
        if wait > 0:
            return wait
        if self._page is None:
            self._left = set(wanted)
        request = self._page or {"CreationTimeAfter": _since(wanted.values())}
        try:
            answer = self._region.call(
                *("list", "sagemaker", "list_training_jobs", "sagemaker:ListTrainingJobs"),
                NameContains=OURS,
                SortBy="CreationTime",
                SortOrder="Descending",
                MaxResults=_PAGE,
                **request,
            )
        except Failed as failed:
            self._tries += 1
            self._page = None
            self.fault = failed.answer.sentence
            return max(self._region.pace.poll, self._region.patience(failed.answer, self._tries))
        self._tries, self.fault, self.heard = 0, None, self._clock.boot()
        found = {one["TrainingJobName"]: _listed(one) for one in answer.get("TrainingJobSummaries", ())}
        found = {name: line for name, line in found.items() if name in wanted}
        tell(found)
        self._left -= set(found)
        more = answer.get("NextToken")
        if more and self._left and (found or len(self._left) > self._few):
            self._page = {**request, "NextToken": more}
            return 0.0
        self._page = None
        return self._region.jittered(self._region.pace.poll)

    @property
    def _few(self) -> float:
        """So many can be described by themselves, with room for as many others."""
        pace = self._region.pace
        return pace.describes * pace.unlisted / 2


def _since(times: Iterable[float]) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(min(times) - _MARGIN), dt.UTC)


def _listed(one: dict[str, object]) -> Listed:
    changed = one.get("LastModifiedTime")
    at = changed.timestamp() if isinstance(changed, dt.datetime) else 0.0
    return (str(one.get("TrainingJobStatus", "")), str(one.get("SecondaryStatus", "")), at)
