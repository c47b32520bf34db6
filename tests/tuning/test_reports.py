"""What a trial has reported of its objective: the k-th time that every metric was there."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.metric import Point
from jupyter_training.store import points, reports
from tests.dispatch.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "home")


def ingest(stage: Stage, job: JobId, found: list[Point], at: int = 0) -> None:
    batch = points.Batch(1, "file", at, at + 1, found)
    points.ingest(stage.store, job, [batch], now=stage.clock.now())


def test_only_what_is_there_of_all_counts_and_only_what_is_new_is_read(stage: Stage) -> None:
    job, now = stage.submit("a"), stage.clock.now()
    ingest(stage, job, [Point("loss", k, now, float(k)) for k in range(1, 8)])
    ingest(stage, job, [Point("size", k, now, 10.0 * k) for k in range(1, 6)], at=1)
    ingest(stage, job, [Point("other", 1, now, None)], at=2)

    def since(told: int, *metrics: str) -> list[tuple[int, int, tuple[float | None, ...]]]:
        found = reports.since(stage.store, {job: told}, metrics)[job]
        assert ("loss", "other", "size") == found.names
        return [(one.count, one.step, one.values) for one in found.reports]

    assert [(k, k, (float(k), 10.0 * k)) for k in (3, 4, 5)] == since(2, "loss", "size")
    assert [(6, 6, (6.0,)), (7, 7, (7.0,))] == since(5, "loss")
    assert [] == since(5, "loss", "size") == since(0, "loss", "nobody's")
    assert [(1, 1, (None,))] == since(0, "other")
    assert (5, 7, 0) == tuple(
        reports.count(stage.store, job, metrics) for metrics in (["loss", "size"], ["loss"], ["loss", "nobody's"])
    )


def test_where_one_call_reports_all_of_them_only_such_calls_count(stage: Stage) -> None:
    """An accuracy in each epoch, and at the end both."""
    job, now = stage.submit("a"), stage.clock.now()
    ingest(stage, job, [Point("accuracy", k, now + k, k / 10) for k in range(1, 6)])
    ingest(stage, job, [Point("accuracy", 6, now + 6, 0.5), Point("size", 0, now + 6, 3.0)], at=1)

    (report,) = reports.since(stage.store, {job: 0}, ["accuracy", "size"])[job].reports

    assert (1, (0.5, 3.0)) == (report.count, report.values)
    assert 1 == reports.count(stage.store, job, ["accuracy", "size"])
    assert () == reports.since(stage.store, {job: 1}, ["accuracy", "size"])[job].reports
