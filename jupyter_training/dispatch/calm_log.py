"""The dispatcher's log says what lasts once a minute, not ten times a second: a disk may be full just then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

__all__ = ["Calm"]

_AGAIN_AFTER = 60.0  # seconds
_REMEMBERED = 100  # sentences


class Calm(logging.Filter):
    """Leaves a sentence out that was said within the last minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        sentence, now = record.getMessage(), self._clock()
        last = self._said.get(sentence)
        if last is not None and now - last < _AGAIN_AFTER:
            return False
        if len(self._said) >= _REMEMBERED:
            self._said.clear()
        self._said[sentence] = now
        return True
