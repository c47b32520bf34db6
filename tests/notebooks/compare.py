"""Run notebooks and compare what they show with what they saved: `python -m tests.notebooks.compare NOTEBOOK...`

nbval does the comparing. JUPYTER_TRAINING_PLAIN leaves times, ids and rates out of
the outputs, so that they are equal each time; the home is new, and empty afterwards.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.kernel.living import REPOSITORY, emptied, variables


def main(notebooks: list[str]) -> int:
    # Warnings of a notebook's libraries are the notebook's; nbval's own are not ours to mend.
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "-W",
        "default",
        "-p",
        "no:cacheprovider",
    ]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, emptied(Path(folder) / "home") as home:
        environment = variables(home, JUPYTER_TRAINING_URL="home", JUPYTER_TRAINING_PLAIN="1")
        return subprocess.run([*command, *notebooks], env=environment, cwd=REPOSITORY, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
