"""Plain IPython in a terminal: lines instead of redrawn outputs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.living import emptied, variables

pytestmark = pytest.mark.processes

SCRIPT = """
%load_ext jupyter_training
%%train lines --wait
from jupyter_training import report
for step in range(3):
    report(step=step, loss=1 / (step + 1))

%train list
"""


@pytest.mark.parametrize("plain", [False, True])
def test_a_terminal_gets_lines_and_the_last_one_tells_the_end(tmp_path: Path, plain: bool) -> None:
    with emptied(tmp_path / "home") as home:
        cells = SCRIPT.strip().split("\n", 1)
        second, third = cells[1].split("\n\n")
        runs = "\n".join(f"shell.run_cell({cell!r})" for cell in (cells[0], second + "\n", third))
        code = (
            f"from IPython.core.interactiveshell import InteractiveShell\nshell = InteractiveShell.instance()\n{runs}\n"
        )
        environment = variables(home, JUPYTER_TRAINING_URL="home", **({"JUPYTER_TRAINING_PLAIN": "1"} if plain else {}))
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=90
        )
        assert 0 == done.returncode, done.stderr
        lines = done.stdout.splitlines()
        if plain:
            assert ["lines succeeded   loss", "state        name   metrics", "✓ succeeded  lines  loss"] == lines
        else:
            ends = [line for line in lines if line.startswith("lines · ") and "succeeded" in line]
            assert 1 == len(ends)
            assert "loss 0.333" in ends[0]
            assert "<" not in done.stdout
