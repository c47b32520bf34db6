"""The short form of ``make torture``: ten stories, each victim alone and all together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.torture.story import Stand, Story, check, play

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # the record is read with mlflow, which warns of its own internals
]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    stand = Stand(tmp_path_factory.mktemp("torture") / "home")
    yield stand
    stand.close()


@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_killed_the_training_ends_true(stand: Stand, seed: int) -> None:
    story = Story.of(seed)
    check(stand, story, *play(stand, story))
