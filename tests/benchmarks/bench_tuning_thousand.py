"""A thousand short trials from the submit to the end, through server, driver, dispatcher and supervisors."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.benchmarks.bench_tuning_peers import ended, wish
from tests.benchmarks.row import Row, row, seconds
from tests.benchmarks.stand import stand

__all__ = ["measure"]

TRIALS = 1_000
BARE = 200
WORKERS = 8


def measure() -> list[Row]:
    """Takes about three minutes on two cores; the baseline is as many processes at once, which nobody searches with."""
    bare = seconds(_bare) / BARE
    with stand(local_slots=WORKERS) as here:
        ended(here, wish(here, WORKERS, WORKERS), WORKERS)  # the dispatcher runs
        begun = time.perf_counter()
        ended(here, wish(here, TRIALS, WORKERS), TRIALS, within=1_800)
        took = time.perf_counter() - begun
        dispatcher = here.dispatcher()
        memory = 0.0 if dispatcher is None else dispatcher.memory_info().rss / 1e6
    return [
        row(
            f"{TRIALS:,} empty trials end to end, {WORKERS} at once",
            took,
            "s",
            baseline=TRIALS * bare,
            baseline_what="as many bare `python -c pass`",
        ),
        row("the dispatcher's memory after them", memory, "MB", budget="< 150", ok=0 < memory < 150),
    ]


def _bare() -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda _: subprocess.run([sys.executable, "-c", "pass"], check=True), range(BARE)))
