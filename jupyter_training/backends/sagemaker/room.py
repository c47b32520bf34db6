"""How many machines a pool has at AWS, as far as it is known, and when it is asked anew. Pure: the time is an argument.

What is known comes from three sides: Service Quotas, where the caller may ask
there; a refusal, which tells the quota, its limit and how much of it the whole
account uses; and machines that could not be had although the quota allows them.
After a refusal nothing more is tried than what fits, until some time has passed:
then one job may find out, and as long as it succeeds, one more each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jupyter_training.backends.sagemaker.answers import Refusal
from jupyter_training.backends.sagemaker.budget import step_of
from jupyter_training.backends.sagemaker.pace import Pace
from jupyter_training.seams.backend import Standing

__all__ = ["SOON", "May", "Room"]

May = Literal["yes", "no", "wait"]

SOON = 5.0  # seconds until an attempt that can't be given back asks again for room
_AHEAD = 20  # slots beyond what runs where nobody knows the quota: the first refusal tells it
_DOUBLED = 4  # times that the wait after refusals doubles


@dataclass
class _Wait:
    """Since a refusal: not before ``until``, boot time, and then for ``asked`` machines more."""

    until: float
    asked: int
    count: int


class Room:
    """What one pool has. ``used`` is always the machines of our own that AWS has given to this pool's jobs now."""

    def __init__(self, instance: str, pace: Pace) -> None:
        self._instance = instance
        self._pace = pace
        self._quota: str | None = None
        self._limit: int | None = None  # of the account, as it was told last
        self._told: tuple[str, int] | None = None  # by Service Quotas; a refusal may know of another quota, or number
        self._fits: int | None = None  # of our machines, at most; None: nobody knows
        self._refused: _Wait | None = None
        self._scarce: _Wait | None = None
        self._scarce_words = ""

    def told(self, quota: str, limit: int) -> None:
        """Service Quotas says what the account may have."""
        if (quota, limit) != self._told:
            self._told = (quota, limit)
            self._quota, self._limit, self._fits = quota, limit, limit
            self._refused = None

    def refused(self, refusal: Refusal | None, asked: int, used: int, now: float) -> None:
        """A job of ``asked`` machines was refused for a quota. None: with words that can't be read."""
        count = (self._refused.count if self._refused is not None else 0) + 1
        if refusal is None:
            self._fits = used
        else:
            self._quota, self._limit = refusal.quota, refusal.limit
            self._fits = used + max(0, refusal.limit - refusal.used)
            asked = max(asked, refusal.asked)
        wait = self._pace.look_again * 2 ** min(count - 1, _DOUBLED)
        self._refused = _Wait(now + wait, asked, count)

    def scarce(self, asked: int, now: float, words: str) -> None:
        """AWS had no machine for a job."""
        count = (self._scarce.count if self._scarce is not None else 0) + 1
        self._scarce = _Wait(now + step_of(self._pace.capacity, count), asked, count)
        self._scarce_words = words

    def placed(self) -> None:
        """A job has got its machines."""
        self._scarce = None

    def may_try(self, asked: int, used: int, asking: int, now: float) -> May:
        """Whether a job of so many machines may be asked for. ``asking``: machines of which AWS has not said yet.

        What is known to fit is asked for at once; to find out more, one asks and the others wait for its answer.
        """
        if self._fits is not None and self._scarce is None and used + asking + asked <= self._fits:
            return "yes"
        most = self._most(used, now)
        if most is not None and used + asked > most:
            return "no"
        return "wait" if asking else "yes"

    def standing(self, used: int, now: float) -> Standing:
        """What the pool has, and why not more."""
        most = self._most(used, now)
        return Standing(used + _AHEAD if most is None else most, self._remark(now))

    def _most(self, used: int, now: float) -> int | None:
        most = self._fits
        if most is not None and self._refused is not None and now >= self._refused.until:
            most = max(most, used + self._refused.asked)
        if self._scarce is not None:
            probed = used if now < self._scarce.until else used + self._scarce.asked
            most = probed if most is None else min(most, probed)
        return most

    def _remark(self, now: float) -> str | None:
        if self._scarce is not None:
            # Nothing that counts down: each new sentence is a change of the pool for everybody who looks at it.
            wait = step_of(self._pace.capacity, self._scarce.count)
            again = "it is being tried again" if now >= self._scarce.until else f"it is tried again after {_span(wait)}"
            return f"AWS has no {self._instance} to spare now; {again}. {self._scarce_words}".rstrip()
        if self._limit is None or self._quota is None:
            return None
        return (
            f"AWS allows {self._limit} at once (quota {self._quota!r});"
            " ask for more in the AWS console: Service Quotas, Amazon SageMaker."
        )


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
