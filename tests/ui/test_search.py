"""A search followed by eye: started from a cell, watched, extended, its best cloned; in both themes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.torture.processes import eventually
from tests.ui.lab import Lab, Seen, barriers, lab, notebook
from tests.ui.seeing import LOAD, may_be_narrow, narrow, open_sidebar, overflow, picture, run_all, sidebar

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture(scope="module", params=["JupyterLab Light", "JupyterLab Dark"], ids=["light", "dark"])
def themed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, str]]:
    with lab(tmp_path_factory.mktemp("lab"), theme=request.param) as running:
        yield running, str(request.param).rpartition(" ")[2].lower()


def search(name: str, options: str, body: str = "") -> str:
    """A cell that looks for the best of two parameters, in few and short trials: they share two cores with all else."""
    line = f"%%train {name} lr=uniform(0.1,0.9) depth=choice(1,2,3) --searcher random --max-trials 4 --workers 2"
    return f"""{line} {options}
import time
from jupyter_training import report

lr = 0.5
depth = 1
{body}
for epoch in range(4):
    time.sleep(0.6)
    report(epoch=epoch, val_accuracy=(1 - (lr - 0.5) ** 2) * (1 - 0.5 / (epoch + 1)), seconds=depth * lr)
"""


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=f"Search {name}")


def line(page: Page, name: str) -> Locator:
    """Its row in the sidebar."""
    return sidebar(page).locator("[data-experiment]", has_text=name).first


def ended(place: Locator) -> None:
    """Starting six processes one after the other takes its time on a machine that does other things."""
    expect(place).to_have_attribute("data-phase", "succeeded", timeout=180_000)


def test_a_search_is_started_watched_extended_and_its_best_cloned(themed: tuple[Lab, str], seen: Seen) -> None:
    running, theme = themed
    page = seen.page
    notebook(running.folder / "sweep.ipynb", [LOAD, search("sweep", "--metric val_accuracy --mode max")])
    page.goto(running.address("sweep", "sweep.ipynb"))
    open_sidebar(page)
    run_all(page)

    shown = card(page, "sweep")
    expect(shown).to_have_attribute("data-phase", "running")
    expect(line(page, "sweep")).to_contain_text(re.compile(r"\d of 4"))
    expect(shown.get_by_role("row")).not_to_have_count(0)
    expect(sidebar(page).locator("[data-job]")).to_have_count(0)  # neither trials nor their driver are in the lists
    line(page, "sweep").click()
    expect(sidebar(page)).to_contain_text("of 4 trials")
    expect(shown).to_contain_text("best, by")
    picture(page, f"search-running-{theme}")
    assert [] == barriers(page, ".jp-Training-sidebar", ".jp-Training-card")

    shown.get_by_role("button", name="Open sweep").click()  # its row may be among those that have ended by now
    whole = page.locator(".jp-Training-whole")
    grid = whole.get_by_role("grid", name="Trials of sweep")
    expect(grid.locator("[data-job]")).not_to_have_count(0)
    ended(whole)
    expect(grid.locator("[data-job]")).to_have_count(4)
    expect(grid).not_to_contain_text("running", timeout=60_000)
    expect(whole.locator("canvas")).to_have_count(2)
    best_first = values(grid)
    assert best_first == sorted(best_first, reverse=True)
    picture(page, f"search-overview-{theme}")
    assert [] == barriers(page, ".jp-Training-whole")

    grid.locator("[data-job]").first.focus()
    page.keyboard.press("ArrowUp")  # to the heads, by which it is sorted
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(grid.get_by_role("columnheader", name="#")).to_have_attribute("aria-sort", "ascending")
    eventually(lambda: ["0", "1", "2", "3"] == numbers(grid), within=20, what="the trials are in their order")

    whole.get_by_role("button", name="Extend sweep").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("4 of 4")
    dialog.get_by_label("more trials").fill("no")
    dialog.get_by_role("button", name="Extend").click()
    expect(dialog).to_contain_text("A whole number")
    dialog.get_by_label("more trials").fill("2")
    picture(page, f"search-extend-{theme}")
    dialog.get_by_role("button", name="Extend").click()
    expect(dialog).to_have_count(0)
    expect(whole).to_contain_text("of 6 trials")
    expect(grid.locator("[data-job]")).to_have_count(6, timeout=180_000)
    ended(whole)

    whole.get_by_role("tab", name="Configuration").click()
    expect(whole.get_by_role("tabpanel", name="Configuration")).to_contain_text("uniform(0.1, 0.9)")
    picture(page, f"search-configuration-{theme}")
    assert [] == barriers(page, ".jp-Training-whole")

    with running.client() as client:
        best = client.experiments(name="sweep")["experiments"][0]["best"]
    whole.get_by_role("button", name="Clone the best trial of sweep into a cell").click()
    cell = page.locator(".jp-Notebook .jp-CodeCell").last
    expect(cell).to_contain_text(str(best["config"]["lr"])[:6])
    expect(shown.get_by_role("table")).not_to_contain_text("running", timeout=60_000)
    picture(page, f"search-cloned-{theme}")

    page.get_by_role("button", name="Save and create checkpoint").click()
    file = running.folder / "sweep.ipynb"
    eventually(lambda: "experiment+json" in file.read_text("utf-8"), within=20, what="the notebook is saved")
    page.reload()
    expect(card(page, "sweep")).to_have_attribute("data-phase", "succeeded")
    expect(card(page, "sweep")).to_contain_text("6 of 6 trials")


@pytest.mark.parametrize("themed", ["JupyterLab Light"], ids=["light"], indirect=True, scope="module")
def test_two_objectives_have_a_front_and_failed_trials_are_tried_again(themed: tuple[Lab, str], seen: Seen) -> None:
    running, _ = themed
    page = seen.page
    fails = "import pathlib\nmark = pathlib.Path('" + str(running.folder / "mended") + "')\n"
    fails += "if not mark.exists() and lr > 0.6:\n    raise ValueError('too fast')"
    options = "--metric val_accuracy,seconds --mode max,min --max-failures 9"
    notebook(running.folder / "front.ipynb", [LOAD, search("front", options, fails)])
    page.goto(running.address("front", "front.ipynb"))
    may_be_narrow(page)
    open_sidebar(page)
    run_all(page)
    shown = card(page, "front")
    ended(shown)
    expect(shown).to_contain_text(re.compile(r"\d failed"))

    narrow(page, 220)
    page.get_by_role("row", name=re.compile("Experiments")).click()
    line(page, "front").click()
    expect(sidebar(page).get_by_role("button", name="Retry the failed trials of front")).to_be_visible()
    picture(page, "search-narrow")
    assert [] == overflow(page, ".jp-Training-sidebar")
    (running.folder / "mended").touch()
    sidebar(page).get_by_role("button", name="Retry the failed trials of front").click()
    expect(shown).to_have_attribute("data-phase", "running")
    ended(shown)
    expect(shown).not_to_contain_text("failed")

    line(page, "front").press("Enter")
    cloud = page.get_by_role("img", name=re.compile("that none beats in everything"))
    expect(cloud.locator("circle")).to_have_count(4)
    picture(page, "search-front")
    assert [] == barriers(page, ".jp-Training-whole")
    page.get_by_role("grid", name="Trials of front").locator("[data-job]").first.press("Enter")
    expect(page.get_by_role("group", name="Lineage")).to_contain_text("of the search front")
    page.get_by_role("group", name="Lineage").get_by_role("button", name="front").click()
    expect(page.get_by_role("grid", name="Trials of front")).to_be_visible()


def values(grid: Locator) -> list[float]:
    return [float(words) for words in grid.locator("[data-job] [data-column=value]").all_inner_texts()]


def numbers(grid: Locator) -> list[str]:
    return [words.strip() for words in grid.locator("[data-job] [data-column=number]").all_inner_texts()]
