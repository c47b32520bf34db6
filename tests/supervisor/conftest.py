from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.attempts import Attempt, attempt_in


@pytest.fixture
def attempt(tmp_path: Path) -> Iterator[Callable[..., Attempt]]:
    """Builds attempts, and ends what a failed test has left of them."""
    made: list[Attempt] = []

    def build(code: str, **options: Any) -> Attempt:
        made.append(attempt_in(tmp_path, code, job=f"job{len(made)}", **options))
        return made[-1]

    yield build
    for one in made:
        one.kill_all()
