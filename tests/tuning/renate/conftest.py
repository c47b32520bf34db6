from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.places import fresh_home
from tests.tuning.renate.place import Place


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with fresh_home() as found:
        yield found


@pytest.fixture
def place(home: Path, tmp_path: Path) -> Iterator[Place]:
    found = Place(home, tmp_path)
    yield found
    found.client.close()
