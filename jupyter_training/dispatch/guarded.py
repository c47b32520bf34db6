"""A backend whose own faults are its own jobs' trouble, and never the dispatcher's, nor other backends' jobs'.

Backends are plug-ins: one may be gone, or have a fault in its code. That is
logged, and taken for what the seam has a word for. Nothing is given up that may
run: what was to be observed is UNKNOWN, and a launch has failed only where the
attempt certainly never begins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from jupyter_training.core.lifecycle import AttemptState, Seen, StopHow
from jupyter_training.core.resources import Capacity, Pool
from jupyter_training.errors import LaunchFailed, StoreBusy, StoreFull, TrainingError
from jupyter_training.seams.backend import AttemptRef, Backend, LaunchOrder, Observation, Standing

__all__ = ["Guarded"]

log = logging.getLogger(__name__)

Found = TypeVar("Found")


class Guarded:
    """The backend of that name, made by ``make`` when it is first needed.

    What the disk or the store can't take now passes, as it is tried again.
    """

    def __init__(self, name: str, make: Callable[[], Backend]) -> None:
        self.name = name
        self._make = make
        self._made: Backend | None = None

    def capacity(self) -> Capacity | None:
        return self._or(None, lambda: self._own().capacity())

    def standings(self, pools: Sequence[Pool]) -> Mapping[str, Standing]:
        return self._or({}, lambda: self._own().standings(pools))

    def launch(self, order: LaunchOrder) -> str:
        try:
            return self._own().launch(order)
        except TrainingError:
            raise
        except Exception as fault:  # noqa: BLE001 (the edge to a plug-in)
            self._note(fault)
            if not self.void(order.ref):
                return ""  # it may have begun: what became of it is observed
            raise LaunchFailed(
                f"the backend {self.name!r} has a fault of its own ({type(fault).__name__}: {fault}).",
                hint="dispatcher.log in the home's logs has more.",
            ) from None

    def observe(self, refs: Sequence[AttemptRef]) -> list[Observation]:
        silence = [Observation(ref, Seen.UNKNOWN, AttemptState.RUNNING) for ref in refs]
        return self._or(silence, lambda: self._own().observe(refs))

    def stop(self, ref: AttemptRef, how: StopHow, grace: float) -> None:
        self._or(None, lambda: self._own().stop(ref, how, grace))

    def void(self, ref: AttemptRef) -> bool:
        return self._or(False, lambda: self._own().void(ref))

    def close(self) -> None:
        if self._made is not None:
            self._made.close()

    def _own(self) -> Backend:
        if self._made is None:
            self._made = self._make()
        return self._made

    def _or(self, otherwise: Found, call: Callable[[], Found]) -> Found:
        try:
            return call()
        except (StoreBusy, StoreFull):
            raise
        except Exception as fault:  # noqa: BLE001 (the edge to a plug-in)
            self._note(fault)
            return otherwise

    def _note(self, fault: Exception) -> None:
        log.error("the backend %r has a fault: %s: %s", self.name, type(fault).__name__, fault, exc_info=fault)
