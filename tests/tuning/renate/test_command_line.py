"""The same from a shell. Of the reference's acceptance tests: 23."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.living import variables
from tests.tuning.renate.place import Place

pytestmark = pytest.mark.processes


def typed(home: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jupyter_training.cli", *words],
        cwd=folder,
        env=variables(home),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_one_training_gives_the_same_end_and_the_same_files(home: Path, place: Place) -> None:
    """Test 23: test 1 from the command line, with Renate's own spelling of the options."""
    words = [
        "learning_rate=0.25",
        "--metric",
        "val_accuracy",
        "--mode",
        "max",
        "--searcher",
        "asha",
        "--max-trials",
        "9",
    ]
    words += ["--config_file", "renate_config.py", "--max_epochs", "5", "--output_state_url", "typed", "--wait"]
    done = typed(home, place.folder, "experiment", "create", *words)
    assert 0 == done.returncode, done.stderr
    assert "exactly one configuration, so these are ignored: scheduler" in done.stderr
    handle = place.tune({"learning_rate": 0.25}, scheduler="asha", output_state_url="called").wait(timeout=60)
    assert "succeeded" == handle.state
    assert set(os.listdir(place.folder / "called")) == set(os.listdir(place.folder / "typed"))
    for name in ("model.ckpt", "hpo.csv"):
        assert (place.folder / "called" / name).read_bytes() == (place.folder / "typed" / name).read_bytes()


def test_a_search_leaves_the_best_state_and_its_json(home: Path, place: Place) -> None:
    words = ["learning_rate=uniform(0.05,0.3)", "--metric", "val_accuracy", "--mode", "max", "--max-trials", "2"]
    words += ["--config-file", "renate_config.py", "--max-epochs", "2", "--output-state-url", "out", "--wait", "--json"]
    done = typed(home, place.folder, "submit", *words)
    assert 0 == done.returncode, done.stderr
    assert "succeeded" == json.loads(done.stdout)["state"]
    assert {"0", "1"} == {row["trial_id"] for row in place.history("out")}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--updater", "RD", "train.py"], "--updater goes with --config-file"),
        (["--config-file", "renate_config.py", "train.py"], "A config file takes no script."),
        (["--config-file", "renate_config.py"], "A config file needs a --metric."),
        (["--config-file", "renate_config.py", "--metric", "a,b", "--mode", "min"], "reports no 'a,b'"),
        (["--config-file", "renate_config.py", "--metric", "a", "--mode", "best"], "'best' is not one of min, max"),
        (["--config-file", "x.py", "--metric", "a", "--mode", "min"], "There is no file 'x.py'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(
    home: Path, place: Place, words: list[str], expected: str
) -> None:
    done = typed(home, place.folder, "submit", *words)
    assert 2 == done.returncode
    assert expected in done.stderr
