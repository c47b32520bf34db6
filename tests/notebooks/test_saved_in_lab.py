"""What JupyterLab saves of a card: nothing that moves while it trains, and the end, also when its kernel is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.torture.processes import eventually
from tests.ui.lab import Lab, browser_page, lab, notebook
from tests.ui.seeing import LOAD, card, run_all, training

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.slow]

UNSAVED = ".lm-TabBar-tab.jp-mod-dirty, .jp-mod-dirty"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def page() -> Iterator[Page]:
    with browser_page() as seen:
        yield seen.page


def begun(page: Page, running: Lab, name: str, *, steps: int) -> Path:
    """A saved notebook whose training runs."""
    file = running.folder / f"{name}.ipynb"
    notebook(file, [LOAD, training(name, steps=steps)])
    page.goto(running.address(name, file.name))
    run_all(page)
    expect(card(page, name)).to_have_attribute("data-phase", "running")
    keep(page, file, "queued")
    return file


def keep(page: Page, file: Path, words: str) -> dict[str, Any]:
    """Save once; gives the card's data as soon as the file has these words in it."""
    page.get_by_title("Save and create checkpoint").click()

    def saved() -> dict[str, Any] | None:
        text = file.read_text("utf-8")
        outputs = json.loads(text)["cells"][1]["outputs"] if text.endswith("}\n") else []  # not half a file
        data: dict[str, Any] = outputs[-1]["data"] if outputs else {}
        return data if words in "".join(data.get("text/plain", [])) else None

    return eventually(saved, within=30, what=f"the saved card says {words!r}")


def test_while_it_trains_the_notebook_stays_saved_and_then_tells_the_end(page: Page, running: Lab) -> None:
    file = begun(page, running, "quiet", steps=60)
    figures = card(page, "quiet").locator(".jp-Training-metric", has_text="loss").locator("b")
    for _ in range(3):
        before = figures.inner_text()
        expect(figures).not_to_have_text(before)
        expect(page.locator(UNSAVED)).to_have_count(0)
    expect(card(page, "quiet")).to_have_attribute("data-phase", "succeeded")
    expect(page.locator(UNSAVED).first).to_be_visible()
    data = keep(page, file, "succeeded")
    assert "best val_accuracy 0.985 at step 59." in "".join(data["text/html"])


def test_when_the_kernel_is_gone_the_page_writes_the_end_and_only_once(page: Page, running: Lab) -> None:
    file = begun(page, running, "orphan", steps=60)
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name="Shut Down Kernel", exact=True).click()
    expect(page.locator("#jp-main-statusbar")).to_contain_text("No Kernel")
    expect(card(page, "orphan")).to_have_attribute("data-phase", "succeeded")
    expect(page.locator(UNSAVED).first).to_be_visible()
    data = keep(page, file, "succeeded")
    assert "best val_accuracy 0.985 at step 59." in "".join(data["text/html"])
    assert "data:image/svg+xml" in "".join(data["text/html"])
    expect(page.locator(UNSAVED)).to_have_count(0)
    page.reload()
    expect(card(page, "orphan")).to_have_attribute("data-phase", "succeeded")
    expect(card(page, "orphan").locator("canvas")).to_be_visible()
    expect(page.locator(UNSAVED)).to_have_count(0)
