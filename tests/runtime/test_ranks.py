"""Where a launcher starts the code several times, one process speaks for the attempt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.attempts import attempt_in

CODE = (
    "from jupyter_training import checkpoint, report\n"
    "found = checkpoint.latest()\nreport(loss=1.0, step=1)\nprint(report.lost)\n"
)


@pytest.mark.parametrize(
    ("launcher", "rank", "speaks"), [("torchrun", "0", True), ("torchrun", "1", False), ("plain", "1", True)]
)
def test_rank_0_speaks(tmp_path: Path, launcher: str, rank: str, speaks: bool) -> None:
    attempt = attempt_in(tmp_path, CODE, launcher=launcher)
    answer = attempt.run(RANK=rank)
    assert (0, "0\n") == (answer.returncode, answer.stdout)
    assert ([(1, {"loss": 1.0})] if speaks else []) == attempt.points()
    assert ([[None, None]] if speaks else []) == [event[1:] for event in attempt.events("r")]
    assert speaks == (attempt.record("end.json") is not None)


def test_the_first_error_is_the_end(tmp_path: Path) -> None:
    attempt = attempt_in(tmp_path, "import os\nraise ValueError(os.environ['RANK'])", launcher="torchrun")
    for rank in ("2", "0"):
        assert 1 == attempt.run(RANK=rank).returncode
    assert "2" == attempt.end["error"]["message"]


def test_an_error_replaces_an_end_without_one(tmp_path: Path) -> None:
    attempt = attempt_in(
        tmp_path, "import os\nif os.environ['RANK'] == '1': raise ValueError('late')", launcher="torchrun"
    )
    for rank in ("0", "1"):
        attempt.run(RANK=rank)
    assert "late" == attempt.end["error"]["message"]
