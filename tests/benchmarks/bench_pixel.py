"""From report() in a job to pixels in the page: the report's own time against the canvas, read back at each frame.

The job reports now and then, at moments that keep no step with anybody's clock,
and later fast. The page looks at its card's canvas at each frame. The first
look that finds other pixels after a report has that report's delay; the label
of the chart, which is written with it, says that it was this very value.
"""

from __future__ import annotations

import bisect
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.benchmarks.row import Row, middle, row, tail
from tests.benchmarks.stand import until
from tests.ui.lab import chromium, lab, notebook, page_of
from tests.ui.seeing import LOAD, card, run_all
from tests.ui.watching import echoes, watch_pixels

SAMPLES = 200
FAST = 100

TRAIN = f"""%%train seen
import random, time
from jupyter_training import report

random.seed(7)
report(step=0, loss=1.0)
report(step=1, loss=0.0)
time.sleep(4)
for step in range(2, {SAMPLES} + 2):
    report(step=step, loss=step / 1000)
    time.sleep(random.uniform(0.4, 0.7))
time.sleep(2)
for step in range({SAMPLES} + 2, {SAMPLES + FAST} + 2):
    report(step=step, loss=step / 1000)
    time.sleep(random.uniform(0.07, 0.13))
time.sleep(3)
"""


def measure() -> list[Row]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder,
        lab(Path(folder), extensions=["tests.ui.echo"]) as running,
        chromium() as browser,
        page_of(browser) as seen,
    ):
        page = seen.page
        notebook(running.folder / "seen.ipynb", [LOAD, TRAIN])
        page.goto(running.address("seen", "seen.ipynb"))
        run_all(page)
        expect(card(page, "seen").locator("canvas")).to_be_visible()
        watch_pixels(page)
        echo = echoes(page, running.url, SAMPLES)
        with running.client() as client:
            job = client.find("seen")["id"]
            until(lambda: client.job(job)["state"] == "succeeded", within=300, every=1.0)
            (series,) = client.metrics(job, "loss", points=2000)["series"]
        drawn: list[tuple[float, str]] = page.evaluate("() => window.drawn")
    reported = [(time, value) for step, time, value in series["points"] if step >= 2]
    slow, fast = reported[:SAMPLES], reported[SAMPLES:]
    delays, of_those = first_changes(slow, drawn)
    newest = shown_by(fast, drawn)
    there_and_back = f"p95 of {len(echo)} WebSocket echoes, same server"
    return [
        row(
            "report to changed pixels, p50",
            1e3 * middle(delays),
            "ms",
            baseline=1e3 * middle(echo),
            baseline_what="p50 of the echoes",
        ),
        row(
            f"report to changed pixels, p95 of {len(delays)}, {of_those} proved by label",
            1e3 * tail(delays),
            "ms",
            baseline=1e3 * tail(echo),
            baseline_what=there_and_back,
            budget="p95 < 250 ms",
            ok=tail(delays) < 0.25,
        ),
        row(
            f"the same, ten reports a second, p95 of {len(newest)}",
            1e3 * tail(newest),
            "ms",
            baseline=1e3 * tail(echo),
            baseline_what=there_and_back,
        ),
    ]


def first_changes(reported: list[tuple[float, float]], drawn: list[tuple[float, str]]) -> tuple[list[float], int]:
    """For each report the time to the first other picture before the next report, and how many labels had its value."""
    moments = [moment for moment, _ in drawn]
    ends = [moment for moment, _ in reported[1:]] + [float("inf")]
    found, proved = [], 0
    for (moment, value), end in zip(reported, ends, strict=True):
        at = bisect.bisect_right(moments, moment)
        if at < len(moments) and moments[at] < end:
            found.append(moments[at] - moment)
            proved += drawn[at][1].endswith(f"{value:.3g}")
        else:
            found.append(float("inf"))
    return found, proved


def shown_by(reported: list[tuple[float, float]], drawn: list[tuple[float, str]]) -> list[float]:
    """For each report the time to the first picture whose label has its value or a later one."""
    told = [(moment, last) for moment, label in drawn if (last := _last(label)) is not None]
    found = []
    for moment, value in reported:
        seen = next((at for at, last in told if at > moment and last >= value), None)
        found.append(float("inf") if seen is None else seen - moment)
    return found


def _last(label: str) -> float | None:
    words: list[Any] = label.replace(",", "").split()
    try:
        return float(words[-1])
    except (IndexError, ValueError):
        return None
