"""One home, opened: its settings, its store and a clock."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import Instant
from jupyter_training.core.resources import LOCAL, Capacity
from jupyter_training.dispatch import ensure
from jupyter_training.errors import TrainingError
from jupyter_training.languages.pools import at_start
from jupyter_training.seams import registry
from jupyter_training.seams.backend import Backend
from jupyter_training.seams.clock import SystemClock
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
            InvalidSpec: a mistake in the pools of the settings.
        """
        for folder in (settings.home, settings.blobs, settings.logs, settings.run_folder):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError:
                break  # read-only: the store says so better, and reading still works
        site = cls(settings, Store.open(settings))
        if not site.store.read_only:
            try:
                site._make_pools()
            except TrainingError:
                site.close()
                raise
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

    def follow_machine(self) -> None:
        """Let the pools follow what this machine has; a server does so when it starts, as a dispatcher does.

        Where several machines share a store, the dispatcher's is meant, and only it looks.

        Raises:
            InvalidSpec: a mistake in the settings' pools.
        """
        if not self.store.read_only and self.store.jobs.path is not None:
            self._set_pools(self.capacity(LOCAL))

    def capacity(self, backend: str) -> Capacity | None:
        """What the backend says that there is, looked up now; None where only people can tell.

        Raises:
            UnknownPlugin: there is no such backend.
        """
        engine: Backend = registry.load("backends", backend)(self.settings, SystemClock())
        return engine.capacity()

    def _make_pools(self) -> None:
        """See that this machine's pool and those of the settings are there, as the settings say.

        Each short command comes here too, so the machine is looked at only where something is new.
        """
        if at_start(views.pools(self.store), self.settings.pools, self.settings.local_slots, None):
            self._set_pools(self.capacity(LOCAL))

    def _set_pools(self, capacity: Capacity | None) -> None:
        named, slots = self.settings.pools, self.settings.local_slots
        for given in named.values():
            registry.load("backends", str(given.get("backend", LOCAL)))
        pools.change(self.store, lambda known: at_start(known, named, slots, capacity), now=self.now())

    def close(self) -> None:
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
