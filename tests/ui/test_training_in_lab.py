"""A training followed by eye: card and sidebar, live, after a reload, in both themes."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.kernel.living import REPOSITORY
from tests.torture.processes import eventually
from tests.ui.lab import ARTEFACTS, Lab, Seen, barriers, browser_page, lab, notebook

pytestmark = [pytest.mark.browser, pytest.mark.processes]

LOAD = "%load_ext jupyter_training"
TRAIN = """%%train falling steps={steps}
import time
from jupyter_training import report

steps = 1
for step in range(steps):
    time.sleep(0.1)
    report(step=step, loss=1 / (step + 1), val_accuracy=1 - 0.9 / (step + 1))
"""
CARD = ".jp-Training-card"
ROW = ".jp-Training-row"


@pytest.fixture(scope="module", params=["JupyterLab Light", "JupyterLab Dark"], ids=["light", "dark"])
def themed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, str]]:
    with lab(tmp_path_factory.mktemp("lab"), theme=request.param) as running:
        yield running, str(request.param).rpartition(" ")[2].lower()


# The theme makes no difference to what these are about.
in_light = pytest.mark.parametrize("themed", ["JupyterLab Light"], ids=["light"], indirect=True, scope="module")


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> Iterator[Seen]:
    with browser_page() as seen:
        yield seen
        picture(seen.page, f"last-{request.node.name}")
        assert [] == [one for one in seen.complaints if "jupyter-training" in one]


def picture(page: Page, name: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png")


def open_sidebar(page: Page) -> None:
    page.locator('.lm-TabBar-tab[data-id="jupyter-training-sidebar"]').click()
    expect(page.locator(".jp-Training-sidebar")).to_be_visible()


def run_all(page: Page) -> None:
    """By the menu, once the kernel is up: earlier, JupyterLab asks which kernel to take."""
    expect(page.locator("#jp-main-statusbar")).to_contain_text("Python 3 (ipykernel) | Idle")
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def test_a_training_is_followed_from_its_cell_to_a_reload(themed: tuple[Lab, str], seen: Seen) -> None:
    running, theme = themed
    page = seen.page
    notebook(running.folder / "falling.ipynb", [LOAD, TRAIN.format(steps=60)])
    page.goto(running.address("falling", "falling.ipynb"))
    open_sidebar(page)
    if theme == "light":
        expect(page.locator(".jp-Training-empty pre")).to_contain_text("%%train first")
        picture(page, "empty-light")
    run_all(page)

    card = page.locator(CARD)
    expect(card).to_have_attribute("data-phase", "running")
    row = page.locator(ROW, has_text="falling").first
    expect(row).to_contain_text("running")
    expect(card.locator("canvas")).to_be_visible()
    early = float(card.locator(".jp-Training-metric", has_text="loss").locator("b").inner_text())
    expect(card.locator(".jp-Training-metric", has_text="loss").locator("b")).not_to_have_text(str(early))
    row.click()
    expect(page.locator(".jp-Training-detail")).to_contain_text("Running.")
    picture(page, f"running-{theme}")
    assert [] == barriers(page, ".jp-Training-sidebar", CARD)
    assert 1 == len([url for url in seen.sockets if "/changes" in url]), "one stream for card and sidebar"

    expect(card).to_have_attribute("data-phase", "succeeded")
    expect(row).to_contain_text("succeeded")
    expect(card.locator(".jp-Training-metric", has_text="loss").locator("b")).to_have_text("0.0167")
    picture(page, f"succeeded-{theme}")

    page.get_by_title("Save and create checkpoint").click()
    saved = running.folder / "falling.ipynb"
    eventually(lambda: "vnd.jupyter-training.job" in saved.read_text("utf-8"), within=20, what="the notebook is saved")
    page.reload()
    expect(page.locator(CARD)).to_have_attribute("data-phase", "succeeded")
    expect(page.locator(f"{CARD} canvas")).to_be_visible()
    expect(page.locator(ROW, has_text="falling").first).to_contain_text("succeeded")
    picture(page, f"reloaded-{theme}")


@in_light
def test_stop_in_the_card_stops_the_job(themed: tuple[Lab, str], seen: Seen) -> None:
    running, _ = themed
    page = seen.page
    notebook(running.folder / "stopped.ipynb", [LOAD, TRAIN.format(steps=6000)])
    page.goto(running.address("stopped", "stopped.ipynb"))
    run_all(page)
    card = page.locator(CARD)
    expect(card.locator(".jp-Training-metric").first).to_be_visible()
    card.get_by_role("button", name="Stop").click()
    expect(card).to_have_attribute("data-phase", "canceled")
    expect(card).to_contain_text("Stopped by you")
    expect(card.get_by_role("button", name="Stop")).to_have_count(0)
    picture(page, "stopped-light")


@in_light
def test_start_costs_little_and_listens_to_nothing(themed: tuple[Lab, str], seen: Seen) -> None:
    """Chunks, charts and the stream come when somebody looks; until then under 30 KB arrive."""
    running, _ = themed
    page = seen.page
    page.goto(running.address("bare"))
    expect(page.locator('.lm-TabBar-tab[data-id="jupyter-training-sidebar"]')).to_be_visible()
    page.wait_for_load_state("networkidle")
    static = REPOSITORY / "jupyter_training" / "_labextension" / "static"
    names = {
        url.partition("?")[0].rpartition("/")[2] for url in seen.requests if "/extensions/jupyter-training/" in url
    }
    loaded = [static / name for name in names if (static / name).is_file()]
    assert any(path.name.startswith("remoteEntry") for path in loaded)
    assert 30_000 > sum(len(gzip.compress(path.read_bytes())) for path in loaded)
    assert 150_000 > sum(len(gzip.compress(path.read_bytes())) for path in static.glob("*.js"))
    assert [] == [url for url in seen.sockets if "/changes" in url]
    assert [] == [url for url in seen.requests if "/jupyter-training/api/" in url]
