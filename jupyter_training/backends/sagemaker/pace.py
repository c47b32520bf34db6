"""How fast and how patient the backend is. Spans are seconds, rates calls a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Pace"]


@dataclass(frozen=True)
class Pace:
    """The rates are what AWS allows an account, or less, as other programs of the account ask too."""

    poll: float = 5.0  # between looks at all training jobs
    lists: float = 2.0
    creates: float = 1.0
    describes: float = 5.0
    stops: float = 2.0
    logs: float = 10.0
    finds: float = 4.0  # of log streams
    quotas: float = 4.0
    silent: float = 60.0  # without an answer to a look, what runs is seen as unknown
    unlisted: float = 30.0  # a training job that is in no list for so long is looked at by itself
    missing_for: float = 60.0  # so long AWS has to say that it has no such job until that is believed
    stop_again: float = 60.0  # after a stop was taken, if the job goes on
    drain: float = 30.0  # without a new line after its end, a log is complete
    drain_unended: float = 90.0  # the same where the container's own last word is missing; twice that where all is
    look_for_streams: float = 5.0
    read_idle: float = 3.0  # between readings of a stream that has nothing new
    look_again: float = 300.0  # after a refusal for a quota, until it is asked anew
    quota_known: float = 600.0  # for so long an answer of Service Quotas counts
    quota_within: float = 10.0  # so long nothing is started for want of that answer
    capacity: tuple[float, ...] = (60.0, 120.0, 300.0, 600.0)
    no_credentials: float = 10.0  # until they are looked for again
    first_wait: float = 1.0  # after a first failure
    longest_wait: float = 60.0
    fetch_limit: int = 500_000_000  # bytes of a result that is copied here

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Pace:
        """The pace that the settings' ``[sagemaker]`` table says: ``poll_every`` and ``fetch_limit``."""
        poll = max(0.5, float(said.get("poll_every", cls.poll)))
        return cls(poll=poll, fetch_limit=int(said.get("fetch_limit", cls.fetch_limit)))
