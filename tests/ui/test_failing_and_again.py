"""A job that fails says why in its card; and a job, failed or not, is had again as a cell."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.ui.lab import Lab, Seen, barriers, notebook
from tests.ui.seeing import LOAD, card, open_sidebar, picture, row, run_all, settled, sidebar

pytestmark = [pytest.mark.browser, pytest.mark.processes]

BROKEN = """%%train broken lr=0.5
from jupyter_training import report

lr = 0.1
print("reading digits")
report(step=0, loss=1.0)

def fit(lr):
    raise ValueError("there are no digits here")

fit(lr)
"""


def test_a_failed_job_shows_its_traceback_and_comes_back_as_a_cell(running: Lab, seen: Seen) -> None:
    page = seen.page
    notebook(running.folder / "broken.ipynb", [LOAD, BROKEN])
    page.goto(running.address("broken", "broken.ipynb"))
    open_sidebar(page)
    run_all(page)
    shown = card(page, "broken")
    expect(shown).to_have_attribute("data-phase", "failed")
    expect(shown).to_contain_text("ValueError: there are no digits here")
    expect(shown).to_contain_text("Traceback (most recent call last)")
    expect(shown).to_contain_text("fit(lr)")
    expect(shown).to_contain_text("line 11")
    expect(shown).to_contain_text("reading digits")
    expect(row(page, "broken")).to_contain_text("ValueError")
    assert [] == barriers(page, ".jp-Training-sidebar", ".jp-Training-card")
    picture(page, "failed-light")

    cells = page.locator(".jp-Notebook .jp-CodeCell")
    expect(cells).to_have_count(2)
    shown.get_by_role("button", name="Clone broken into a cell").click()
    expect(cells).to_have_count(3)
    again = cells.nth(2).get_by_role("textbox")
    expect(again).to_contain_text("%%train broken")
    expect(again).to_contain_text("lr=0.5")
    expect(again).to_contain_text('raise ValueError("there are no digits here")')
    picture(page, "cloned-light")


def test_a_job_is_cloned_from_the_sidebar_into_a_new_notebook(running: Lab, seen: Seen) -> None:
    """The cells that make it a notebook of its own: the line that loads us, and the job's."""
    page = seen.page
    page.goto(running.address("bare"))
    open_sidebar(page)
    row(page, "broken").click()
    sidebar(page).get_by_role("button", name="Clone").first.click()
    settled(page)
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    expect(cells).to_have_count(2)
    expect(cells.nth(0).get_by_role("textbox")).to_contain_text("%load_ext jupyter_training")
    expect(cells.nth(1).get_by_role("textbox")).to_contain_text("%%train broken")


def test_the_card_of_another_store_says_so_and_asks_no_further(running: Lab, seen: Seen) -> None:
    page = seen.page
    output = {
        "output_type": "display_data",
        "metadata": {},
        "data": {
            "application/vnd.jupyter-training.job+json": {
                "store": "ffffffffffffffffffffffffffffffff",
                "job": "abcdefghij",
            },
            "text/html": "<div>digits · succeeded in 12 min</div>",
            "text/plain": "digits · succeeded in 12 min",
        },
    }
    path = running.folder / "elsewhere.ipynb"
    notebook(path, [LOAD])
    content = json.loads(path.read_text("utf-8"))
    content["cells"][0]["outputs"] = [output]
    path.write_text(json.dumps(content), "utf-8")
    page.goto(running.address("elsewhere", "elsewhere.ipynb"))
    place = page.locator(".jp-Notebook .jp-Training-output")
    expect(place).to_contain_text("another store")
    expect(place).to_contain_text("succeeded in 12 min")
    assert [] == [url for url in seen.requests if "abcdefghij" in url], "whom it does not belong to is not asked"
    assert [] == barriers(page, ".jp-Training-output")
    picture(page, "another-store-light")
