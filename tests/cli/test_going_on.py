"""``resume``, ``fork`` and ``continue`` with ``--wait``, on a living home: they leave as the job does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.cli.main import main
from tests.client.places import fresh_home

pytestmark = pytest.mark.processes

Run = Callable[..., tuple[int, str, str]]

# Three steps more at each start; fails in its first one if it is told to.
COUNTS = """
import sys
from jupyter_training import checkpoint
for step in checkpoint.steps(3):
    assert "--fail" not in sys.argv, "no such luck"
    checkpoint.save({"step": step}, step=step)
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with fresh_home() as found:
        yield found


@pytest.fixture
def run(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process; gives its exit code, output and errors."""
    for name in ("JUPYTER_TRAINING_URL", "JUPYTER_TRAINING_TOKEN", "MLFLOW_TRACKING_URI", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_TRAINING_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "counts.py").write_text(COUNTS)

    def command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def view(told: tuple[int, str, str]) -> dict[str, Any]:
    code, out, err = told
    assert 0 == code, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_with_wait_they_stay_to_the_end_and_leave_with_its_code(run: Run) -> None:
    first = view(run("submit", "counts.py", "--wait", "--json"))
    code, out, err = run("resume", first["id"], "--wait")
    assert (0, f"counts {first['id'][:6]} goes on from step 3, as attempt 2.\n") == (code, err)
    assert "succeeded  counts" in out.splitlines()[-1]
    more = view(run("continue", first["id"], "--wait", "--json"))
    assert ("succeeded", 6, 9) == (more["state"], more["parent"]["step"], more["checkpoint"]["step"])
    code, out, err = run("fork", first["id"], "fail=true", "--name", "unlucky", "--wait")
    assert (1, True) == (code, "failed  unlucky" in out.splitlines()[-1])
    assert "no such luck" in err
