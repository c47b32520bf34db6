"""An hour of streaming in a minute: what page and server hold must not grow with what they were told.

A card and a row follow a job that reports 20,000 points in a minute, as many as
an hour of five a second. In the first half caches fill; from then on the heap of
the page (after a collection) and the memory of the server stay where they are.
`python -m tests.benchmarks.bench_leak SECONDS` is the same at five a second.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.benchmarks.row import Row, row
from tests.ui.lab import chromium, lab, page_of
from tests.ui.streaming import PAGE_BOUND, SERVER_BOUND, held_while_streaming

POINTS = 20_000
SECONDS = 60


def measure(points: int = POINTS, seconds: int = SECONDS) -> list[Row]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder,
        lab(Path(folder)) as running,
        chromium() as browser,
        page_of(browser) as seen,
    ):
        held = held_while_streaming(running, seen, points=points, seconds=seconds)
    return [
        row(
            f"growth of the page in the second half of {held.points:,} points in {held.messages} messages",
            held.page_growth / 1e6,
            "MB",
            baseline=held.page_half / 1e6,
            baseline_what="its heap at half time",
            budget="< 3",
            ok=held.page_growth < PAGE_BOUND,
        ),
        row(
            "growth of the server in the same time",
            held.server_growth / 1e6,
            "MB",
            baseline=held.server_half / 1e6,
            baseline_what="its memory at half time",
            budget="< 10",
            ok=held.server_growth < SERVER_BOUND,
        ),
    ]


if __name__ == "__main__":
    for line in measure(5 * int(sys.argv[1]), int(sys.argv[1])):
        print(line)
