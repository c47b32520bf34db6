"""What is planned for one pool, as it grows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_training.core.job import Instant
from jupyter_training.core.policy.blocked import Share, Wait
from jupyter_training.core.policy.nouns import Start, Stop

__all__ = ["PoolPlan"]


@dataclass
class PoolPlan:
    """The decisions of a policy, and what it says to those that wait."""

    starts: list[Start] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)  # those that keep others waiting, in order
    shares: Mapping[str, Share] | None = None  # by group, where the policy is fair share
    kept: Mapping[str, int] = field(default_factory=dict)  # of experiments with a limit: not used of their shares
    wake: Instant | None = None  # when waiting alone changes the order
