"""The clock is one object, so that tests and the simulator can own time."""

from __future__ import annotations

import time
from typing import Protocol

from jupyter_training.core.job import Instant

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    def now(self) -> Instant:
        """Wall time, seconds since the epoch, UTC. May jump."""

    def boot(self) -> float:
        """Seconds since boot, sleep included. Never jumps; used for leases and waits."""


class SystemClock:
    def now(self) -> Instant:
        return Instant(time.time())

    def boot(self) -> float:
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
