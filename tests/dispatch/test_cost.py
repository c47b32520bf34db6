"""What a short job costs its dispatcher, counted in what it asks of the store: that does not depend on the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from jupyter_training.testing.scripted_backend import Script
from tests.dispatch.stage import Stage

SHORT = Script(runs=0.01)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path / "home", script=lambda order: SHORT)
    yield made
    made.store.close()


@contextmanager
def counted(stage: Stage) -> Iterator[dict[str, int]]:
    """Statements and write transactions, on both databases."""
    found = {"statements": 0, "writes": 0}

    def count(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        found["writes" if statement == "BEGIN IMMEDIATE" else "statements"] += statement != "BEGIN"

    engines = (stage.store.jobs.engine, stage.store.points.engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", count)
    yield found
    for engine in engines:
        event.remove(engine, "before_cursor_execute", count)


def test_what_ended_before_it_was_seen_to_run_has_begun_too(stage: Stage) -> None:
    job = stage.submit("a")
    stage.settle()
    (attempt,) = stage.attempts(job)
    assert attempt.started is not None
    assert attempt.created <= attempt.started == stage.job(job).started


def test_a_short_job_s_price_is_known(stage: Stage) -> None:
    """It may fall. Who raises it makes each trial of each search dearer."""
    stage.submit("first")
    stage.settle()
    stage.submit("another")
    with counted(stage) as found:
        stage.tick()
        stage.tick(1.0)
    assert found["statements"] <= 59
    assert found["writes"] <= 3


def test_a_tick_without_news_writes_nothing(stage: Stage) -> None:
    stage.settle()
    with counted(stage) as found:
        stage.tick(0.1)
    assert 0 == found["writes"]
    assert found["statements"] <= 2
