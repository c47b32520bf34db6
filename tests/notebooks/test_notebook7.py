"""Notebook 7 shows the same live card: our labextension asks for nothing that only JupyterLab has."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.kernel.living import emptied, variables
from tests.torture.processes import eventually
from tests.ui.lab import TOKEN, browser_page, notebook

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.slow]

TRAIN = """%%train falling
import time
from jupyter_training import report

for step in range(60):
    time.sleep(0.1)
    report(step=step, loss=1 / (step + 1))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Notebook beside our environment: all else that it needs is there, and nothing of it stays."""
    folder = tmp_path_factory.mktemp("notebook7")
    uv = str(Path(sys.executable).parent / "uv")
    install = [uv, "pip", "install", "--quiet", "--no-deps", "--python", sys.executable, "--target", str(folder)]
    subprocess.run([*install, "notebook==7.6.*"], check=True, capture_output=True, timeout=110)
    return folder


@pytest.fixture
def address(installed: Path, tmp_path: Path) -> Iterator[str]:
    with emptied(tmp_path / "home") as home:
        environment = variables(
            home,
            JUPYTERLAB_SETTINGS_DIR=str(home / "lab-settings"),
            PYTHONPATH=str(installed),
            JUPYTER_PATH=str(installed / "share" / "jupyter"),
            JUPYTER_CONFIG_PATH=str(installed / "etc" / "jupyter"),
        )
        words = [
            sys.executable, "-m", "notebook", "--no-browser", "--allow-root", "--ServerApp.port=0",
            f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={tmp_path}",
        ]  # fmt: skip
        with open(tmp_path / "notebook.log", "wb") as log:
            process = subprocess.Popen(words, env=environment, cwd=tmp_path, stdout=log, stderr=log)
        note = home / "runtime" / f"jpserver-{process.pid}.json"
        try:
            yield eventually(lambda: _url(note), within=60, what="Notebook starts")
        finally:
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def test_the_card_lives_in_notebook_7(address: str, tmp_path: Path) -> None:
    notebook(tmp_path / "falling.ipynb", ["%load_ext jupyter_training", TRAIN])
    with browser_page() as seen:
        page = seen.page
        page.goto(f"{address}notebooks/falling.ipynb?token={TOKEN}")
        expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible()
        expect(page.locator(".jp-KernelName, .jp-Toolbar-kernelName").first).to_contain_text("Python 3")
        eventually(lambda: begun(page), within=45, what="the cells run")
        card = page.locator(".jp-Training-card")
        expect(card).to_have_attribute("data-phase", "running")
        expect(card.locator("canvas")).to_be_visible()
        expect(card.get_by_role("button", name="Stop falling")).to_be_visible()
        expect(card).to_have_attribute("data-phase", "succeeded")
        expect(card).to_contain_text("best loss 0.0167 at step 59.")
        assert [] == [one for one in seen.complaints if "jupyter-training" in one]


def begun(page: Page) -> bool:
    """Run all cells by the menu, which does nothing until the notebook has its kernel. Twice makes one job."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    return page.locator(".jp-InputPrompt").filter(has_text=re.compile(r"\[[\d*]+\]")).first.is_visible()


def _url(note: Path) -> str | None:
    try:
        return str(json.loads(note.read_text("utf-8"))["url"])
    except (OSError, ValueError, KeyError):
        return None
