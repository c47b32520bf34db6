"""From an attempt's files into the store: exactly once, whatever they hold."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant
from jupyter_training.dispatch.ingest import Ingester
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
    (ingester or Ingester(stage.store)).ingest(stage.job(job), attempt, folder, now=NOW, final=final)


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
