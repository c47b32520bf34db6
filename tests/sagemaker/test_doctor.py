"""``doctor --backend``: what it asks for, and its ten jobs, against the double."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_training.cli.live import PROOFS
from jupyter_training.cli.main import main
from tests.kernel.living import emptied, variables


def test_options_of_a_job_go_with_a_backend(account: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["doctor", "--instance", "ml.m5.large"])
    assert "jupyter training doctor --backend sagemaker" in capsys.readouterr().err
    assert 2 == main(["doctor", "--backend", "sagemkr"])
    assert "There is no backend 'sagemkr'" in capsys.readouterr().err


def test_this_machine_needs_nothing_beyond_its_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["doctor", "--home", str(tmp_path), "--backend", "local"])
    assert "need nothing beyond this home" in capsys.readouterr().out


def test_without_credentials_that_is_the_one_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], account: None
) -> None:
    assert 3 == main(["doctor", "--home", str(tmp_path), "--backend", "sagemaker", "--option", "volme=3"])
    assert "fail  options" in capsys.readouterr().out


def test_the_ten_jobs_are_agreed_to_before_they_cost(
    tmp_path: Path, account: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 10 == len(PROOFS)
    words = ["doctor", "--home", str(tmp_path), "--backend", "sagemaker", "--live"]
    assert 2 == main(words)
    shown = capsys.readouterr().err
    assert "10 jobs would run on ml.m5.large: about" in shown
    assert "--yes" in shown
    assert 2 == main([*words, "--only", "entri"])
    assert "Did you mean 'entry'?" in capsys.readouterr().err


@pytest.mark.processes
def test_they_prove_what_they_say_and_leave_nothing(tmp_path: Path) -> None:
    """Two of them, as the ten take two minutes; by hand all of them: see ``within``."""
    with emptied(tmp_path / "home") as home:
        doctor = ["doctor", "--home", str(home), "--backend", "sagemaker", "--live", "--yes", "--json"]
        told = subprocess.run(
            [sys.executable, "-m", "tests.sagemaker.within", sys.executable, "-m", "jupyter_training.cli", *doctor,
             "--only", "stop,error"],
            env=variables(home), capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip
        assert 0 == told.returncode, told.stdout + told.stderr
        found = {one["name"]: one for one in json.loads(told.stdout)["proofs"]}
        assert {"stop": "ok", "error": "ok"} == {name: one["result"] for name, one in found.items()}
        assert "FailureReason: AlgorithmError: ValueError: as it was meant to" in found["error"]["seen"]
        left = subprocess.run(
            [sys.executable, "-m", "jupyter_training.cli", "jobs", "--home", str(home), "--json"],
            env=variables(home), capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert [] == json.loads(left.stdout)["jobs"]
