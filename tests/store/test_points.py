"""Curves are taken in exactly once, summed up, and handed on in order."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.eta import Marks
from jupyter_training.core.ids import JobId
from jupyter_training.core.metric import Point, Progress
from jupyter_training.store import points, views
from jupyter_training.store.points import Batch
from tests.store.conftest import Bench

JOB = JobId("aaaaaaaaaa")


def some(*values: float | None, name: str = "loss", first: int = 0, source: str = "report") -> list[Point]:
    return [Point(name, first + place, 100.0 + place, value, source) for place, value in enumerate(values)]  # type: ignore[arg-type]


def ingest(bench: Bench, job: JobId, *batches: Batch) -> int:
    return points.ingest(bench.store, job, batches, now=bench.now)


def curve(bench: Bench, job: JobId, budget: int = 1000) -> list[float | None]:
    (found,) = points.series(bench.store, job, None, budget=budget)
    return [value for _, _, value in found.points]


def test_points_are_read_back_in_the_order_of_reporting(bench: Bench) -> None:
    job = bench.a_job().id
    assert 3 == ingest(bench, job, Batch(1, "a.page", 0, 90, some(3.0, None, 1.5)))
    (found,) = points.series(bench.store, job, ["loss"], budget=100)
    assert ("loss", "report", 3, False) == (found.name, found.source, found.count, found.sampled)
    assert ((0, 100.0, 3.0), (1, 101.0, None), (2, 102.0, 1.5)) == found.points


def test_a_batch_sent_twice_counts_once(bench: Bench) -> None:
    job = bench.a_job().id
    batch = Batch(1, "a.page", 0, 50, some(1.0, 2.0))
    assert 2 == ingest(bench, job, batch)
    head = views.head(bench.store)
    assert 0 == ingest(bench, job, batch)
    assert [1.0, 2.0] == curve(bench, job)
    assert head == views.head(bench.store)


@pytest.mark.parametrize(("start", "end"), [(49, 80), (51, 80), (0, 80), (50, 50), (50, 40)])
def test_an_attempt_of_which_a_batch_does_not_follow_is_left_out_and_named(bench: Bench, start: int, end: int) -> None:
    """With all that was read together with it: what it means may depend on what was read before."""
    job, other = bench.a_job().id, bench.a_job().id
    ingest(bench, job, Batch(1, "a.page", 0, 50, some(1.0)))
    again = Batch(1, "b.page", 0, 10, some(8.0)), Batch(1, "a.page", start, end, some(9.0))
    later, beside = Batch(2, "a.page", 0, 10, some(2.0)), Batch(1, "a.page", 0, 10, some(5.0))
    taken = points.ingest_all(bench.store, {job: [*again, later], other: [beside]}, now=bench.now)
    assert points.Taken(2, frozenset({job})) == taken
    assert {(1, "a.page"): 50, (2, "a.page"): 10} == points.offsets(bench.store, job)
    assert [1.0, 2.0] == curve(bench, job)
    assert [5.0] == curve(bench, other)


def test_pieces_of_one_file_may_come_in_one_call(bench: Bench) -> None:
    job = bench.a_job().id
    assert 2 == ingest(bench, job, Batch(1, "a", 0, 5, some(1.0)), Batch(1, "a", 5, 9, some(2.0)))
    assert {(1, "a"): 9} == points.offsets(bench.store, job)


def test_a_piece_without_points_still_moves_the_offset_and_logs_nothing(bench: Bench) -> None:
    job = bench.a_job().id
    head = views.head(bench.store)
    assert 0 == ingest(bench, job, Batch(1, "log", 0, 4096, []))
    assert {(1, "log"): 4096} == points.offsets(bench.store, job)
    assert head == views.head(bench.store)


def test_a_call_makes_one_change(bench: Bench) -> None:
    job = bench.a_job().id
    before = views.head(bench.store)
    ingest(bench, job, Batch(1, "a", 0, 5, some(1.0, 2.0)), Batch(1, "b", 0, 5, some(3.0)))
    (change,) = views.changes(bench.store, before, 10).changes
    assert (ChangeKind.POINTS, job) == (change.kind, change.job)
    assert change.n == views.job(bench.store, job).version


def test_files_of_two_attempts_are_kept_apart(bench: Bench) -> None:
    job = bench.a_job().id
    ingest(bench, job, Batch(1, "a", 0, 5, some(1.0)), Batch(2, "a", 0, 7, some(2.0)))
    assert {(1, "a"): 5, (2, "a"): 7} == points.offsets(bench.store, job)
    assert [1, 2] == [attempt for _, attempt, _ in points.after(bench.store, job, 0, 10)]


def test_a_summary_knows_the_last_the_lowest_and_the_highest(bench: Bench) -> None:
    job = bench.a_job().id
    ingest(bench, job, Batch(1, "a", 0, 5, some(3.0, 1.0)))
    ingest(bench, job, Batch(1, "a", 5, 9, some(7.0, None, 2.0, first=2)))
    summary = points.summaries(bench.store, [job, JOB])[job]["loss"]
    assert (5, 2.0, 4) == (summary.count, summary.last, summary.last_step)
    assert (1.0, 1, 7.0, 2) == (summary.low, summary.low_step, summary.high, summary.high_step)


def test_a_series_of_gaps_has_no_lowest(bench: Bench) -> None:
    job = bench.a_job().id
    ingest(bench, job, Batch(1, "a", 0, 5, some(None, None)))
    summary = points.summaries(bench.store, [job])[job]["loss"]
    assert (2, None, None, None) == (summary.count, summary.last, summary.low, summary.high_step)


def test_what_is_no_finite_number_becomes_a_gap_and_a_huge_step_fits(bench: Bench) -> None:
    job = bench.a_job().id
    odd = [Point("x", 10**30, 1.0, float("nan")), Point("x", -(10**30), 2.0, float("inf")), Point("x", 3, 3.0, -1e308)]
    assert 3 == ingest(bench, job, Batch(1, "a", 0, 5, odd))
    (found,) = points.series(bench.store, job, None, budget=10)
    assert [(2**63 - 1, None), (-(2**63) + 1, None), (3, -1e308)] == [(step, value) for step, _, value in found.points]


def test_names_that_no_database_holds_are_made_to_fit_in_order(bench: Bench) -> None:
    job = bench.a_job().id
    odd = [Point(name, place, 1.0, float(place)) for place, name in enumerate(("a\0", "a\ud800", "a?", "ä"))]
    ingest(bench, job, Batch(1, "a", 0, 5, odd))
    found = {one.name: [value for _, _, value in one.points] for one in points.series(bench.store, job, None, budget=9)}
    assert {"a?": [0.0, 1.0, 2.0], "ä": [3.0]} == found
    assert ["a\0"] != [one.name for one in points.series(bench.store, job, ["a\0"], budget=9)]


def test_sources_are_told_apart_and_report_wins_in_the_summary(bench: Bench) -> None:
    job = bench.a_job().id
    ingest(
        bench,
        job,
        Batch(1, "a", 0, 5, [*some(9.0, source="log"), *some(1.0), *some(50.0, name="cpu", source="machine")]),
    )
    summaries = points.summaries(bench.store, [job])[job]
    assert {"loss": "report", "cpu": "machine"} == {name: one.source for name, one in summaries.items()}
    kept = points.series(bench.store, job, None, budget=9, sources=frozenset({"report", "log", "mlflow"}))
    assert [("loss", "log"), ("loss", "report")] == [(one.name, one.source) for one in kept]
    assert [] == points.series(bench.store, job, ["never"], budget=9)


def test_progress_is_the_last_one_told(bench: Bench) -> None:
    job = bench.a_job().id
    first, last = Progress(1, 10, "epoch", 5.0), Progress(2, None, "it", 6.0, "two \ud800")
    ingest(bench, job, Batch(1, "a", 0, 5, [], first), Batch(1, "b", 0, 5, [], last))
    ingest(bench, job, Batch(1, "a", 5, 6, some(1.0)))
    began = (2, 6.0)  # another unit is another count, and the marks begin anew
    marks = Marks(began, began, began, None, "it")
    assert {job: Progress(2, None, "it", 6.0, "two ?", marks)} == points.progress(bench.store, [job, JOB])


def test_the_way_of_progress_is_marked(bench: Bench) -> None:
    job = bench.a_job().id
    for place, done in enumerate((1, 2, 4, 8)):
        told = Progress(done, 10, "epoch", float(done))
        ingest(bench, job, Batch(1, "a", place, place + 1, [], told))
    marks = points.progress(bench.store, [job])[job].marks
    assert Marks((1, 1.0), (4, 4.0), (8, 8.0), 10, "epoch") == marks


def test_the_mirror_gets_each_point_once_in_order_whatever_the_limit(bench: Bench) -> None:
    job, other = bench.a_job().id, bench.a_job().id
    sent = []
    for piece in range(10):
        mixed = [point for name in ("a", "b", "c") for point in some(float(piece), name=name, first=piece)]
        ingest(bench, job, Batch(1, "f", piece, piece + 1, mixed))
        ingest(bench, other, Batch(1, "f", piece, piece + 1, some(-1.0)))
        sent += mixed
    for limit in (1, 7, 1000):
        got: list[Point] = []
        cursor = 0
        while found := points.after(bench.store, job, cursor, limit):
            assert len(found) <= limit
            got += [point for _, _, point in found]
            cursor = found[-1][0]
        assert sent == got


def test_jobs_taken_in_at_once_do_not_mix(bench: Bench) -> None:
    jobs = [bench.a_job().id for _ in range(8)]

    def feed(job: JobId) -> None:
        for piece in range(10):
            values = [float(piece * 10 + step) for step in range(10)]
            ingest(bench, job, Batch(1, "f", piece, piece + 1, some(*values, first=piece * 10)))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(feed, jobs))
    for job in jobs:
        assert [float(step) for step in range(100)] == curve(bench, job)


def test_two_ingesters_of_one_job_count_nothing_twice(bench: Bench) -> None:
    """A dispatcher that lost its lease may still be taking in while its successor does."""
    job = bench.a_job().id
    rng = random.Random(3)
    values = [rng.random() for _ in range(400)]
    pieces = [
        Batch(1, "f", start, start + 20, some(*values[start : start + 20], first=start)) for start in range(0, 400, 20)
    ]

    def feed(_: int) -> int:
        return sum(ingest(bench, job, piece) for piece in pieces)

    with ThreadPoolExecutor(4) as threads:
        assert 400 == sum(threads.map(feed, range(4)))
    assert values == curve(bench, job)
