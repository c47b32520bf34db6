"""Moves that take long: others can write in between, and those that are all or none are given up."""

from __future__ import annotations

import pytest

from jupyter_training.core.resources import Pool
from jupyter_training.errors import IllegalMove
from jupyter_training.store import pools, queue_moves, views
from jupyter_training.store.engine import Store
from jupyter_training.store.queue_moves import SetPriority, move_all
from tests.store.conftest import START, Bench


def test_what_need_not_be_one_step_lets_others_write_in_between(local: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here each move takes as long as a transaction may."""
    monkeypatch.setattr(queue_moves, "_LONG", -1.0)
    pools.write(local.store, Pool("local", "local", 1), now=START)
    made = [local.a_job(name) for name in ("a", "b", "c")]
    heads: list[int] = []
    write = Store.write

    def watched(store: Store) -> object:
        heads.append(views.head(store))
        return write(store)

    monkeypatch.setattr(Store, "write", watched)
    outcomes = move_all(
        local.store, [(job.id, SetPriority(7)) for job in made], now=START, judge=lambda job, name, known: None
    )
    assert [7, 7, 7] == [getattr(one, "priority", None) for one in outcomes]
    assert [heads[0], heads[0] + 1, heads[0] + 2] == heads


def test_all_or_none_that_takes_too_long_is_none(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_moves, "_LONGEST", -1.0)
    pools.write(bench.store, Pool("local", "local", 1), now=START)
    made = [bench.a_job(name) for name in ("a", "b")]
    head = views.head(bench.store)
    wished = [(job.id, SetPriority(7)) for job in made]
    outcomes = move_all(bench.store, wished, now=START, judge=lambda job, name, known: None, atomic=True)
    assert all(isinstance(one, IllegalMove) and "2 moves take too long" in str(one) for one in outcomes)
    assert 2 == len(outcomes)
    assert head == views.head(bench.store)
    assert {42} == {views.job(bench.store, job.id).priority for job in made}
