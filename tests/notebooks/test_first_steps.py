"""What a new user runs first does what it says: the README's first cell, and the first notebook."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.kernel.living import REPOSITORY, Kernel, emptied, variables

pytestmark = pytest.mark.processes

IMPORTS = 2.0  # seconds of the cell's imports on a small machine with nothing else to do
README = (REPOSITORY / "README.md").read_text("utf-8")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with emptied(tmp_path / "home") as home:
        yield home


def test_the_readme_s_first_cell_shows_a_growing_curve_within_ten_seconds(home: Path, tmp_path: Path) -> None:
    load, train = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[:2]
    with Kernel(variables(home, JUPYTER_TRAINING_URL="home"), folder=tmp_path) as kernel:
        assert "" == kernel.run(load).shown
        kernel.run("%train list")  # a server is alive where a person types: their JupyterLab's
        allowed = 10 * max(1.0, _imports() / IMPORTS)
        began = time.monotonic()
        request = kernel.send(train)
        first = kernel.outputs(request, within=allowed + 5, until="▁")
        assert time.monotonic() - began < allowed
        assert "running" in first.displays[0]["text/plain"]
        last = kernel.outputs(request, after=first)
        assert last.error is None, last.shown
        assert last.updates > 1


def test_the_readme_s_training_that_can_go_on_is_extended_where_it_ended(home: Path, tmp_path: Path) -> None:
    load, train = (re.findall(r"```python\n(.*?)```", README, re.DOTALL)[place] for place in (0, 2))
    with Kernel(variables(home, JUPYTER_TRAINING_URL="home"), folder=tmp_path) as kernel:
        kernel.run(load)
        kernel.run(train.replace("--retries 3", "--retries 3 epochs=7 --wait -q -o job"))
        assert ["succeeded", 7] == kernel.value("[job.state, job.view['checkpoint']['step']]")
        kernel.run("%train resume digits epochs=2 --wait -q")
        assert [*range(1, 10)] == kernel.value("[step for step, _ in job.metrics()['accuracy']]")
        assert kernel.value("job.metrics()['accuracy'][-1][1]") > 0.95


def _imports() -> float:
    """Seconds that the cell's own imports take now: on a machine that is busy with other tests all takes longer."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import sklearn.neural_network, sklearn.datasets"], check=True)
    return time.monotonic() - began


@pytest.mark.slow
def test_the_first_notebook_runs_to_its_end_and_keeps_a_picture(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables(home, JUPYTER_TRAINING_URL="home").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("JUPYTER_TRAINING_PLAIN", raising=False)
    notebook = nbformat.read(REPOSITORY / "notebooks" / "01_first_job.ipynb", as_version=4)
    NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    outputs = {cell["id"]: cell["outputs"] for cell in notebook.cells if cell["cell_type"] == "code"}
    (waited,) = outputs["wait"]
    assert "succeeded" in waited["data"]["text/plain"]
    assert "data:image/svg+xml" in waited["data"]["text/html"]
    assert "application/vnd.jupyter-training.job+json" in waited["data"]
    assert "The model reads more than 95 of 100 digits right.\n" == outputs["check"][0]["text"]


def test_the_first_notebook_s_saved_outputs_tell_nothing_that_varies() -> None:
    notebook = nbformat.read(REPOSITORY / "notebooks" / "01_first_job.ipynb", as_version=4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error"
            assert {"text/plain"} >= set(output.get("data", {}))
    assert notebook.cells[0]["source"].splitlines()[2].endswith(".")
