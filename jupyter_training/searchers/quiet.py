"""The libraries leave no trace of theirs in our process: no environment, no log handler, no line, no randomness."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Randomness", "importing", "silence"]

_LOUD = ("syne_tune", "optuna")


@contextmanager
def importing() -> Iterator[None]:
    """Around the import of a library: what it does to the process besides is undone.

    Syne Tune sets OMP_NUM_THREADS for the whole process, which the trials would
    inherit, and puts a handler on the root logger.
    """
    threads, root = os.environ.get("OMP_NUM_THREADS"), logging.getLogger()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    handlers, level = list(root.handlers), root.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            if threads is None:
                os.environ.pop("OMP_NUM_THREADS", None)
            else:
                os.environ["OMP_NUM_THREADS"] = threads
            root.handlers[:] = handlers
            root.setLevel(level)
            for name in _LOUD:
                logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def silence() -> Iterator[None]:
    """Around a call: its warnings, also those of what it calls, are for the library's authors.

    Some of its lines go to the root logger, which we can't tell from others'
    by name: they are kept back by where they come from.
    """
    root = logging.getLogger()
    root.addFilter(_not_theirs)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.removeFilter(_not_theirs)


def _not_theirs(record: logging.LogRecord) -> bool:
    return not any(f"{os.sep}{name}{os.sep}" in record.pathname for name in _LOUD)


class Randomness:
    """Numpy's shared generator, as one searcher sees it: seeded for it, untouched for everybody else.

    Syne Tune draws most values from ``numpy.random`` itself and leaves its own
    seed unused there; without this, equal seeds would give unequal searches.
    The generators are exchanged, as copying a state there and back takes a
    thousand times as long and was most of what a report cost.
    """

    def __init__(self, seed: int) -> None:
        import numpy as np

        self._numpy: Any = np.random
        own: Any = np.random.MT19937()
        own.state = np.random.RandomState(seed % 2**32).get_state(legacy=False)
        self._own = own

    @contextmanager
    def ours(self) -> Iterator[None]:
        others = self._numpy.get_bit_generator()
        self._numpy.set_bit_generator(self._own)
        try:
            yield
        finally:
            self._numpy.set_bit_generator(others)
