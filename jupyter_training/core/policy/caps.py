"""How many slots the jobs of an experiment may hold at once, where somebody said so."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_training.core.policy.nouns import QueuedJob
from jupyter_training.core.policy.view import QueueView

__all__ = ["Caps"]


class Caps:
    """What experiments hold in all pools, with what a plan gives them and keeps for them."""

    def __init__(self, view: QueueView) -> None:
        self._view = view
        self._given: dict[str, int] = {}

    def used(self, group: str) -> int:
        return self._view.slots_of(group) + self._given.get(group, 0)

    def is_full(self, job: QueuedJob) -> bool:
        """Whether the job would be one too many for its experiment."""
        return job.max_slots is not None and self.used(job.group) + job.slots > job.max_slots

    def count(self, job: QueuedJob) -> None:
        if job.max_slots is not None:
            self._given[job.group] = self._given.get(job.group, 0) + job.slots

    def keep(self, slots: Mapping[str, int]) -> None:
        """What experiments may still take where a plan has been before is not given to them elsewhere."""
        for group, count in slots.items():
            self._given[group] = self._given.get(group, 0) + count

    def held(self) -> dict[str, int]:
        """What each experiment holds once this plan is acted on."""
        return {group: self.used(group) for group in {*self._view.groups(), *self._given}}
