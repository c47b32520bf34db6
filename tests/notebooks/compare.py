"""Run notebooks and compare what they show with what they saved: `python -m tests.notebooks.compare NOTEBOOK...`

nbval does the comparing. JUPYTER_TRAINING_PLAIN leaves times, ids and rates out of
the outputs, so that they are equal each time; the home is new, and empty afterwards.
A notebook with `sagemaker` in its name finds an account: that of the double in `tests/sagemaker_double`.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.kernel.living import REPOSITORY, emptied, variables
from tests.sagemaker.within import account


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
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        more = stack.enter_context(account(folder / "double")) if any("sagemaker" in one for one in notebooks) else {}
        home = stack.enter_context(emptied(folder / "home"))
        environment = variables(home, JUPYTER_TRAINING_URL="home", JUPYTER_TRAINING_PLAIN="1", **more)
        return subprocess.run([*command, *notebooks], env=environment, cwd=REPOSITORY, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
