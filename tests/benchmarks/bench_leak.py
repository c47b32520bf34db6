"""An hour of streaming in a minute: what page and server hold must not grow with what they were told.

A card and a row follow a job that reports 20,000 points in a minute, as many as
an hour of five a second. In the first half caches fill; from then on the heap of
the page (after a collection) and the memory of the server stay where they are.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import psutil
from playwright.sync_api import expect

from tests.benchmarks.row import Row, row
from tests.ui.lab import chromium, lab, notebook, page_of
from tests.ui.seeing import LOAD, card, open_sidebar, run_all
from tests.ui.watching import heap, inspected

POINTS = 20_000
SECONDS = 60
LOOKS = 12

TRAIN = f"""%%train long
import math, time
from jupyter_training import report

begin = time.monotonic()
for step in range({POINTS}):
    report(step=step, loss=math.sin(step / 500))
    time.sleep(max(0.0, begin + step * {SECONDS} / {POINTS} - time.monotonic()))
time.sleep(20)
"""

PAGE_BOUND = 3e6
SERVER_BOUND = 10e6


def measure() -> list[Row]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder,
        lab(Path(folder)) as running,
        chromium() as browser,
        page_of(browser) as seen,
    ):
        page = seen.page
        notebook(running.folder / "long.ipynb", [LOAD, TRAIN])
        page.goto(running.address("long", "long.ipynb"))
        open_sidebar(page)
        run_all(page)
        expect(card(page, "long").locator("canvas")).to_be_visible()
        server = psutil.Process(running.process.pid)
        held: list[tuple[float, float]] = []
        with inspected(page) as instruments:
            for _ in range(LOOKS):
                page.wait_for_timeout(1e3 * SECONDS / LOOKS)
                held.append((heap(instruments), float(server.memory_info().rss)))
        told = len(seen.changes())
        count = running.client().find("long")["metrics"]["loss"]["count"]
    half = held[LOOKS // 2 :]
    in_page, in_server = (max(one[place] for one in half[-2:]) - half[0][place] for place in (0, 1))
    return [
        row(
            f"growth of the page in the second half of {count:,} points in {told} messages",
            in_page / 1e6,
            "MB",
            baseline=half[0][0] / 1e6,
            baseline_what="its heap at half time",
            budget="< 3",
            ok=in_page < PAGE_BOUND,
        ),
        row(
            "growth of the server in the same time",
            in_server / 1e6,
            "MB",
            baseline=half[0][1] / 1e6,
            baseline_what="its memory at half time",
            budget="< 10",
            ok=in_server < SERVER_BOUND,
        ),
    ]
