"""Pools whose capacity a service gives: what it says counts, and a job that found no room waits again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from jupyter_training.core.lifecycle import FREE_RESTART_LIMIT, TERMINAL, EndReason, JobState, Verb
from jupyter_training.core.resources import Pool
from jupyter_training.dispatch.tick import Ticker
from jupyter_training.seams.backend import Backend, End, Standing
from jupyter_training.store import pools, views
from jupyter_training.testing.scripted_backend import Script
from tests.dispatch.stage import Stage

NO_ROOM = End(EndReason.UNPLACED, "There is no room for it.")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    found = Stage(tmp_path / "home")
    pools.write(found.store, Pool("service", "scripted", 0, is_found=True), now=found.clock.now())
    return found


def submit(stage: Stage, name: str) -> str:
    return stage.submit(name, pool="service")


def test_a_job_starts_once_its_pool_has_room(stage: Stage) -> None:
    job = submit(stage, "a")
    stage.backend.has["service"] = Standing(0, "The quota is 0.")
    stage.tick()
    assert (JobState.QUEUED, "The quota is 0.") == (stage.job(job).state, views.pools(stage.store)["service"].remark)
    stage.backend.has["service"] = Standing(1)
    stage.tick(1)
    assert {"a"} == stage.running()
    assert (1, None) == (views.pools(stage.store)["service"].slots, views.pools(stage.store)["service"].remark)


def test_what_a_service_says_again_changes_nothing(stage: Stage) -> None:
    stage.backend.has["service"] = Standing(2, "A word.")
    stage.tick()
    head = views.head(stage.store)
    stage.tick(1)
    assert head == views.head(stage.store)


def test_a_pool_with_a_persons_own_numbers_keeps_them(stage: Stage) -> None:
    pools.write(stage.store, Pool("service", "scripted", 3), now=stage.clock.now())
    stage.backend.has["service"] = Standing(0, "The quota is 0.")
    stage.tick()
    assert (3, None) == (views.pools(stage.store)["service"].slots, views.pools(stage.store)["service"].remark)


def test_a_job_that_found_no_room_waits_again_however_often(stage: Stage) -> None:
    stage.backend.has["service"] = Standing(1)
    stage.scripts["a"] = Script(runs=0, ends=NO_ROOM)
    job = submit(stage, "a")
    for _ in range(2 * FREE_RESTART_LIMIT + 3):
        stage.tick(1)
    assert stage.job(job).state not in TERMINAL
    assert 0 == stage.job(job).retries_used
    stage.scripts["a"] = Script(runs=1)
    stage.settle()
    assert JobState.SUCCEEDED is stage.job(job).state


def test_a_job_that_is_stopped_while_it_finds_no_room_does_not_wait_again(stage: Stage) -> None:
    stage.backend.has["service"] = Standing(1)
    stage.scripts["a"] = Script(starts_after=5, runs=5, ends=NO_ROOM)
    stage.scripts["b"] = Script(starts_after=5, runs=5, ends=NO_ROOM)
    canceled, paused = submit(stage, "a"), submit(stage, "b")
    stage.tick()
    stage.wish(canceled, Verb.CANCEL)
    stage.wish(paused, Verb.PAUSE)
    stage.settle()
    assert JobState.CANCELED is stage.job(canceled).state
    assert JobState.PAUSED is stage.job(paused).state


def asked(stage: Stage) -> list[list[str]]:
    """From now on: the pools whose standing each round asks for."""
    found: list[list[str]] = []
    usual = stage.backend.standings

    def standings(members: Sequence[Pool]) -> Mapping[str, Standing]:
        found.append([pool.name for pool in members])
        return usual(members)

    stage.backend.standings = standings  # type: ignore[method-assign]
    return found


def test_a_service_is_asked_for_pools_only_in_which_a_job_waits_or_runs(stage: Stage) -> None:
    pools.write(stage.store, Pool("other", "scripted", 0, is_found=True), now=stage.clock.now())
    seen = asked(stage)
    stage.tick()
    assert [] == seen, "there is no job"
    stage.submit("local")
    stage.tick(1)
    assert [] == seen, "there is none of the service's"
    job = submit(stage, "a")
    stage.backend.has["service"] = Standing(0)
    stage.tick(1)
    assert [["service"]] == seen, "it waits"
    stage.backend.has["service"] = Standing(1)
    stage.tick(1)
    assert {"a"} <= stage.running()
    stage.wish(job, Verb.PAUSE)
    while stage.job(job).state is not JobState.PAUSED:
        stage.tick(1)
    seen.clear()
    stage.tick(1)
    assert [] == seen, "it is paused"
    stage.wish(job, Verb.ACTIVATE)
    stage.tick(1)
    assert ["service"] in seen
    stage.settle()
    seen.clear()
    stage.tick(1)
    assert [] == seen


def test_a_backend_is_not_even_imported_where_no_job_is(stage: Stage) -> None:
    def import_it(name: str) -> Backend:
        raise AssertionError(f"{name} is not needed")

    Ticker(stage.settings, stage.store, import_it, stage.clock).tick(stage.epoch)
