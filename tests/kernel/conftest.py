from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.services.site import Site
from tests.kernel.shells import Cells


@pytest.fixture
def cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cells]:
    """A shell in an empty folder, with a home of its own and no dispatcher: what is submitted waits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_TRAINING_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setattr(Site, "ensure_dispatcher", lambda _: None)
    cells = Cells()
    yield cells
    cells.close()
