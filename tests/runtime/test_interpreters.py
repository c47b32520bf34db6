"""The job side runs in whatever interpreter the person has, from Python 3.9 on."""

from __future__ import annotations

import os
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from jupyter_training import runtime, supervisor
from jupyter_training.spool import layout
from tests.runtime.attempts import attempt_in

CODE = """
import multiprocessing
from jupyter_training import checkpoint, output, params, report, should_stop
lr = 0.1
def work(x): return x * lr
async def three(): return 3
print(await three(), should_stop(), params.lr, output("x").name)
with multiprocessing.get_context("spawn").Pool(1) as pool:
    print(pool.map(work, [2]))
checkpoint.save({"a": b"b", 1: (2, 3)}, step=1)
print(checkpoint.due(), checkpoint.latest().load(), list(checkpoint.steps(2)))
report(loss=1, step=2)
raise ValueError("bad")
"""


def interpreter(version: str) -> str:
    """The program itself, as what is on the path may be a script that chooses one."""
    found = shutil.which(f"python{version}")
    if found is not None:
        words = [found, "-c", "import sys; print(sys.executable)"]
        answer = subprocess.run(words, capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            return answer.stdout.strip()
    pytest.skip(f"there is no Python {version}")


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_a_cell_runs_under_a_supervisor_of_the_same_interpreter(tmp_path: Path, version: str) -> None:
    python = interpreter(version)
    one = attempt_in(
        tmp_path,
        textwrap.dedent(CODE),
        kind="cell",
        shown_as="cell [1] of a.ipynb",
        params={"lr": 0.5},
        env={"PATH": os.environ["PATH"]},
    )
    argv = runtime.command(python, str(one.library), str(one.folder))
    layout.write_json(layout.order_file(one.folder), {**one.order, "argv": argv})
    words = supervisor.command(python, str(one.library), str(one.folder))
    answer = subprocess.run(words, env={}, capture_output=True, text=True, check=False)
    assert (0, "") == (answer.returncode, answer.stderr)
    assert "3 False 0.5 x\n[1.0]\nFalse {'a': b'b', 1: (2, 3)} [2]\nTraceback (most recent call last):\n" in one.log
    assert [(2, {"loss": 1})] == one.points()
    assert (1, "ValueError") == (one.exit["exit_code"], one.end["error"]["type"])
