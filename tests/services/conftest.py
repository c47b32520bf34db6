"""What the tests of services share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from tests.services.stage import Stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A home whose wishes nobody acts on but the test."""
    with Site.open(Settings(home=tmp_path / "home", local_slots=2)) as site:
        monkeypatch.setattr(site, "ensure_dispatcher", lambda: None)
        yield Stage(site)
