"""An environment with nothing but ipykernel and our package trains over HTTP, and its jobs run in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.living import REPOSITORY, Kernel, Server, emptied, variables

pytestmark = [pytest.mark.processes, pytest.mark.slow]

BODY = """
import json, sys
from jupyter_training import output, params, report

steps = 3
for step in range(steps):
    report(step=step, loss=1 / (step + 1))
with open(output("where.json"), "w") as file:
    json.dump([sys.prefix, params["steps"], steps], file)
"""

SERVER_SIDE = "pydantic yaml sqlalchemy alembic mlflow jupyter_server numpy"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment as `uv pip install ipykernel` and `--no-deps jupyter-training` leave it."""
    folder = tmp_path_factory.mktemp("bare")
    binaries = Path(sys.executable).parent
    python = folder / "venv" / "bin" / "python"
    (REPOSITORY / "jupyter_training" / "_labextension").mkdir(exist_ok=True)  # the wheel wants it, built or not
    environment = {**os.environ, "SKIP_JUPYTER_BUILDER": "1"}
    for command in (
        [binaries / "uv", "venv", "--quiet", "--python", sys.executable, folder / "venv"],
        [binaries / "uv", "pip", "install", "--quiet", "--python", python, "ipykernel"],
        [binaries / "python", "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
    ):
        subprocess.run(command, check=True, cwd=REPOSITORY, env=environment, capture_output=True, timeout=110)
    (wheel,) = folder.glob("jupyter_training-*.whl")
    install = [binaries / "uv", "pip", "install", "--quiet", "--python", python, "--no-deps", wheel]
    subprocess.run(install, check=True, capture_output=True, timeout=60)
    return python


def test_a_bare_environment_trains_over_http_and_in_itself(bare: Path, tmp_path: Path) -> None:
    with emptied(tmp_path / "home") as home, Server(variables(home), folder=tmp_path) as server:
        # The kernel's own home is another one: all it knows of the store is the server's address.
        environment = variables(tmp_path / "elsewhere") | {
            "JUPYTER_TRAINING_URL": server.url,
            "JUPYTER_TRAINING_TOKEN": Server.TOKEN,
        }
        with Kernel(environment, folder=tmp_path, python=str(bare)) as kernel:
            assert "" == kernel.run("%load_ext jupyter_training").shown
            got = kernel.run(f"%%train bare steps=5 -o job --wait\n{BODY}")
            assert got.error is None, got.shown
            assert "succeeded" in got.displays[-1]["text/plain"]
            prefix, given, seen = kernel.value('job.load("where.json")')
            assert [str(bare.parent.parent), 5, 5] == [prefix, given, seen]
            assert 5 == len(kernel.value('job.metrics()["loss"]'))
            heavy = kernel.value(f"[name for name in {SERVER_SIDE.split()!r} if name in __import__('sys').modules]")
            assert [] == heavy
            assert "bare" in kernel.run("%train list").shown
