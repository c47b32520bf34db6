"""What Service Quotas says that an account may have of each instance type for training."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_training.backends.sagemaker.answers import Kind
from jupyter_training.backends.sagemaker.region import Failed, Region
from jupyter_training.seams.clock import Clock

__all__ = ["Quotas", "quota_name"]

_SERVICE = "sagemaker"
_WILL_STAY = (Kind.DENIED, Kind.REFUSED, Kind.MISSING)
_FORGOTTEN = 60.0  # seconds after which nobody asks for a quota any more
_NOBODY = 1.0  # seconds until it is looked again whether a quota is wanted


def quota_name(instance: str, *, spot: bool) -> str:
    """The name of the quota that counts a type's instances in training jobs."""
    return f"{instance} for {'spot ' if spot else ''}training job usage"


@dataclass
class _Wanted:
    """Boot times: since when it is asked for, and when it was asked for last."""

    since: float
    last: float = 0.0


class Quotas:
    """Of one region and profile. ``limits``: what was told, by the quota's name."""

    def __init__(self, region: Region, clock: Clock) -> None:
        self._region = region
        self._clock = clock
        self.limits: dict[str, int] = {}
        self._wanted: dict[str, _Wanted] = {}
        self._page: dict[str, str] = {}
        self._left: set[str] = set()
        self._heard = float("-inf")  # when it was asked for all of them
        self._known: set[str] = set()  # of those that were wanted then
        self._failed = False
        self._tries = 0

    def want(self, name: str) -> None:
        """Have it looked up, now and again from time to time as long as this is called."""
        now = self._clock.boot()
        self._wanted.setdefault(name, _Wanted(now)).last = now

    def may_come(self, name: str) -> bool:
        """Whether it is worth waiting for an answer: it was asked for a moment ago, and there was none yet."""
        wanted = self._wanted.get(name)
        if wanted is None or name in self._known or self._failed:
            return False
        return self._clock.boot() - wanted.since < self._region.pace.quota_within

    def turn(self) -> float:
        """One page of the list, if it is time for one. Seconds until the next turn."""
        now = self._clock.boot()
        for name in [name for name, one in list(self._wanted.items()) if now - one.last > _FORGOTTEN]:
            del self._wanted[name]
        if not self._wanted:
            self._page = {}
            return _NOBODY
        if not self._page and self._known >= set(self._wanted) and now - self._heard < self._region.pace.quota_known:
            return min(_NOBODY, self._region.pace.quota_known)
        wait = self._region.wait("quotas", "quotas")
        if wait > 0:
            return wait
        if not self._page:
            self._left = set(self._wanted)
        try:
            answer = self._region.call(
                *("quotas", "quotas", "list_service_quotas", "servicequotas:ListServiceQuotas"),
                ServiceCode=_SERVICE,
                **self._page,
            )
        except Failed as failed:
            self._tries += 1
            self._failed, self._page = True, {}
            wait = self._region.patience(failed.answer, self._tries)
            return max(self._region.pace.look_again, wait) if failed.answer.kind in _WILL_STAY else wait
        for one in answer.get("Quotas", ()):
            if one.get("QuotaName") in self._left:
                self._left.discard(one["QuotaName"])
                self.limits[one["QuotaName"]] = int(one.get("Value", 0))
        more = answer.get("NextToken")
        if more and self._left:
            self._page = {"NextToken": more}
            return 0.0
        self._page, self._heard, self._failed, self._tries = {}, now, False, 0
        self._known = set(self._wanted)
        return _NOBODY
