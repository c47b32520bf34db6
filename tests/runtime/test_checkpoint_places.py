"""Where checkpoints lie: under a URL, beside an attempt of old, and without any job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.runtime.attempts import attempt_in
from tests.runtime.counting import COUNTS, counting, truncate

# -- under a URL -----------------------------------------------------------------------------------------------------


def test_under_a_url_they_are_copied_there_and_fetched_back(tmp_path: Path) -> None:
    job = counting(tmp_path)
    job.checkpoints["to"] = f"file://{tmp_path}/bucket/"
    job.attempt().run()
    assert [] == job.names
    bucket = tmp_path / "bucket" / "job"
    assert ["step-000000005.1", "step-000000010.1"] == sorted(os.listdir(bucket))
    assert [f"file://{bucket}/step-000000010.1", f"file://{bucket}/step-000000005.1"] == [
        one["place"] for one in job.candidates()
    ]
    truncate(bucket / "step-000000010.1")
    assert "10\n" == job.attempt().run().stdout
    assert [None, 5] == job.starts()
    (bucket / "step-000000010.2" / "manifest.json").unlink()
    assert "10\n" == job.attempt().run().stdout
    assert [["x", "step-000000010.2", "it is missing"]] == job.attempts[2].events("x")


def test_where_the_url_can_not_be_written_it_stays_here_and_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    job = counting(tmp_path)
    job.checkpoints["to"] = f"file://{tmp_path}/file"
    answer = job.attempt().run()
    assert "10\n" == answer.stdout
    assert "The checkpoint step-000000005.1 is kept in" in answer.stderr
    assert [None, None] == [one["place"] for one in job.candidates()]
    assert "10\n" == job.attempt().run().stdout
    assert [None, 10] == job.starts()


def test_where_the_url_can_not_be_read_no_older_one_is_taken(tmp_path: Path) -> None:
    job = counting(tmp_path)
    job.checkpoints["to"] = f"file://{tmp_path}/bucket"
    job.attempt().run()
    one = job.attempt()
    order = json.loads((one.folder / "order.json").read_text())
    order["checkpoints"]["candidates"][0]["place"] = "nowhere://bucket/a"
    (one.folder / "order.json").write_text(json.dumps(order))
    answer = one.run()
    assert (1, True) == (
        answer.returncode,
        "NotRestored: The checkpoint step-000000010.1 can't be fetched from nowhere://bucket/a" in answer.stderr,
    )


# -- without an order's words, and without a job -------------------------------------------------------------------


def test_an_order_of_old_has_its_checkpoints_beside_the_attempt(tmp_path: Path) -> None:
    one = attempt_in(tmp_path, f"LAST = 5\n{COUNTS}")
    assert "5\n" == one.run().stdout
    assert ["step-000000005.1"] == os.listdir(one.folder / "checkpoints")


def test_the_same_script_runs_by_hand(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(f"LAST = 10\n{COUNTS}\nfrom jupyter_training import test_mode\nprint(test_mode)")
    words = [sys.executable, "train.py"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
    first, second = (
        subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        for _ in range(2)
    )
    assert ("10\nFalse\n", f"jupyter_training: this is no job; checkpoints are kept in {tmp_path}/checkpoints.\n") == (
        first.stdout,
        first.stderr,
    )
    assert ["step-000000005.0", "step-000000010.0"] == sorted(os.listdir(tmp_path / "checkpoints"))
    assert "10\nFalse\n" == second.stdout
    assert "this is no job; it goes on from step 10" in second.stderr
