"""Five hundred stories, each law able to fail, and the same schedule from the same seed."""

from __future__ import annotations

import dataclasses
import gc
import itertools
import multiprocessing
import os
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.policy import ActiveAttempt, QueuedJob, QueueView, priority
from jupyter_training.core.policy.caps import Caps
from jupyter_training.core.policy.room import Room
from jupyter_training.core.policy.victims import Candidates
from tests.dispatch.simulation.draw import story
from tests.dispatch.simulation.laws import Broken
from tests.dispatch.simulation.play import play
from tests.dispatch.simulation.stores import Stores

SEEDS = 500
BLOCK = 25


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    with Stores() as made:
        yield made


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    """Each plays the stories of a block; the machine's cores share them."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=min(4, os.cpu_count() or 1), mp_context=context) as pool:
        yield pool


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_law_holds_in_five_hundred_stories(processes: ProcessPoolExecutor) -> None:
    faults = list(itertools.chain.from_iterable(processes.map(faults_of, range(0, SEEDS, BLOCK))))
    assert [] == faults, "play one again: make simulate ARGS='--seed N'"


def test_the_same_seed_gives_the_same_schedule(stores: Stores) -> None:
    schedules = []
    for _ in range(2):
        with stores.fresh() as store:
            schedules.append(play(story(33), store).schedule)
    assert schedules[0] == schedules[1]


def always(*_: object) -> bool:
    return True


def never(*_: object) -> bool:
    return False


def nobody_is_better(*_: object) -> int:
    return 1


def anybody(attempt: ActiveAttempt, stopping: Collection[JobId]) -> bool:
    return attempt.needs_room and not attempt.is_stopping and attempt.job not in stopping


class Backwards(Candidates):
    """Looks for victims among those that stand before the newcomer, too."""

    def take_for(self, job: QueuedJob) -> list[ActiveAttempt]:
        return super().take_for(dataclasses.replace(job, priority=0))


# What a planner would do that has forgotten a rule, and the law by which that is seen.
SABOTAGE: dict[str, tuple[object, str, object]] = {
    "never over capacity": (Room, "fits_now", always),
    "no device twice": (QueueView, "free_devices", lambda view, pool: set(pool.devices)),
    "head of line": (priority, "aged", nobody_is_better),
    "max_slots": (Caps, "is_full", never),
    "preemption": (priority, "may_make_room", anybody),
    "a victim never stood before": (priority, "Candidates", Backwards),
}


# The first story in which each was seen, as it takes long to come upon it; a change of the draws may move it.
SEEN_IN = {"no device twice": 81, "head of line": 9, "max_slots": 9}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("law", SABOTAGE)
def test_a_law_fails_where_the_planner_breaks_it(law: str, stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, crooked = SABOTAGE[law]
    monkeypatch.setattr(where, name, crooked)
    begin = SEEN_IN.get(law, 1)
    for seed in range(begin, begin + 400, 2):
        try:
            with stores.fresh() as store:
                play(story(seed), store)
        except Broken as fault:
            if str(fault).startswith(law):
                return
    pytest.fail(f"nobody saw that {law!r} was broken")


def faults_of(first: int) -> list[str]:
    """The faults of a block of stories, as a process of its own finds them."""
    gc.disable()
    faults = []
    with Stores() as stores:
        for seed in range(first, first + BLOCK):
            try:
                with stores.fresh() as store:
                    play(story(seed), store)
            except Exception as error:
                faults.append(f"seed {seed}: {type(error).__name__}: {error}")
        gc.collect()
    return faults
