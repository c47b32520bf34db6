"""The short form of what ``make torture`` does to searches."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.search_plan import SearchStory, random_story, short
from tests.torture.search_story import Undisturbed, play

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize("story", list(short()), ids=lambda story: story.name)
def test_wherever_its_driver_dies_or_sleeps_the_search_is_the_undisturbed_one(
    story: SearchStory, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    assert play(tmp_path, story, undisturbed) >= len(story.faults)


@pytest.mark.parametrize("seed", range(5))
def test_whoever_of_a_search_is_killed_it_ends_as_if_nobody_was(
    seed: int, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    play(tmp_path, random_story(seed), undisturbed)
