"""The mirror's memory: what it has still to copy, and what it has."""

from __future__ import annotations

from dataclasses import replace

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.core.metric import Point
from jupyter_training.seams.backend import End
from jupyter_training.store import facts, points, record, views
from jupyter_training.store.record import RecordRow
from jupyter_training.store.tables import records
from jupyter_training.testing.builders import a_submission
from tests.store.conftest import Bench


def pending(bench: Bench, limit: int = 10) -> list[JobId]:
    return [job.id for job in record.pending(bench.store, limit)]


def report(bench: Bench, job: JobId, start: int) -> None:
    batch = points.Batch(1, "f", start, start + 1, [Point("loss", start, 1.0, 0.5)])
    points.ingest(bench.store, job, [batch], now=bench.now)


def caught_up(job: JobId, **more: object) -> RecordRow:
    row = RecordRow(job, "0", "run-1", cursor=0, params_sent=True, attempts_sent=1)
    return replace(row, **more)  # type: ignore[arg-type]


def test_what_was_saved_is_loaded(bench: Bench) -> None:
    job = bench.a_job().id
    assert None is record.load(bench.store, job)
    row = RecordRow(job, "7", "run", 42, True, False, 1)
    record.save(bench.store, row, bench.now)
    assert row == record.load(bench.store, job)
    assert "run" == views.job(bench.store, job).run_id


def test_a_job_that_waits_has_no_record_yet(bench: Bench) -> None:
    bench.a_job()
    assert [] == pending(bench)


def test_a_job_is_behind_until_run_points_attempts_and_end_are_copied(bench: Bench) -> None:
    job = bench.a_running_job().id
    assert [job] == pending(bench)
    record.save(bench.store, caught_up(job), bench.now)
    assert [] == pending(bench)
    report(bench, job, 0)
    assert [job] == pending(bench)
    record.save(bench.store, caught_up(job, cursor=1), bench.now)
    assert [] == pending(bench)
    facts.ended(bench.store, bench.epoch, job, 1, End(EndReason.NOT_BEGUN), bench.now)
    bench.begin([job])
    assert [job] == pending(bench)
    record.save(bench.store, caught_up(job, cursor=1, attempts_sent=2), bench.now)
    assert [] == pending(bench)
    facts.ended(bench.store, bench.epoch, job, 2, End(EndReason.COMPLETED), bench.now)
    assert [job] == pending(bench)
    record.save(bench.store, caught_up(job, cursor=1, attempts_sent=2, ended_sent=True), bench.now)
    assert [] == pending(bench)


def test_points_that_come_after_the_end_open_the_record_again(bench: Bench) -> None:
    job = bench.a_running_job().id
    facts.ended(bench.store, bench.epoch, job, 1, End(EndReason.COMPLETED), bench.now)
    record.save(bench.store, caught_up(job, ended_sent=True), bench.now)
    report(bench, job, 0)
    assert [job] == pending(bench)
    loaded = record.load(bench.store, job)
    assert loaded is not None
    assert not loaded.ended_sent


def test_a_change_is_logged_when_the_run_is_known_or_complete_and_not_between(bench: Bench) -> None:
    job = bench.a_running_job().id
    before = views.head(bench.store)
    for row in (caught_up(job), caught_up(job, cursor=5), caught_up(job, cursor=9, ended_sent=True)):
        record.save(bench.store, row, bench.now)
    found = views.changes(bench.store, before, 10).changes
    assert [(ChangeKind.RUN, job), (ChangeKind.RUN, job)] == [(change.kind, change.job) for change in found]


def test_the_oldest_come_first_however_many_are_up_to_date(bench: Bench) -> None:
    jobs = [stored.job.id for stored in bench.submit(*(a_submission() for _ in range(1200)))]
    bench.begin(jobs)
    with bench.store.write() as connection:
        for job in jobs[:1100]:
            connection.execute(records.insert().values(**vars(caught_up(job))))
    assert jobs[1100:1103] == pending(bench, 3)
