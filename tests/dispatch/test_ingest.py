"""From an attempt's files into the store: exactly once, whatever they hold."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.dispatch import ingest
from jupyter_training.dispatch.ingest import Ingester
from jupyter_training.errors import StoreFull
from jupyter_training.languages import output_lines
from jupyter_training.spool import layout
from jupyter_training.spool.lines import PageWriter
from jupyter_training.store import points, views
from tests.dispatch.stage import Stage

NOW = Instant(1_800_000_000.0)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "home")


@pytest.fixture
def job(stage: Stage) -> JobId:
    job = stage.submit("digits")
    stage.tick()
    return job


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "attempt"
    folder.mkdir()
    return folder


def take_in(stage: Stage, job: JobId, folder: Path, *, ingester: Ingester | None = None, final: bool = False) -> None:
    (attempt,) = stage.attempts(job)
    (ingester or Ingester(stage.store)).ingest(stage.job(job), attempt, folder, epoch=stage.epoch, now=NOW, final=final)


def curve(stage: Stage, job: JobId, name: str) -> list[tuple[int, float | None]]:
    return [
        (step, value)
        for series in points.series(stage.store, job, [name], budget=10_000, sources=None)
        for step, _, value in series.points
    ]


def test_reported_points_are_taken_in_once_by_any_number_of_dispatchers(stage: Stage, job: JobId, folder: Path) -> None:
    writer = PageWriter(str(folder))
    for step in range(100):
        assert writer.write(b'["p",1800000000000000,%d,{"loss":%d.5}]\n' % (step, step))
        if step % 7 == 0:
            take_in(stage, job, folder)  # each time by one that knows nothing but the store
    take_in(stage, job, folder, final=True)
    assert [(step, step + 0.5) for step in range(100)] == curve(stage, job, "loss")


def test_points_without_a_step_are_counted_on_by_a_successor(stage: Stage, job: JobId, folder: Path) -> None:
    writer = PageWriter(str(folder))
    for value in range(6):
        writer.write(b'["p",1800000000000000,null,{"loss":%d}]\n' % value)
        if value % 2:
            take_in(stage, job, folder)
    assert [(number, float(number)) for number in range(6)] == curve(stage, job, "loss")


def test_a_gap_stays_a_gap(stage: Stage, job: JobId, folder: Path) -> None:
    PageWriter(str(folder)).write(b'["p",1800000000000000,3,{"loss":null}]\n')
    take_in(stage, job, folder)
    assert [(3, None)] == curve(stage, job, "loss")


def test_metrics_are_read_from_printed_lines(stage: Stage, job: JobId, folder: Path) -> None:
    (folder / "log").write_text("start\nepoch 1/3 loss=0.5\nepoch 2/3 loss=0.4\nepoch 3/3 lo")
    take_in(stage, job, folder)
    assert [(1, 0.5), (2, 0.4)] == curve(stage, job, "loss")
    with open(folder / "log", "a") as log:
        log.write("ss=0.3")
    take_in(stage, job, folder, final=True)
    assert [(1, 0.5), (2, 0.4), (3, 0.3)] == curve(stage, job, "loss")
    assert (3.0, 3.0) == (points.progress(stage.store, [job])[job].done, points.progress(stage.store, [job])[job].total)


def test_a_kept_figure_is_a_change_of_the_job_by_itself(stage: Stage, job: JobId, folder: Path) -> None:
    before = views.head(stage.store)
    PageWriter(str(folder)).write(b'["f",1800000000000000,"figures/0001.png"]\n')
    take_in(stage, job, folder)
    assert views.head(stage.store) > before
    before = views.head(stage.store)
    take_in(stage, job, folder)
    assert views.head(stage.store) == before


def test_what_the_code_reports_is_not_read_from_its_output_again(stage: Stage, job: JobId, folder: Path) -> None:
    PageWriter(str(folder)).write(b'["p",1800000000000000,1,{"loss":0.5}]\n')
    (folder / "log").write_text("epoch 1/3 loss=0.5 acc=0.9\n")
    take_in(stage, job, folder)
    assert [(1, 0.5)] == curve(stage, job, "loss")
    assert [(1, 0.9)] == curve(stage, job, "acc")


@pytest.mark.parametrize("seed", range(5))
def test_garbage_harms_nothing_that_stands_beside_it(stage: Stage, job: JobId, folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    (folder / "events-1-1-0.page").write_bytes(rng.randbytes(50_000))
    (folder / "log").write_bytes(rng.randbytes(200_000) + b"x" * 10_000_000 + b"\nepoch 7/9 loss=0.25\n")
    writer = PageWriter(str(folder))
    writer.write(b'["p",1800000000000000,1,{"accuracy":0.5}]\n')
    take_in(stage, job, folder, final=True)
    assert [(1, 0.5)] == curve(stage, job, "accuracy")
    assert (7, 0.25) in curve(stage, job, "loss")


def test_a_pattern_that_takes_for_ever_is_given_up_once_and_holds_nobody_up(
    stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_lines, "PATIENCE", 0.05)
    job = stage.submit("digits", metrics={"loss": r"loss=([\d.]+)", "accuracy": r"acc: ((1|11)+)$"})
    stage.tick()
    (folder / "log").write_text(f"loss=0.5\nacc: {'1' * 200} x\nloss=0.4\n")

    take_in(stage, job, folder)

    assert [(0, 0.5)] == curve(stage, job, "loss")
    assert {"metric": "accuracy"} == layout.read_json(layout.slow_file(folder))
    with open(folder / "log", "a") as log:
        log.write('loss=0.3\n[tune-metric]: {"score": 1}\n')
    monkeypatch.setattr(output_lines, "PATIENCE", 100.0)
    take_in(stage, job, folder, ingester=Ingester(stage.store))  # a successor tries it no more
    assert [(0, 0.5)] == curve(stage, job, "loss")
    assert [(0, 1.0)] == curve(stage, job, "score")


def test_a_page_with_overwritten_bytes_gives_the_rest(stage: Stage, job: JobId, folder: Path) -> None:
    writer = PageWriter(str(folder))
    for step in range(200):
        writer.write(b'["p",1800000000000000,%d,{"loss":1}]\n' % step)
    (page,) = folder.glob("*.page")
    with open(page, "r+b") as file:
        os.pwrite(file.fileno(), b"\xff\x00garbage\x00\xfe", 2_000)
    take_in(stage, job, folder, final=True)
    found = {step for step, _ in curve(stage, job, "loss")}
    assert 190 <= len(found) < 200
    assert {0, 199} <= found


def test_a_glance_tells_whether_more_was_written_since(stage: Stage, job: JobId, folder: Path) -> None:
    """Of the pages and of the log; and it takes nothing in itself."""
    (attempt,) = stage.attempts(job)
    ingester = Ingester(stage.store)
    writer = PageWriter(str(folder))
    assert writer.write(b'["p",1800000000000000,0,{"loss":1.5}]\n')
    (folder / "log").write_bytes(b"begins\n")
    assert not ingester.waits(attempt, folder), "nobody has begun to read"
    take_in(stage, job, folder, ingester=ingester)
    assert not ingester.waits(attempt, folder)

    assert writer.write(b'["p",1800000000000000,1,{"loss":0.5}]\n')
    assert ingester.waits(attempt, folder)
    assert ingester.waits(attempt, folder)
    take_in(stage, job, folder, ingester=ingester)
    assert [(0, 1.5), (1, 0.5)] == curve(stage, job, "loss")
    assert not ingester.waits(attempt, folder)

    with open(folder / "log", "ab") as log:
        log.write(b"more\n")
    assert ingester.waits(attempt, folder)
    take_in(stage, job, folder, ingester=ingester, final=True)
    assert not ingester.waits(attempt, folder)


def several(stage: Stage, tmp_path: Path, count: int) -> list[tuple[Job, Attempt, Path]]:
    """Attempts of as many jobs, each with a folder."""
    found = []
    for number in range(count):
        job = stage.submit(f"job-{number}", slots=0)
        folder = tmp_path / f"several-{number}"
        folder.mkdir()
        found.append((job, folder))
    stage.tick()
    return [(stage.job(job), stage.attempts(job)[-1], folder) for job, folder in found]


def test_what_several_attempts_wrote_is_taken_in_together(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "_TOGETHER", 3)
    running = several(stage, tmp_path, 7)
    for number, (_, _, folder) in enumerate(running):
        if number != 4:  # one has nothing to say
            PageWriter(str(folder)).write(b'["p",1800000000000000,null,{"loss":%d}]\n' % number)
    before = views.head(stage.store)
    ingester = Ingester(stage.store)
    assert 6 == ingester.ingest_all(running, epoch=stage.epoch, now=NOW)
    assert 0 == ingester.ingest_all(running, epoch=stage.epoch, now=NOW)
    assert [[(0, float(number))] if number != 4 else [] for number in range(7)] == [
        curve(stage, job.id, "loss") for job, _, _ in running
    ]
    told = views.changes(stage.store, before, 100).changes
    assert [job.id for number, (job, _, _) in enumerate(running) if number != 4] == [change.job for change in told]
    assert [change.n for change in told] == [
        stage.job(job.id).version for number, (job, _, _) in enumerate(running) if number != 4
    ]


def test_what_could_not_be_stored_is_read_again_as_if_for_the_first_time(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = several(stage, tmp_path, 2)
    ingester = Ingester(stage.store)
    writers = [PageWriter(str(folder)) for _, _, folder in running]
    for writer in writers:
        writer.write(b'["p",1800000000000000,null,{"loss":1}]\n')
    ingester.ingest_all(running, epoch=stage.epoch, now=NOW)
    for writer in writers:
        writer.write(b'["p",1800000000000000,null,{"loss":2}]\n')

    def full(*_: object, **__: object) -> int:
        raise StoreFull("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(points, "ingest_all", full)
        for _ in range(3):
            with pytest.raises(StoreFull):
                ingester.ingest_all(running, epoch=stage.epoch, now=NOW)
    assert 2 == ingester.ingest_all(running, epoch=stage.epoch, now=NOW)
    assert [[(0, 1.0), (1, 2.0)]] * 2 == [curve(stage, job.id, "loss") for job, _, _ in running]


@pytest.mark.parametrize("final", [False, True])
def test_what_a_predecessor_takes_in_late_costs_its_successor_no_point(
    stage: Stage, tmp_path: Path, final: bool
) -> None:
    """It was suspended inside its transaction: that ends when its successor remembers how far the files were read."""
    attempts = several(stage, tmp_path, 2)
    (job, attempt, folder), _ = attempts
    writers = [PageWriter(str(place)) for place in (folder, folder, attempts[1][2])]
    predecessor, successor = Ingester(stage.store), Ingester(stage.store)

    def report(count: int) -> None:
        for writer in writers * count:
            writer.write(b'["p",1800000000000000,null,{"loss":1}]\n')
        with open(folder / "log", "a") as log:
            log.write("step 1 acc=0.5\n" * count)

    report(1)
    assert 4 == successor.ingest_all(attempts, epoch=stage.epoch, now=NOW)
    report(1)
    assert 3 == predecessor.ingest(job, attempt, folder, epoch=stage.epoch, now=NOW)
    report(3)
    if final:
        assert 9 == successor.ingest(job, attempt, folder, epoch=stage.epoch, now=NOW, final=True)
    else:
        taken = [successor.ingest_all(attempts, epoch=stage.epoch, now=NOW) for _ in range(3)]
        assert [4, 9, 0] == taken, "the other attempt's points wait for nobody; the first one's are read again"
    assert [(step, 1.0) for step in range(10)] == curve(stage, job.id, "loss")
    assert [0.5] * 5 == [value for _, value in curve(stage, job.id, "acc")]
