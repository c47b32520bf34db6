from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.boot import containers
from tests.boot.containers import Container
from tests.sagemaker_double.fixture import double, double_process  # noqa: F401


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Callable[..., Container]]:
    """Builds containers, and ends what a failed test has left of them."""
    made: list[Container] = []

    def build(code: str = "", *, root: str = "ml", **options: Any) -> Container:
        made.append(containers.container(tmp_path / root, code, **options))
        return made[-1]

    yield build
    for one in made:
        one.kill_all()
