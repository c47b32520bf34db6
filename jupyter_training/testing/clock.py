"""A clock that stands until somebody moves it."""

from __future__ import annotations

from jupyter_training.core.job import Instant

__all__ = ["VirtualClock"]


class VirtualClock:
    """Wall and boot time that move together by ``advance``; ``jump`` moves the wall time alone."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now
        self._boot = 1_000.0

    def now(self) -> Instant:
        return Instant(self._now)

    def boot(self) -> float:
        return self._boot

    def advance(self, seconds: float) -> None:
        self._now += seconds
        self._boot += seconds

    def jump(self, seconds: float) -> None:
        """What a corrected system clock does: wall time moves, boot time does not."""
        self._now += seconds
