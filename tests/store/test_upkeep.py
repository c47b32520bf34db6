"""What is let go, and what is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.core.lifecycle import EndReason, JobState
from jupyter_training.core.metric import Point
from jupyter_training.errors import InvalidUsage, UnknownJob
from jupyter_training.seams.backend import End
from jupyter_training.store import facts, points, record, upkeep, views
from jupyter_training.store.engine import Store
from jupyter_training.store.record import RecordRow
from jupyter_training.testing.builders import a_submission
from tests.store.conftest import Bench

DAY = 86_400.0

Open = Callable[..., Store]


def a_finished_job(bench: Bench, *, recorded: bool = True) -> JobId:
    job = bench.a_running_job(params={"n": bench.rng.random()}).id
    report(bench, job)
    facts.ended(bench.store, bench.epoch, job, 1, End(EndReason.COMPLETED), bench.now)
    row = RecordRow(job, "0", "run", cursor=200, params_sent=True, ended_sent=recorded, attempts_sent=1)
    record.save(bench.store, row, bench.now)
    return job


def report(bench: Bench, job: JobId) -> None:
    found = [Point("loss", step, 1.0, float(step)) for step in range(200)]
    points.ingest(bench.store, job, [points.Batch(1, "f", 0, 9, found, None)], now=bench.now)


def later(bench: Bench, days: float) -> Instant:
    return Instant(bench.now + days * DAY)


def rows(bench: Bench) -> dict[str, int]:
    counts = {}
    for read, tables in (
        (bench.store.read, ("jobs", "attempts", "records", "specs")),
        (bench.store.read_points, ("series", "points", "pyramid", "offsets", "heads")),
    ):
        with read() as connection:
            for table in tables:
                counts[table] = int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() or 0)
    return counts


def test_old_finished_jobs_go_with_all_that_hangs_on_them(bench: Bench) -> None:
    old = a_finished_job(bench)
    report_ = upkeep.collect(bench.store, now=later(bench, 8), keep_days=7)
    assert ((old,), 0, 200, 1) == (report_.jobs, report_.held_back, report_.points, report_.specs)
    assert {0} == set(rows(bench).values())
    with pytest.raises(UnknownJob):
        views.job(bench.store, old)


def test_what_is_young_unfinished_or_shared_stays(bench: Bench) -> None:
    old = a_finished_job(bench)
    waiting, running = bench.a_job("waiting").id, bench.a_running_job("running").id
    report(bench, running)
    bench.now = later(bench, 6)
    young = a_finished_job(bench)
    assert (old,) == upkeep.collect(bench.store, now=later(bench, 2), keep_days=7).jobs
    left = {job.id for job in views.page(bench.store, views.JobQuery(), after=None, limit=10).jobs}
    assert {waiting, running, young} == left
    assert {running, young} == points.summaries(bench.store, [old, waiting, running, young]).keys()
    assert [] == [finding for finding in upkeep.check(bench.store) if finding.level == "fault"]


def test_a_job_whose_record_is_not_complete_is_held_back(bench: Bench) -> None:
    a_finished_job(bench, recorded=False)
    found = upkeep.collect(bench.store, now=later(bench, 8), keep_days=7)
    assert ((), 1) == (found.jobs, found.held_back)


def test_a_job_that_never_began_has_no_record_to_wait_for(bench: Bench) -> None:
    job = bench.a_job().id
    facts.finished(bench.store, bench.take(), job, EndReason.CANCELED, bench.now)
    assert (job,) == upkeep.collect(bench.store, now=later(bench, 8), keep_days=7).jobs


def test_zero_days_keep_for_ever(bench: Bench) -> None:
    a_finished_job(bench)
    assert () == upkeep.collect(bench.store, now=later(bench, 10_000)).jobs


def test_whoever_shows_a_job_learns_that_it_is_gone(bench: Bench) -> None:
    job = a_finished_job(bench)
    assert {JobState.SUCCEEDED: 1} == views.counts(bench.store)
    before = views.head(bench.store)
    upkeep.collect(bench.store, now=later(bench, 8), keep_days=7)
    (change,) = views.changes(bench.store, before, 10).changes
    assert (ChangeKind.STATE, job) == (change.kind, change.job)
    assert {} == views.counts(bench.store)
    assert [] == views.unfinished(bench.store)


def test_a_key_of_a_job_that_is_gone_is_free_again(bench: Bench) -> None:
    submission = a_submission()
    (first,) = bench.submit(submission)
    facts.finished(bench.store, bench.take(), first.job.id, EndReason.CANCELED, bench.now)
    upkeep.collect(bench.store, now=later(bench, 8), keep_days=7)
    (second,) = bench.submit(submission)
    assert second.created
    assert second.job.version > first.job.version


def test_the_log_keeps_its_newest_lines_and_those_of_the_last_hour(bench: Bench) -> None:
    start = bench.now
    bench.submit(*(a_submission() for _ in range(10)))
    bench.now = Instant(start + 5_000)
    bench.submit(*(a_submission() for _ in range(10)))
    assert 10 == upkeep.collect(bench.store, now=Instant(start + 6_000), keep_changes=3).changes
    assert 0 == upkeep.collect(bench.store, now=Instant(start + 6_000), keep_changes=3).changes
    assert 7 == upkeep.collect(bench.store, now=later(bench, 1), keep_changes=3).changes
    assert [18, 19, 20] == [change.n for change in views.changes(bench.store, 17, 100).changes]


def test_the_newest_line_stays_whatever_is_asked(bench: Bench) -> None:
    bench.submit(*(a_submission() for _ in range(3)))
    upkeep.collect(bench.store, now=later(bench, 1), keep_changes=0)
    assert 3 == views.head(bench.store)
    bench.a_job()
    assert 4 == views.head(bench.store)


def test_points_whose_job_is_gone_are_found_and_swept(bench: Bench) -> None:
    """A collection that died between the jobs and their points left them."""
    job = bench.a_job().id
    report(bench, job)
    with bench.store.write() as connection:
        connection.execute(text("DELETE FROM jobs"))
    assert ["The points of 1 deleted job are still kept."] == [one.sentence for one in upkeep.check(bench.store)]
    assert 200 == upkeep.collect(bench.store, now=bench.now).points
    assert [] == upkeep.check(bench.store)


def test_a_sound_store_has_no_findings(bench: Bench) -> None:
    a_finished_job(bench)
    bench.a_running_job()
    bench.a_job()
    assert [] == upkeep.check(bench.store)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DELETE FROM attempts", "counts as running and has no attempt"),
        ("UPDATE jobs SET state = 'queued'", "has not ended, and its job does not know"),
    ],
)
def test_rows_that_contradict_each_other_are_faults(bench: Bench, damage: str, words: str) -> None:
    bench.a_running_job()
    with bench.store.write() as connection:
        connection.execute(text(damage))
    (finding,) = upkeep.check(bench.store)
    assert "fault" == finding.level
    assert words in finding.sentence


def test_a_damaged_page_is_found(open_store: Open, home: Path) -> None:
    bench = Bench(open_store())
    bench.submit(*(a_submission(params={"n": number}) for number in range(300)))
    bench.store.close()
    with closing(sqlite3.connect(home / "jobs.sqlite")) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_jobs_name'").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(home / "jobs.sqlite", "r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    assert any("is damaged" in finding.sentence for finding in upkeep.check(open_store()))


def test_a_rollback_journal_is_a_note(open_store: Open, home: Path) -> None:
    for name in ("jobs", "points"):
        (home / f"{name}.sqlite-shm").mkdir(parents=True)
    (finding,) = upkeep.check(open_store())
    assert "note" == finding.level
    assert "rollback journal" in finding.sentence


def test_a_server_is_copied_by_its_own_tools(served: Bench, tmp_path: Path) -> None:
    with pytest.raises(InvalidUsage, match="pg_dump"):
        upkeep.backup(served.store, tmp_path / "copy")
