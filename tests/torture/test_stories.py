"""The short form of ``make torture``."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture import notebook_story
from tests.torture.confined import is_possible, play_confined
from tests.torture.plan import Story, full_disk, short
from tests.torture.stand import play, template
from tests.torture.steps import ROOMS, Step
from tests.torture.truth import check

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # the record is read with mlflow, which warns of its own internals
]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with template(tmp_path_factory.mktemp("torture")) as home:
        yield home


@pytest.mark.timeout(300)
@pytest.mark.parametrize("story", list(short()), ids=lambda story: story.name)
def test_whoever_dies_at_whatever_step_nothing_is_lost(story: Story, empty: Path, tmp_path: Path) -> None:
    with play(tmp_path, story, empty=empty) as played:
        check(played)


@pytest.mark.skipif(not is_possible(), reason="this machine gives no mount namespaces")
def test_on_a_full_disk_nothing_is_lost(empty: Path, tmp_path: Path) -> None:
    play_confined(tmp_path, list(full_disk())[1], empty=empty)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[notebook_story.Stand]:
    stand = notebook_story.Stand(tmp_path_factory.mktemp("torture") / "home")
    yield stand
    stand.close()


@pytest.mark.parametrize("seed", [0, 5])
def test_whatever_of_a_notebook_is_killed_the_training_ends_true(stand: notebook_story.Stand, seed: int) -> None:
    story = notebook_story.Story.of(seed)
    notebook_story.check(stand, story, *notebook_story.play(stand, story))


@pytest.mark.parametrize(
    "step", [step for steps in ROOMS.values() for step in steps.values()], ids=lambda step: step.place
)
def test_every_labelled_step_is_there(step: Step) -> None:
    module, _, place = step.place.partition(":")
    owner = importlib.import_module(module)
    for name in place.split("."):
        owner = getattr(owner, name)
    assert callable(owner)
