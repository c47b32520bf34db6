"""What a job starts after: a ring is refused however long it is, and finding it is one look."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event

from jupyter_training.core.job import Job
from jupyter_training.errors import InvalidSpec
from jupyter_training.store import dependencies, views
from jupyter_training.testing.builders import a_submission
from tests.store.conftest import Bench


def after(bench: Bench, name: str, before: Job) -> Job:
    (stored,) = bench.submit(replace(a_submission(name), after=(before.id,)))
    return stored.job


def a_chain(bench: Bench, length: int) -> list[Job]:
    made = [bench.a_job("j0")]
    for number in range(1, length):
        made.append(after(bench, f"j{number}", made[-1]))
    return made


def test_a_ring_over_others_is_refused_with_its_way_and_changes_nothing(bench: Bench) -> None:
    made = a_chain(bench, 4)
    beside = after(bench, "beside", made[1])
    head = views.head(bench.store)
    with pytest.raises(InvalidSpec, match="j0 -> beside -> j1 -> j0"):
        dependencies.set_after(bench.store, made[0].id, [beside.id, made[3].id], now=bench.now)
    assert head == views.head(bench.store)
    assert 1 == dependencies.set_after(bench.store, beside.id, [made[3].id], now=bench.now).unmet


def test_a_long_chain_is_looked_through_with_as_few_questions_as_a_short_one(bench: Bench) -> None:
    """All others wait meanwhile."""
    short, long = a_chain(bench, 3), a_chain(bench, 60)
    counts = []
    for chain in (short, long):
        asked: list[str] = []

        def note(*what: object, asked: list[str] = asked) -> None:
            asked.append(str(what[2]))

        event.listen(bench.store.jobs.engine, "before_cursor_execute", note)
        with pytest.raises(InvalidSpec):
            dependencies.set_after(bench.store, chain[0].id, [chain[-1].id], now=bench.now)
        event.remove(bench.store.jobs.engine, "before_cursor_execute", note)
        counts.append(len(asked))
    assert counts[1] <= counts[0]
