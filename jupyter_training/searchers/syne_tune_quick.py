"""Asha's parts of Syne Tune that go through all trials each time, made to cost the same at the ten-thousandth.

Each decides what the original decides; a test compares them. A search is led
through its whole record after a restart, so what grows with the square of its
length is felt there.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Any

__all__ = ["quick_rungs", "random_proposals"]


class _Rungs:
    """A bracket of one metric. Syne Tune sorts all that reached a rung anew for each report there."""

    def __init__(self, bracket: Any) -> None:
        self.rf = bracket.rf
        self.rungs = [(milestone, set[int]()) for milestone, _ in bracket.rungs]  # the highest first
        self._sorted: list[list[float]] = [[] for _ in self.rungs]

    def on_result(self, trial_id: int, cur_iter: int, metrics: dict[str, float]) -> str:
        for (milestone, reached), values in zip(self.rungs, self._sorted, strict=True):
            if cur_iter < milestone or trial_id in reached:
                continue
            (value,) = metrics.values()
            insort(values, value)
            reached.add(trial_id)
            is_first = len(values) == 1
            return "STOP" if not is_first and bisect_left(values, value) / len(values) > 1 / self.rf else "CONTINUE"
        return "CONTINUE"


def quick_rungs(scheduler: Any) -> Any:
    """The same asha, before it has begun, with rungs that are kept sorted."""
    scheduler.brackets = [_Rungs(bracket) for bracket in scheduler.brackets]
    return scheduler


def random_proposals() -> Any:
    """What proposes for plain asha. Syne Tune's own tells all trials to a new random searcher for each proposal."""
    from syne_tune.optimizer.schedulers.searchers.last_value_multi_fidelity_searcher import (
        LastValueMultiFidelitySearcher,
    )
    from syne_tune.optimizer.schedulers.searchers.random_searcher import RandomSearcher

    class RandomProposals(LastValueMultiFidelitySearcher):  # type: ignore[misc]
        searcher: Any

        def fit_model(self) -> None:
            if self.searcher is None:
                self.searcher = RandomSearcher(self.config_space, random_seed=0)

        def on_trial_result(self, trial_id: int, config: Any, metric: float, resource_level: int | None = None) -> None:
            self.trial_results[trial_id] = metric  # how many trials have reported is all that is asked of it

        on_trial_complete = on_trial_result

    return RandomProposals
