"""Ten thousand jobs in the sidebar: how soon it opens, and how smoothly it scrolls, beside an empty one."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from jupyter_training.core.ids import new_job_id
from jupyter_training.core.job import Instant
from jupyter_training.settings import Settings
from jupyter_training.store import wishes
from jupyter_training.store.engine import Store
from jupyter_training.testing.builders import a_submission
from tests.benchmarks.row import Row, middle, row, tail
from tests.ui.lab import Lab, chromium, lab, page_of
from tests.ui.seeing import SIDEBAR_TAB, sidebar
from tests.ui.watching import frames

JOBS = 10_000
BATCH = 1_000
OPENINGS = 3
FRAMES = 400
RNG = random.Random(11)

# From the press on the tab to the first frame in which the panel has what is looked for.
WATCH = """([tab, wanted]) => {
    document.querySelector(tab).addEventListener('pointerdown', () => {
        const begin = performance.now();
        const look = () => {
            if (document.querySelector(wanted) === null) {
                requestAnimationFrame(look);
            } else {
                requestAnimationFrame(() => { window.opened = (performance.now() - begin) / 1000; });
            }
        };
        look();
    }, {once: true, capture: true});
}"""
ROW = ".jp-Training-sidebar [data-job]"
EMPTY = ".jp-Training-empty"


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder, chromium() as browser:
        place = Path(folder)
        (place / "full").mkdir()
        (place / "empty").mkdir()
        fill(place / "full" / "home")
        with lab(place / "full") as full, lab(place / "empty") as empty:
            opened, bare = [], []
            for number in range(OPENINGS):
                opened.append(opening(browser, full, f"full-{number}", ROW))
                bare.append(opening(browser, empty, f"empty-{number}", EMPTY))
            scrolled, still = scrolling(browser, full), standing(browser, empty)
    return [
        row(
            f"{JOBS:,} jobs: the panel opens, p50 of {OPENINGS}",
            1e3 * middle(opened),
            "ms",
            baseline=1e3 * middle(bare),
            baseline_what="the empty panel",
            budget="< 500 ms",
            ok=middle(opened) < 0.5,
        ),
        row(
            f"{JOBS:,} jobs: p95 of {FRAMES} frames while scrolling",
            1e3 * tail(scrolled),
            "ms",
            baseline=1e3 * tail(still),
            baseline_what="the empty panel's frames",
            budget="< 20 ms",
            ok=tail(scrolled) < 0.02,
        ),
    ]


def fill(home: Path) -> None:
    """Jobs that wait for more slots than there are, straight into the store."""
    home.mkdir()
    with Store.open(Settings(home=home)) as store:
        for first in range(0, JOBS, BATCH):
            wanted = [
                a_submission(f"sweep-{number}", slots=1000, params={"lr": RNG.random(), "seed": number})
                for number in range(first, first + BATCH)
            ]
            wishes.submit(store, wanted, new_id=lambda: new_job_id(RNG), now=Instant(time.time()))


def opening(browser: Browser, running: Lab, workspace: str, wanted: str) -> float:
    """Seconds from the press on the panel's tab in a fresh page, its code not yet loaded."""
    with page_of(browser) as seen:
        return opened(seen.page, running, workspace, wanted)


def opened(page: Page, running: Lab, workspace: str, wanted: str) -> float:
    page.goto(running.address(workspace))
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    page.evaluate(WATCH, [SIDEBAR_TAB, wanted])
    page.locator(SIDEBAR_TAB).click()
    taken: float = page.wait_for_function("() => window.opened").json_value()
    return taken


def scrolling(browser: Browser, running: Lab) -> list[float]:
    with page_of(browser) as seen:
        page = seen.page
        opened(page, running, "scrolled", ROW)
        grid = sidebar(page).get_by_role("treegrid")
        before = grid.evaluate("node => node.scrollTop")
        found = frames(page, FRAMES, scrolled=".jp-Training-sidebar [role=treegrid]", step=120)
        assert grid.evaluate("node => node.scrollTop") > before + 20 * FRAMES, "it was scrolled"
        return found


def standing(browser: Browser, running: Lab) -> list[float]:
    with page_of(browser) as seen:
        opened(seen.page, running, "still", EMPTY)
        return frames(seen.page, FRAMES)
