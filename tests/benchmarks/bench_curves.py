"""Large curves and many: a million points with spikes that must not be lost, and fifty live curves in one page."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from jupyter_training.client.client import Client
from tests.benchmarks.row import Row, middle, row, seconds, tail
from tests.benchmarks.stand import until
from tests.ui.lab import Lab, chromium, lab, page_of
from tests.ui.seeing import open_sidebar
from tests.ui.seeing import row as line
from tests.ui.watching import busy, frames, inspected

POINTS = 1_000_000
SMALL = 1_000
SPIKES = sorted(random.Random(3).sample(range(1000, POINTS - 1000), 20))
CURVES = 50
ROUNDS = 15
FRAMES = 600
DRAWN = 2_000  # points that a wide chart asks for

LARGE = f"""
import math
from jupyter_training import report

spikes = {{place: 10.0 + number for number, place in enumerate({SPIKES!r})}}
for step in range({POINTS}):
    report(step=step, loss=spikes.get(step, 1.0 + 0.1 * math.sin(step / 5000)))
for step in range({SMALL}):
    report(step=step, small=math.sin(step / 50))
"""
MANY = f"""
import math, time
from jupyter_training import report

for step in range(100_000):
    report({{f"curve_{{number:02}}": math.sin(step / 20 + number) for number in range({CURVES})}}, step=step)
    time.sleep(0.2)
"""

# From now to the first frame with something drawn in the panel's first canvas.
DRAW = """() => new Promise(resolve => {
    const begin = performance.now();
    const look = () => {
        const canvas = document.querySelector('.jp-Training-whole canvas');
        if (canvas !== null && canvas.width > 0) {
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            if (data.some(value => value !== 0)) {
                resolve((performance.now() - begin) / 1000);
                return;
            }
        }
        requestAnimationFrame(look);
    };
    [...document.querySelectorAll('.jp-Training-whole [role=tab]')].find(tab => tab.textContent === 'Overview').click();
    look();
})"""


def measure() -> list[Row]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder,
        lab(Path(folder)) as running,
        running.client() as client,
        chromium() as browser,
        page_of(browser, width=1600) as seen,
    ):
        rows = large(client)
        rows += drawing(running, client, seen.page)
        return rows + fifty(running, client, seen.page)


def large(client: Client) -> list[Row]:
    job = submitted(client, "large", LARGE)
    until(lambda: client.job(job)["state"] in ("succeeded", "failed"), within=300, every=0.5)
    (series,) = client.metrics(job, "loss", points=DRAWN)["series"]
    assert POINTS == series["count"]
    kept = {step: value for step, _, value in series["points"] if value is not None and value > 5}
    missing = [place for number, place in enumerate(SPIKES) if kept.get(place) != 10.0 + number]
    asked = [seconds(lambda: client.metrics(job, "loss", points=DRAWN)) for _ in range(ROUNDS)]
    small = [seconds(lambda: client.metrics(job, "small", points=DRAWN)) for _ in range(ROUNDS)]
    return [
        row(
            f"{POINTS:,} points: spikes of {len(SPIKES)} that are in the answer of {len(series['points']):,}",
            len(SPIKES) - len(missing),
            "",
            budget="all",
            ok=not missing,
        ),
        row(
            f"{POINTS:,} points: the server's answer, p50",
            1e3 * middle(asked),
            "ms",
            baseline=1e3 * middle(small),
            baseline_what=f"a curve of {SMALL:,} points, each of them",
        ),
    ]


def drawing(running: Lab, client: Client, page: Page) -> list[Row]:
    """From the click on the tab to drawn pixels, with the question to the server between."""
    opened(running, page, "large")
    taken = []
    for _ in range(ROUNDS):
        page.get_by_role("tab", name="Attempts").click()
        expect(page.locator(".jp-Training-whole canvas")).to_have_count(0)
        taken.append(float(page.evaluate(DRAW)))
    return [row(f"{POINTS:,} points: from a click on its tab to drawn pixels, p50", 1e3 * middle(taken), "ms")]


def fifty(running: Lab, client: Client, page: Page) -> list[Row]:
    job = submitted(client, "many", MANY)
    until(lambda: len(client.job(job)["metrics"]) == CURVES, within=60, every=0.2)
    page.goto(running.address("idle"))
    expect(page.get_by_role("main")).to_be_visible()
    with inspected(page) as instruments:
        still, rest = watched(page, instruments)
    opened(running, page, "many")
    page.get_by_role("checkbox", name="metric", exact=True).check()
    canvases = page.locator(".jp-Training-whole canvas")
    until(lambda: canvases.count() >= CURVES, within=60, every=0.2)
    with inspected(page) as instruments:
        live, work = watched(page, instruments)
    client.kill(job)
    return [
        row(
            f"{CURVES} live curves in one page, p95 of {FRAMES} frames",
            1e3 * tail(live),
            "ms",
            baseline=1e3 * tail(still),
            baseline_what="the launcher's frames",
        ),
        row(
            f"{CURVES} live curves in one page, its main thread",
            100 * work,
            "% of a core",
            baseline=100 * rest,
            baseline_what="the launcher",
        ),
    ]


def watched(page: Page, instruments: Any) -> tuple[list[float], float]:
    """The spans of frames, and the share of the time in which the page worked."""
    before = busy(instruments)
    spans = frames(page, FRAMES)
    return spans, (busy(instruments) - before) / sum(spans)


def opened(running: Lab, page: Page, name: str) -> None:
    page.goto(running.address(f"whole-{name}"))
    open_sidebar(page)
    line(page, name).get_by_text(name).first.dblclick()
    expect(page.get_by_role("tab", name="Overview")).to_be_visible()
    expect(page.locator(".jp-Training-whole canvas").first).to_be_visible()


def submitted(client: Client, name: str, script: str) -> str:
    wish = {
        "key": f"{name:-<16}",
        "name": name,
        "entry": {"kind": "script", "path": "script.py"},
        "files": [{"path": "script.py", "text": script}],
    }
    return str(client.submit_request(wish)["job"]["id"])
