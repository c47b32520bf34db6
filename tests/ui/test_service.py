"""A training at SageMaker by eye: what it runs on, what is done with it, its pool; in both themes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.sagemaker.within import account
from tests.ui.lab import Lab, Seen, barriers, lab, notebook
from tests.ui.seeing import LOAD, card, open_detail, open_sidebar, overflow, picture, run_all, sidebar

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.slow]

CELL = """%%train digits --backend sagemaker --instance ml.m5.large
import time
from jupyter_training import output, report

rate = 0.1
for epoch in range(30):
    report(epoch=epoch, loss=1 / (1 + rate * epoch))
    print(f"epoch {epoch}")
    time.sleep(0.2)
output("weights.txt").write_text("0.1")
"""


@pytest.fixture(scope="module", params=["JupyterLab Light", "JupyterLab Dark"], ids=["light", "dark"])
def themed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, str]]:
    folder = tmp_path_factory.mktemp("lab")
    with account(folder / "double") as found, lab(folder, theme=request.param, environment=found) as running:
        yield running, str(request.param).rpartition(" ")[2].lower()


def test_the_same_cell_at_sagemaker(themed: tuple[Lab, str], seen: Seen) -> None:
    running, theme = themed
    page = seen.page
    notebook(running.folder / "there.ipynb", [LOAD, CELL])
    page.goto(running.address("there", "there.ipynb"))
    open_sidebar(page)
    run_all(page)

    shown = card(page, "digits")
    expect(shown).to_contain_text("ml.m5.large")
    expect(shown.locator("canvas").first).to_be_visible(timeout=90_000)
    picture(page, f"service-running-{theme}")
    assert [] == barriers(page, ".jp-Training-sidebar", ".jp-Training-card")
    expect(sidebar(page)).to_contain_text("ml.m5.large")

    expect(shown).to_have_attribute("data-phase", "succeeded", timeout=120_000)
    expect(shown.get_by_role("button", name=re.compile("Copy the name of its training job"))).to_be_visible()
    picture(page, f"service-ended-{theme}")
    assert [] == barriers(page, ".jp-Training-card")
    assert [] == overflow(page, ".jp-Training-card")

    open_detail(page, "digits")
    expect(page.locator(".jp-Training-whole")).to_contain_text("ml.m5.large")
    picture(page, f"service-detail-{theme}")
    assert [] == barriers(page, ".jp-Training-whole")
