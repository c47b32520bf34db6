"""How tests speak to the commands of a real home, and the scripts that they submit."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.kernel.living import variables

__all__ = ["BAD", "GOOD", "LONG", "Run", "asked", "fresh", "process", "words_of"]

_number = itertools.count()

GOOD = """
import sys
from jupyter_training import report, output
print(*sys.argv[1:])
for step in range(3):
    report(step=step, loss=1 / (step + 1))
with open(output("a.txt"), "w") as out:
    out.write("hello")
"""
BAD = "def inner():\n    raise ValueError('no such luck')\n\n\nprint('before')\ninner()\n"
LONG = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"


Run = Callable[..., Any]


def words_of(*words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("jupyter-training")), *words]


def process(home: Path, *words: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a process of its own."""
    environment = variables(home, **more)
    return subprocess.run(
        words_of(*words), env=environment, cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )


def asked(run: Run, *words: str) -> Any:
    """What a command that succeeds says as JSON."""
    code, out, err = run(*words, "--json")
    assert (0, "") == (code, err)
    return json.loads(out)


def fresh(prefix: str = "job") -> str:
    return f"{prefix}-{next(_number)}"
