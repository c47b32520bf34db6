"""One home, opened: its settings, its store and a clock."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import Instant
from jupyter_training.core.resources import Pool
from jupyter_training.dispatch import ensure
from jupyter_training.settings import Settings
from jupyter_training.store import pools, views
from jupyter_training.store.engine import Store

__all__ = ["Site"]


@dataclass(eq=False)
class Site:
    """What every use case works on. Safe to share between threads."""

    settings: Settings
    store: Store
    clock: Callable[[], float] = time.time
    rng: random.Random = field(default_factory=random.SystemRandom)

    @classmethod
    def open(cls, settings: Settings) -> Site:
        """Open the home, making it where it is not there yet.

        Raises:
            Unavailable: the store can't be used; the sentence says why.
        """
        for folder in (settings.home, settings.blobs, settings.logs, settings.run_folder):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError:
                break  # read-only: the store says so better, and reading still works
        site = cls(settings, Store.open(settings))
        if not site.store.read_only:
            site._ensure_local_pool()
        return site

    def now(self) -> Instant:
        return Instant(self.clock())

    def new_id(self) -> JobId:
        return new_job_id(self.rng)

    def ensure_dispatcher(self) -> None:
        """See that somebody acts on the wishes of this store. Cheap when somebody does."""
        ensure.ensure_dispatcher(self.settings)

    def wake(self) -> None:
        """Shorten the dispatcher's wait; nothing is lost when nobody hears it."""
        ensure.wake(self.settings)

    def _ensure_local_pool(self) -> None:
        """See that this machine's pool exists, with the slots of the settings or one per CPU."""
        slots = self.settings.local_slots
        known = views.pools(self.store).get("local")
        if known is not None and (slots is None or slots == known.slots):
            return
        if slots is None:
            slots = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
        pool = Pool("local", "local", slots, is_default=known is None, is_found=True)
        pools.write(self.store, pool if known is None else replace(known, slots=slots), now=self.now())

    def close(self) -> None:
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
