"""Who stands where is kept between requests, and is never other than what reading everything gives."""

from __future__ import annotations

import random

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import EndReason, JobState, Verb
from jupyter_training.core.queue_view import queue_view
from jupyter_training.core.resources import Pool
from jupyter_training.errors import StoreBusy
from jupyter_training.services import standing as module
from jupyter_training.services.standing import planned, standing
from jupyter_training.store import pools, queue_moves, verbs, views
from jupyter_training.store.engine import Store
from jupyter_training.store.queue_moves import SetPriority
from tests.services.stage import Stage


def test_it_follows_whatever_happens_to_jobs_and_pools(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT", 0.0)
    rng = random.Random(3)
    store, now = stage.site.store, stage.site.now()
    made: list[str] = []
    for turn in range(60):
        deed = rng.randrange(7)
        job = JobId(rng.choice(made)) if made else None
        if deed < 2 or job is None:
            made.append(stage.submit(name=f"j{turn}", priority=rng.choice([1, 42])).job.id)
        elif deed == 2 and stage.job(job).state is JobState.QUEUED:
            stage.begin(job)
        elif deed == 3 and stage.job(job).state is JobState.RUNNING:
            stage.end(job, EndReason.COMPLETED)
        elif deed == 4:
            queue_moves.move_all(store, [(job, SetPriority(rng.randint(1, 99)))], now=now, judge=lambda *_: None)
        elif deed == 5:
            verbs.wish(store, [job], rng.choice([Verb.PAUSE, Verb.ACTIVATE]), now=now, discard=True)
        else:
            pools.write(store, Pool("local", "local", rng.randint(1, 9), is_default=True), now=now)
        fresh = queue_view(views.pools(store), views.unfinished(store))
        with standing(stage.site) as view:
            assert (fresh.order("local"), fresh.pools) == (view.order("local"), view.pools)
            assert {one.id for one in fresh.active} == {one.id for one in view.active}
        assert planned(stage.site).decisions == module.plan(fresh, stage.site.now()).decisions


def test_after_a_change_only_what_changed_is_taken_in(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    first = stage.submit().job.id
    with standing(stage.site) as view:
        assert [first] == view.order("local")
    monkeypatch.setattr(module, "queue_view", None)  # it would be made anew with this
    second = stage.submit(name="second").job.id
    with standing(stage.site) as view:
        assert [first, second] == view.order("local")


def test_what_a_failed_read_has_not_taken_in_the_next_one_does(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    first = stage.submit().job.id
    with standing(stage.site) as view:
        assert [first] == view.order("local")
    second = stage.submit(name="second").job.id

    def fails(_: Store) -> None:
        raise StoreBusy("the store is busy")

    with monkeypatch.context() as patched:
        patched.setattr(views, "pools", fails)
        with pytest.raises(StoreBusy), standing(stage.site):
            pass
    with standing(stage.site) as view:
        assert [first, second] == view.order("local")


def test_a_plan_is_reused_for_a_moment_unless_it_is_to_be_as_of_now(stage: Stage) -> None:
    before = planned(stage.site)
    stage.submit()
    assert before is planned(stage.site)
    assert 1 == len(planned(stage.site, as_of_now=True).decisions)


def test_nobody_is_told_that_a_pool_is_gone_which_was_made_a_moment_ago(stage: Stage) -> None:
    assert "about to start" in stage.submit().job.sentence  # by a plan that knows one pool
    pools.write(stage.site.store, Pool("lab", "local", 1), now=stage.site.now())
    assert "about to start" in stage.submit(pool="lab").job.sentence
