"""The store: durable submits in batches, and pages of a list of 100,000 jobs."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from pathlib import Path

from jupyter_training.core.ids import new_job_id
from jupyter_training.core.job import Instant, Submission
from jupyter_training.settings import Settings
from jupyter_training.store import views, wishes
from jupyter_training.store.engine import Store
from jupyter_training.testing.builders import a_submission
from tests.benchmarks.row import Row, in_turn, middle, row, seconds

JOBS = 100_000
BATCH = 500
COMMITS = 200
PAGES = 40
NOW = Instant(1_800_000_000.0)


def measure() -> list[Row]:
    rng = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        commits = single_commits(Path(folder) / "plain.sqlite")
        with Store.open(Settings(home=Path(folder) / "home")) as store:
            batches = [[submission(number) for number in range(at, at + BATCH)] for at in range(0, JOBS, BATCH)]
            rates = []
            for batch in batches:
                start = time.perf_counter()
                wishes.submit(store, batch, new_id=lambda: new_job_id(rng), now=NOW)
                rates.append(BATCH / (time.perf_counter() - start))
            rows = [
                row(
                    f"durable submits, batches of {BATCH}",
                    middle(rates),
                    "jobs/s",
                    baseline=commits,
                    baseline_what="single-row commits, WAL and FULL",
                    budget="> 2,000 jobs/s",
                    ok=middle(rates) > 2000,
                )
            ]
            rows += pages(store)
    return rows


def submission(number: int) -> Submission:
    return a_submission(f"job-{number % 1000}", key=f"key-{number:08d}")


def single_commits(file: Path) -> float:
    """Rows per second when each is its own durable transaction."""
    with sqlite3.connect(file, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT)")
        taken = seconds(
            lambda: [connection.execute("INSERT INTO row (text) VALUES (?)", ("x" * 1000,)) for _ in range(COMMITS)]
        )
    connection.close()
    return COMMITS / taken


def pages(store: Store) -> list[Row]:
    """The newest page, and one in the middle, of a list that holds everything."""
    everything = views.JobQuery()
    middle_cursor = None
    for _ in range(100):
        middle_cursor = views.page(store, everything, after=middle_cursor, limit=500).next
    with sqlite3.connect(store.settings.jobs_file) as raw:
        newest, deep, plain = in_turn(
            PAGES,
            lambda: seconds(lambda: views.page(store, everything, after=None, limit=50)),
            lambda: seconds(lambda: views.page(store, everything, after=middle_cursor, limit=50)),
            lambda: seconds(lambda: raw.execute("SELECT * FROM jobs ORDER BY seq DESC LIMIT 50").fetchall()),
        )
    raw.close()
    return [
        row(
            what,
            1e3 * middle(figures),
            "ms",
            baseline=1e3 * middle(plain),
            baseline_what="the rows alone, by sqlite3",
            budget="< 20 ms",
            ok=middle(figures) < 0.020,
        )
        for what, figures in ((f"newest 50 of {JOBS:,} jobs", newest), (f"50 from the middle of {JOBS:,} jobs", deep))
    ]
