"""A real home for each file of tests, with a job that succeeded and one that failed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.cli.main import main
from tests.cli.commands.speaking import BAD, GOOD, LONG, Run, process
from tests.client.places import fresh_home


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with fresh_home() as found:
        yield found


@pytest.fixture(autouse=True)
def surroundings(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JUPYTER_TRAINING_URL", "JUPYTER_TRAINING_TOKEN", "MLFLOW_TRACKING_URI", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_TRAINING_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    for name, source in (("good", GOOD), ("bad", BAD), ("long", LONG)):
        (tmp_path / f"{name}.py").write_text(source)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process; gives its exit code, output and errors."""

    def command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


@pytest.fixture(scope="module")
def ended(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Ids of a job that succeeded and of one that failed."""
    folder = tmp_path_factory.mktemp("ended")
    found = {}
    for name, source, code in (("good", GOOD, 0), ("bad", BAD, 1)):
        (folder / f"{name}.py").write_text(source)
        done = process(home, "submit", f"{name}.py", "lr=0.1", "--wait", "--json", folder=folder)
        assert code == done.returncode, done.stderr
        found[name] = json.loads(done.stdout)["id"]
    return found
