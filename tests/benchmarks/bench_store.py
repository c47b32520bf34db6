"""The store: durable submits, taking in points, lists and charts on large stores.

Baselines are plain SQLite on the same disk in the same run: what the same
durability or the same rows cost without us.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import Instant, Submission
from jupyter_training.core.lifecycle import JobState
from jupyter_training.core.metric import Point
from jupyter_training.settings import Settings
from jupyter_training.store import points, views, wishes
from jupyter_training.store.engine import Store
from jupyter_training.store.views import JobQuery
from jupyter_training.testing.builders import a_submission
from tests.benchmarks.row import Row, in_turn, middle, row, seconds

__all__ = ["measure"]

JOBS = 100_000
POINTS = 1_000_000
BATCH = 1_000  # jobs in one submit
PIECE = 5_000  # points in one batch
SERIES = 10
ROUNDS = 9
NOW = Instant(1_800_000_000.0)
RNG = random.Random(5)


def measure() -> list[Row]:
    """Rows of the budget table. Takes about a minute."""
    with tempfile.TemporaryDirectory() as folder, Store.open(Settings(home=Path(folder) / "home")) as store:
        return [*_submits(store, Path(folder)), *_lists(store), *_intake(store, Path(folder)), *_openings(store)]


def _submits(store: Store, folder: Path) -> Iterator[Row]:
    with _plain(folder / "commits.sqlite", "FULL", "CREATE TABLE t (n INTEGER PRIMARY KEY, body TEXT)") as plain:

        def one_commit() -> sqlite3.Cursor:
            return plain.execute("INSERT INTO t (body) VALUES (?)", ("x" * 300,))

        def commits() -> float:
            return 100 / seconds(lambda: [one_commit() for _ in range(100)])

        def batch() -> float:
            wanted = _submissions(BATCH)
            return BATCH / seconds(lambda: _submit(store, wanted))

        batches, singles = map(middle, in_turn(ROUNDS, batch, commits))
        yield row(
            f"durable submits, {BATCH} at once",
            batches,
            "jobs/s",
            baseline=singles,
            baseline_what="single-row WAL+FULL commits/s",
            budget="> 2,000",
            ok=batches > 2_000,
        )

        def single() -> float:
            (wanted,) = _submissions(1)
            return 1e3 * seconds(lambda: _submit(store, [wanted]))

        own, theirs = map(middle, in_turn(60, single, lambda: 1e3 * seconds(one_commit)))
        yield row("one durable submit", own, "ms", baseline=theirs, baseline_what="one WAL+FULL commit")


def _lists(store: Store) -> Iterator[Row]:
    have = sum(views.counts(store).values())
    for _ in range((JOBS - have) // BATCH):
        _submit(store, _submissions(BATCH))
    assert store.jobs.path is not None
    cursor = None
    for _ in range(500):
        cursor = views.page(store, JobQuery(), after=cursor, limit=100).next
    queued = JobQuery(states=frozenset({JobState.QUEUED, JobState.RUNNING}))
    with closing(sqlite3.connect(store.jobs.path)) as plain:

        def rows() -> float:
            return 1e3 * seconds(plain.execute("SELECT * FROM jobs ORDER BY seq DESC LIMIT 100").fetchall)

        for what, query, after in (
            ("first page of 100,000 jobs", JobQuery(), None),
            ("500th page of 100,000 jobs", JobQuery(), cursor),
            ("first page of those in two states", queued, None),
        ):
            own, theirs = map(middle, in_turn(ROUNDS * 3, _page(store, query, after), rows))
            yield row(what, own, "ms", baseline=theirs, baseline_what="the same rows, bare", budget="< 20", ok=own < 20)

    def queue_after_a_change() -> float:
        _submit(store, _submissions(1))
        return 1e3 * seconds(lambda: views.unfinished(store))

    cold = 1e3 * seconds(lambda: views.unfinished(store))
    entries = views.unfinished(store)

    def order() -> float:
        return 1e3 * seconds(lambda: sorted(entries, key=lambda entry: (entry[0].priority, entry[0].position)))

    warm, theirs = map(middle, in_turn(ROUNDS, queue_after_a_change, order))
    yield row(
        "the queue of 100,000 after a change",
        warm,
        "ms",
        baseline=theirs,
        baseline_what="sorted() of it",
        budget="< 20",
        ok=warm < 20,
    )
    yield row("the same, read for the first time", cold, "ms", baseline=theirs, baseline_what="sorted() of it")


def _intake(store: Store, folder: Path) -> Iterator[Row]:
    job = _submit(store, _submissions(1))[0]
    place = 0

    def ours() -> float:
        nonlocal place
        names = [f"m{number}" for number in range(SERIES)]
        found = [Point(names[n % SERIES], n // SERIES, 1.0, RNG.random()) for n in range(PIECE)]
        batch = points.Batch(1, "f", place, place + 1, found)
        place += 1
        return PIECE / seconds(lambda: points.ingest(store, job, [batch], now=NOW))

    columns = "s INTEGER, n INTEGER, a INTEGER, t INTEGER, w REAL, v REAL, PRIMARY KEY (s, n)"
    table = f"CREATE TABLE p ({columns}) WITHOUT ROWID"
    with _plain(folder / "rows.sqlite", "NORMAL", table) as plain:
        sent = 0

        def theirs() -> float:
            nonlocal sent
            start = sent
            sent += PIECE
            found = [(n % SERIES, n, 1, n // SERIES, 1.0, RNG.random()) for n in range(start, start + PIECE)]

            def write() -> None:
                plain.execute("BEGIN IMMEDIATE")
                plain.executemany("INSERT INTO p VALUES (?, ?, ?, ?, ?, ?)", found)
                plain.execute("COMMIT")

            return PIECE / seconds(write)

        own, bare = map(middle, in_turn(30, ours, theirs))
    yield row(
        f"taking in points, {PIECE} at once",
        own,
        "points/s",
        baseline=bare,
        baseline_what="bare inserts of the same rows",
        budget="> 0.1 x",
        ok=own > 0.1 * bare,
    )
    long = _submit(store, _submissions(1))[0]
    for start in range(0, POINTS, 50_000):
        found = [Point("loss", step, float(step), RNG.random()) for step in range(start, start + 50_000)]
        points.ingest(store, long, [points.Batch(1, "f", start, start + 50_000, found)], now=NOW)

    def chart() -> float:
        return 1e3 * seconds(lambda: points.series(store, long, None, budget=500))

    assert store.points.path is not None
    with closing(sqlite3.connect(store.points.path)) as plain:

        def everything() -> float:
            last = "SELECT step, time, value FROM points WHERE series = (SELECT max(id) FROM series)"
            return 1e3 * seconds(plain.execute(last).fetchall)

        own, bare = map(middle, in_turn(5, chart, everything))
    yield row(
        "a chart of 500 points from 1,000,000",
        own,
        "ms",
        baseline=bare,
        baseline_what="reading them all",
        budget="< 50",
        ok=own < 50,
    )


def _openings(store: Store) -> Iterator[Row]:
    assert store.jobs.path is not None
    path = store.jobs.path

    def ours() -> float:
        return 1e3 * seconds(lambda: Store.open(store.settings).close())

    def theirs() -> float:
        def look() -> None:
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

        return 1e3 * seconds(look)

    own, bare = map(middle, in_turn(ROUNDS, ours, theirs))
    yield row("opening the store", own, "ms", baseline=bare, baseline_what="sqlite3.connect and a look")


def _page(store: Store, query: JobQuery, after: str | None) -> Callable[[], float]:
    return lambda: 1e3 * seconds(lambda: views.page(store, query, after=after, limit=100))


def _submissions(count: int) -> list[Submission]:
    """Jobs of a sweep: each with parameters of its own."""
    return [a_submission("sweep", params={"lr": RNG.random(), "depth": 4, "seed": n}) for n in range(count)]


def _submit(store: Store, wanted: list[Submission]) -> list[JobId]:
    stored = wishes.submit(store, wanted, new_id=lambda: new_job_id(RNG), now=Instant(time.time()))
    return [one.job.id for one in stored]


@contextmanager
def _plain(path: Path, synchronous: str, table: str) -> Iterator[sqlite3.Connection]:
    """SQLite without us, with the same durability."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute(table)
        yield connection
