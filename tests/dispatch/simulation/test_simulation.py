"""Five hundred stories, each law able to fail, and the same schedule from the same seed."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

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
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    with Stores() as made:
        yield made


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_law_holds_in_five_hundred_stories() -> None:
    """Each process plays its part, so that the machine's cores share them."""
    parts = min(4, os.cpu_count() or 1)
    share = SEEDS // parts
    words = [sys.executable, "-m", "tests.dispatch.simulation", "--seeds", str(share), "--first"]
    children = [
        subprocess.Popen([*words, str(share * part)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for part in range(parts)
    ]
    told = [child.communicate()[0] for child in children]
    assert [0] * parts == [child.returncode for child in children], "\n".join(told)


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
