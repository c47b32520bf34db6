"""What was acknowledged is there after any death; several processes share one store; copies are whole."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from jupyter_training.core.ids import JobId
from jupyter_training.core.metric import Point
from jupyter_training.errors import InvalidUsage
from jupyter_training.settings import Settings
from jupyter_training.store import aside, points, tables, upkeep, views
from jupyter_training.store.engine import Store
from jupyter_training.store.restarts import TOLD, Restart
from jupyter_training.store.views import JobQuery
from tests.store.conftest import Bench

pytestmark = pytest.mark.processes

Open = Callable[..., Store]


@contextmanager
def child(what: str, home: Path) -> Iterator[subprocess.Popen[str]]:
    """A process of ``children``, killed at the end at the latest."""
    words = [sys.executable, "-m", "tests.store.children", what, str(home)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def lines(process: subprocess.Popen[str], count: int) -> list[list[str]]:
    """The next lines, in words."""
    assert process.stdout is not None
    return [process.stdout.readline().split() for _ in range(count)]


def rest(process: subprocess.Popen[str]) -> list[list[str]]:
    """The whole lines that were printed before its death."""
    assert process.stdout is not None
    return [line.split() for line in process.stdout if line.endswith("\n")]


def faults(store: Store) -> list[str]:
    return [finding.sentence for finding in upkeep.check(store) if finding.level == "fault"]


def test_killed_while_it_submits_each_acknowledged_job_is_there(open_store: Open, home: Path) -> None:
    rng = random.Random(11)
    told: list[list[str]] = []
    for _ in range(5):
        with child("submit", home) as process:
            told += lines(process, rng.randrange(1, 60))
            process.kill()
            told += rest(process)
    store = open_store()
    jobs = views.page(store, JobQuery(), after=None, limit=10_000).jobs
    by_key = {job.key: job.id for job in jobs}
    assert {words[0]: words[1] for words in told}.items() <= by_key.items()
    assert len(by_key) == len(jobs)
    assert len(told) <= len(jobs) <= len(told) + 5  # at most the one of each that died before it could say so
    assert [] == faults(store)


def test_killed_while_it_takes_in_points_each_is_there_once(open_store: Open, home: Path) -> None:
    with child("train", home) as process:
        told = lines(process, 70)
        process.kill()
        told += rest(process)
    store = open_store()
    counts: dict[str, int] = {}
    for words in told:
        counts[words[0]] = int(words[1])
    for job, count in counts.items():
        (curve,) = points.series(store, JobId(job), None, budget=10_000)
        stored = [value for _, _, value in curve.points]
        assert len(stored) in (count, count + 50)
        assert [float(step) for step in range(len(stored))] == stored
        assert {(1, "f"): len(stored) * 10} == points.offsets(store, JobId(job))
    assert [] == faults(store)


def test_killed_between_two_slices_a_curve_is_divided_once(
    open_store: Open, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers see all of the curve until it is divided, and who comes next goes on behind the last slice."""
    store = open_store()
    bench = Bench(store)
    job = bench.a_job().id
    whole = [Point("loss", step, 1.0, float(step)) for step in range(6_000)]
    points.ingest(store, job, [points.Batch(1, "f", 0, 1, whole)], now=bench.now)
    slices = 0
    for turns in (1, 4, 9, 1_000):
        with child("divide", home) as process:
            assert process.stdin is not None
            for _ in range(turns):
                (said,) = lines(process, 1)
                if said == ["all"]:
                    break
                slices += 1
                process.stdin.write("\n")
                process.stdin.flush()
            process.kill()
        (curve,) = points.series(store, job, None, budget=10_000)
        assert [float(step) for step in range(6_000)] == [value for _, _, value in curve.points]
        assert 6_000 == len(points.after(store, job, 0, 10_000))
    assert ["all"] == said
    assert 27 <= slices <= 30, "nothing was begun anew"
    monkeypatch.setattr(aside, "_SLICE", 1_000)
    batch = points.Batch(2, "f", 0, 1, [Point("loss", 2_001, 2.0, 0.5)], restart=Restart(TOLD, 2_000))
    points.ingest(store, job, [batch], now=bench.now)
    live, beside = points.series(store, job, None, budget=10_000)
    assert [*range(2_001), 2_001] == [step for step, _, _ in live.points]
    assert (2, [*range(2_001, 6_000)]) == (beside.superseded, [step for step, _, _ in beside.points])
    assert list(range(1, 6_002)) == [n for n, _, _ in points.after(store, job, 0, 10_000)]
    while aside.clear(store):
        pass
    with store.read_points() as connection:
        assert 6_001 == connection.execute(select(func.count()).select_from(tables.points)).scalar()
    assert [] == faults(store)


def test_a_store_that_is_opened_beside_another_in_one_process_takes_nobody_s_log_away(home: Path) -> None:
    """To close a handle of the file would drop the first one's locks; then the last to leave removes its log."""
    with closing(Store.open(Settings(home=home))) as first:
        views.head(first)
        for _ in range(2):
            Store.open(Settings(home=home)).close()
            words = [sys.executable, "-m", "tests.store.children", "submit_some", str(home)]
            subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
        assert 200 == sum(views.counts(first).values())
        with closing(Store.open(Settings(home=home))) as second:
            assert views.head(second) == views.head(first)


def test_two_processes_write_at_once(open_store: Open, home: Path) -> None:
    with child("submit_some", home) as first, child("submit_some", home) as second:
        told = {words[0] for process in (first, second) for words in rest(process)}
    store = open_store()
    assert told == {job.id for job in views.page(store, JobQuery(), after=None, limit=1000).jobs}
    assert 200 == len(told)
    assert list(range(1, 201)) == [change.n for change in views.changes(store, 0, 1000).changes]


def test_a_backup_during_work_is_whole(open_store: Open, home: Path, tmp_path: Path) -> None:
    store = open_store()
    with child("train", home) as process:
        before = lines(process, 45)
        upkeep.backup(store, tmp_path / "copy")
        lines(process, 5)  # it went on meanwhile
    with Store.open(Settings(home=tmp_path / "copy")) as copy:
        assert store.store_id == copy.store_id
        assert [] == upkeep.check(copy)
        for job, count in before:
            (curve,) = points.series(copy, views.job(copy, JobId(job)).id, None, budget=10_000)
            assert curve.count >= int(count)
            assert {(1, "f"): curve.count * 10} == points.offsets(copy, JobId(job))


def test_a_backup_overwrites_nothing_and_leaves_no_half_file(open_store: Open, tmp_path: Path) -> None:
    store = open_store()
    written = upkeep.backup(store, tmp_path / "copy")
    # The points first: a copied point must never lack its job.
    assert ["points.sqlite", "jobs.sqlite"] == [path.name for path in written]
    assert set(written) == set((tmp_path / "copy").iterdir())
    with pytest.raises(InvalidUsage, match="is there already"):
        upkeep.backup(store, tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy" / "jobs.sqlite")) as connection:
        assert ("ok",) == connection.execute("PRAGMA integrity_check").fetchone()
