"""One browser for all, one JupyterLab for each module, a fresh page for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.ui.lab import Lab, Seen, chromium, lab, page_of
from tests.ui.seeing import picture


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A module's JupyterLab; a module may say its home's settings as ``SETTINGS``."""
    with lab(tmp_path_factory.mktemp("lab"), settings=getattr(request.module, "SETTINGS", "")) as running:
        yield running


@pytest.fixture
def seen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Seen]:
    """A page whose last picture is kept, and in which our code raised nothing. Its parameter is the zoom."""
    with page_of(browser, zoom=getattr(request, "param", 1.0)) as seen:
        yield seen
        picture(seen.page, f"last-{request.node.name}")
        assert [] == [one for one in seen.complaints if "jupyter-training" in one]
