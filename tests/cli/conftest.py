"""Commands in this process, and a home for them on whose wishes nobody acts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_training.cli.main import main
from jupyter_training.dispatch import ensure
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from tests.services.stage import Stage

Run = Callable[..., tuple[int, str, str]]  # words in; exit code, output and errors out


@pytest.fixture
def slots() -> int:
    """Of the pool ``local``."""
    return 2


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No command touches the home of who runs the tests."""
    monkeypatch.setenv("JUPYTER_TRAINING_HOME", str(tmp_path / "home"))


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slots: int) -> Iterator[Stage]:
    """The home that commands speak to; no dispatcher acts on it."""
    home = tmp_path / "home"
    for name in ("JUPYTER_TRAINING_URL", "JUPYTER_TRAINING_TOKEN", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ensure, "ensure_dispatcher", lambda settings: None)
    with Site.open(Settings(home=home, local_slots=slots)) as site:
        yield Stage(site)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command
