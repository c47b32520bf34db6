"""One nursery of mirrors for the room: importing mlflow takes seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tracking.nursery import Nursery
from tests.tracking.stage import Stage


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One home for all who need no other, as making MLflow's database takes seconds; each test has jobs of its own."""
    stage = Stage(tmp_path_factory.mktemp("home"))
    yield stage
    stage.close()
