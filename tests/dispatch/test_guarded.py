"""A fault in a backend's code is its own jobs' trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from jupyter_training.core.lifecycle import EndReason, JobState, Seen
from jupyter_training.core.resources import Pool
from jupyter_training.dispatch.guarded import Guarded
from jupyter_training.dispatch.tick import Ticker
from jupyter_training.errors import StoreFull, UnknownPlugin
from jupyter_training.seams.backend import AttemptRef, Backend, LaunchOrder, Observation, Standing
from jupyter_training.store import pools
from jupyter_training.testing.scripted_backend import Script, ScriptedBackend
from tests.dispatch.stage import Stage


class Faulty(ScriptedBackend):
    """Raises ``fault`` wherever it is told to."""

    raises: frozenset[str] = frozenset()
    fault: Exception = RuntimeError("a slip")

    def standings(self, pools: Sequence[Pool]) -> Mapping[str, Standing]:
        self._perhaps("standings")
        return super().standings(pools)

    def launch(self, order: LaunchOrder) -> str:
        self._perhaps("launch")
        handle = super().launch(order)
        self._perhaps("launched")
        return handle

    def observe(self, refs: Sequence[AttemptRef]) -> list[Observation]:
        self._perhaps("observe")
        return super().observe(refs)

    def _perhaps(self, where: str) -> None:
        if where in self.raises:
            raise self.fault


class Two(Stage):
    """A home with a pool of a faulty backend beside its own."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.faulty = Faulty(self.clock, lambda order: self.scripts.get(order.spec.name, Script()))
        pools.write(self.store, Pool("elsewhere", "faulty", 2, is_found=True), now=self.clock.now())
        guarded = Guarded("faulty", self.made)
        own: Backend = self.backend
        self.ticker = Ticker(self.settings, self.store, lambda name: guarded if name == "faulty" else own, self.clock)

    def made(self) -> Backend:
        if "make" in self.faulty.raises:
            raise UnknownPlugin("There is no backend 'faulty'; there is: local.")
        return self.faulty


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(tmp_path / "home")


def test_a_launch_that_certainly_did_not_begin_has_failed_and_others_go_on(two: Two) -> None:
    two.faulty.raises = frozenset({"launch"})
    bad, good = two.submit("bad", pool="elsewhere"), two.submit("good")
    two.settle()
    assert (JobState.FAILED, EndReason.LAUNCH_FAILED) == (two.job(bad).state, two.job(bad).reason)
    assert "RuntimeError: a slip" in (two.job(bad).detail or "")
    assert JobState.SUCCEEDED is two.job(good).state


def test_a_launch_that_may_have_begun_is_observed_and_not_begun_again(two: Two) -> None:
    two.faulty.raises = frozenset({"launched"})
    job = two.submit("bad", pool="elsewhere")
    two.settle()
    assert JobState.SUCCEEDED is two.job(job).state
    assert [1] == list(two.faulty.launches.values())


@pytest.mark.parametrize("where", ["observe", "standings"])
def test_what_can_not_be_observed_is_unknown_and_ends_when_it_can(two: Two, where: str) -> None:
    job, good = two.submit("bad", pool="elsewhere"), two.submit("good")
    two.tick()
    two.faulty.raises = frozenset({where})
    for _ in range(30):
        two.tick(1)
    assert JobState.SUCCEEDED is two.job(good).state
    if where == "observe":
        assert Seen.UNKNOWN is two.attempts(job)[-1].seen
    two.faulty.raises = frozenset()
    two.settle()
    assert JobState.SUCCEEDED is two.job(job).state


def test_a_backend_that_is_not_installed_any_more_fails_what_starts_and_nothing_else(two: Two) -> None:
    two.faulty.raises = frozenset({"make"})
    bad, good = two.submit("bad", pool="elsewhere"), two.submit("good")
    two.settle()
    assert "There is no backend 'faulty'" in (two.job(bad).detail or "")
    assert JobState.SUCCEEDED is two.job(good).state


def test_a_full_disk_is_no_fault_of_the_backend(two: Two) -> None:
    two.submit("a", pool="elsewhere")
    two.tick()
    two.faulty.fault, two.faulty.raises = StoreFull("There is no room."), frozenset({"observe"})
    with pytest.raises(StoreFull):
        two.tick(1)
