"""A driver that leaves, comes back, is interrupted by the store, and is forgiven what its attempts failed of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from jupyter_training.core.experiment import EventKind, ExperimentState, Objective, StopRule
from jupyter_training.core.lifecycle import Hold, JobState, Verb
from jupyter_training.core.metric import Point
from jupyter_training.dispatch.drivers import Away
from jupyter_training.errors import StoreBusy
from jupyter_training.store import experiment_verbs, points, verbs
from jupyter_training.store.driving import Writer
from jupyter_training.store.search_tables import searches
from jupyter_training.store.tables import jobs
from jupyter_training.testing.builders import a_spec
from jupyter_training.testing.scripted_backend import Script
from tests.tuning.searchers_of_tests import Counting, falling
from tests.tuning.stage import SearchStage, a_search


@pytest.fixture
def stage(tmp_path: Path) -> SearchStage:
    """A search of two endless trials, of which nobody has reported anything yet; its driver has looked."""
    stage = SearchStage(tmp_path / "home", slots=2, curve=falling, epochs=0)
    for number in range(2):
        stage.scripts[f"search-{number}"] = Script(runs=1e9)
    stage.scripts["search"] = Script(runs=1e9, obeys_after=5.0)  # its driver takes its time to go
    stage.search(a_search(workers=2, stop=StopRule(max_trials_started=2)), Counting)
    for _ in range(3):
        stage.step()
    return stage


def leaves(stage: SearchStage) -> None:
    """Its driver has nothing more to do, the dispatcher knows of all that was done, and the driver asks to go."""
    assert stage.driver is not None
    while stage.driver.look():
        pass
    stage.tick(0.1)
    stage.tick(0.1)
    stage.driver.look()
    assert stage.driver.leave()
    stage.tick(0.1)
    driver = stage.job(stage.id)
    assert (JobState.RUNNING, {Hold.EXPERIMENT}) == (driver.state, set(driver.holds))


def left(stage: SearchStage) -> None:
    """The same, and it is gone."""
    leaves(stage)
    for _ in range(3):
        stage.tick(3.0)
    driver = stage.job(stage.id)
    assert (JobState.PAUSED, {Hold.EXPERIMENT}) == (driver.state, set(driver.holds))


def is_back(stage: SearchStage) -> bool:
    stage.tick(0.1)
    stage.tick(0.1)
    return Hold.EXPERIMENT not in stage.job(stage.id).holds


def report(stage: SearchStage, trial: int, source: str, count: int) -> None:
    job, now = stage.trials[trial].job, stage.clock.now()
    name = "loss" if source == "report" else "cpu"
    found = [Point(name, count, now, 0.5, source=source)]  # type: ignore[arg-type]
    points.ingest(stage.store, job, [points.Batch(1, source, count - 1, count, found)], now=now)


def test_samples_of_the_machine_bring_nobody_back_and_a_report_does(stage: SearchStage) -> None:
    left(stage)
    report(stage, 0, "machine", 1)
    assert not is_back(stage)

    report(stage, 0, "report", 1)

    assert is_back(stage)


def test_what_it_had_heard_before_it_left_is_no_news(stage: SearchStage) -> None:
    """A sample of the machine makes the dispatcher look at the trial; each time that the driver has left."""
    for count in (1, 2):
        report(stage, 0, "report", count)
        left(stage)
        report(stage, 0, "machine", count)
        assert not is_back(stage)
        report(stage, 1, "report", count)
        assert is_back(stage)
        stage.tick(1.0)
        stage.drive()


def test_the_end_and_the_wish_of_a_trial_bring_it_back(stage: SearchStage) -> None:
    left(stage)
    verbs.wish(stage.store, [stage.trials[1].job], Verb.CANCEL, now=stage.clock.now())
    assert is_back(stage)


def test_a_deleted_trial_brings_it_back(stage: SearchStage) -> None:
    job = stage.trials[1].job
    verbs.wish(stage.store, [job], Verb.CANCEL, now=stage.clock.now())
    while stage.job(job).state is not JobState.CANCELED:
        stage.tick(1.0)
    left(stage)
    verbs.wish(stage.store, [job], Verb.DELETE, now=stage.clock.now())
    assert is_back(stage)


def test_what_happens_while_it_goes_calls_it_back(stage: SearchStage) -> None:
    """It has looked for the last time, and its process still lives: nobody would look at what happens now."""
    leaves(stage)

    verbs.wish(stage.store, [stage.trials[1].job], Verb.CANCEL, now=stage.clock.now())
    stage.tick(0.1)
    stage.tick(0.1)
    for _ in range(10):
        stage.tick(1.0)

    driver = stage.job(stage.id)
    assert (JobState.RUNNING, set(), 2) == (driver.state, set(driver.holds), driver.attempt)


def test_in_a_paused_search_it_stays_away_until_that_goes_on(stage: SearchStage) -> None:
    """What happens to its trials then is of the pause; a place among the drivers is another search's."""
    experiment_verbs.pause(stage.store, stage.id, now=stage.clock.now(), discard=True)
    for _ in range(10):
        stage.tick(1.0)
    driver = stage.job(stage.id)
    assert (JobState.PAUSED, {Hold.EXPERIMENT}) == (driver.state, set(driver.holds))
    assert JobState.PAUSED is stage.trial_job(0).state

    experiment_verbs.activate(stage.store, stage.id, now=stage.clock.now())

    stage.tick(0.1)
    assert JobState.RUNNING is stage.job(stage.id).state


def test_one_that_is_canceled_in_its_pause_is_driven_to_its_end(tmp_path: Path) -> None:
    stage = SearchStage(tmp_path / "home", slots=2, curve=falling, epochs=0)
    stage.scripts["search-0"] = Script(runs=1e9, obeys_after=60.0)
    slow = a_search(stop=StopRule(max_trials_started=1)).model_copy(update={"template": a_spec("search", grace=600.0)})
    stage.search(slow, Counting)
    for _ in range(3):
        stage.step()
    experiment_verbs.pause(stage.store, stage.id, now=stage.clock.now())
    experiment_verbs.cancel(stage.store, stage.id, now=stage.clock.now())
    for _ in range(5):
        stage.tick(1.0)
    left(stage)

    while stage.trial_job(0).state is not JobState.CANCELED:
        stage.tick(10.0)
    stage.tick(0.1)

    assert JobState.RUNNING is stage.job(stage.id).state
    stage.drive()
    assert ExperimentState.CANCELED is stage.finish(limit=20).state


def test_it_does_not_leave_what_it_has_not_seen(stage: SearchStage) -> None:
    assert stage.driver is not None
    while stage.driver.look():
        pass
    report(stage, 0, "report", 1)
    assert not stage.driver.leave()
    assert set() == set(stage.job(stage.id).holds)


@pytest.mark.parametrize("method", ["events", "verdicts", "trial", "start", "wish", "change"])
def test_a_write_that_the_store_refuses_is_as_if_nobody_had_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def told(home: Path, *, refused: bool) -> list[tuple[object, ...]]:
        stage = SearchStage(home, slots=1, curve=falling, epochs=3)
        stage.search(a_search(stop=StopRule(max_trials_started=3)), lambda: Counting(bar=1.6))
        original, calls = getattr(Writer, method), 0

        def refusing(self: Writer, *args: Any, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            if refused and calls % 2:
                raise StoreBusy("The store is busy.")
            return original(self, *args, **more)

        with monkeypatch.context() as patch:
            patch.setattr(Writer, method, refusing)
            for _ in range(80):
                stage.tick(1.0)
                stage.report()
                for _ in range(6):
                    try:
                        stage.driver.look()  # type: ignore[union-attr]
                    except StoreBusy:
                        continue
                if stage.experiment.state.is_final:
                    break
        assert ExperimentState.SUCCEEDED is stage.experiment.state, stage.events
        assert calls > 1
        assert list(range(1, len(stage.events) + 1)) == [event.n for event in stage.events]
        return [(one.kind, one.trial, one.body.get("values"), one.verdict) for one in stage.events]

    assert told(tmp_path / "a", refused=False) == told(tmp_path / "b", refused=True)


def test_what_its_attempts_failed_of_counts_until_the_search_gets_on(tmp_path: Path) -> None:
    stage = SearchStage(tmp_path / "home", slots=1, curve=falling, epochs=1)
    stage.search(a_search(stop=StopRule(max_trials_started=2)), Counting)
    with stage.store.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == stage.id).values(retries_used=3))
    stage.tick(1.0)
    assert 3 == stage.job(stage.id).retries_used

    assert stage.driver is not None
    stage.driver.look()

    assert 0 == stage.job(stage.id).retries_used


def test_several_objectives_are_told_together(tmp_path: Path) -> None:
    objective = Objective(metrics=("loss", "size"), modes=("min", "max"))
    stage = SearchStage(tmp_path / "home", slots=1, curve=falling, epochs=3, also={"size": lambda k: 10.0 * k})
    stage.search(a_search(objective=objective, stop=StopRule(max_trials_started=2)), Counting)

    stage.finish()

    told = [event.body["values"] for event in stage.events if event.kind is EventKind.TELL and event.trial == 0]
    assert [[1.0, 10.0], [0.5, 20.0], [pytest.approx(1 / 3), 30.0]] == told
    assert {"loss": pytest.approx(1 / 3), "size": 30.0} == stage.trials[0].values
    assert (pytest.approx(1 / 3), 3) == (stage.trials[0].best, stage.trials[0].best_at)


def test_what_was_ignored_counts_only_once_it_is_told_again(stage: SearchStage) -> None:
    """What a trial that is to pause reports is told once more when it goes on; then the next report is news."""
    for count in (1, 2):
        report(stage, 0, "report", count)
    left(stage)
    last = stage.events[-1]
    assert (EventKind.TELL, 2) == (last.kind, last.body["count"])
    with stage.store.write() as connection:
        row = {"experiment": stage.id, "kind": "tell", "trial": 0, "body": json.dumps(last.body), "verdict": "ignored"}
        connection.execute(insert(searches), [{**row, "n": last.n + 1}, {**row, "n": last.n + 2}])

    report(stage, 0, "report", 3)

    assert is_back(stage)


def test_what_is_told_but_not_acted_on_calls_the_next_driver(stage: SearchStage) -> None:
    """A driver may be stopped between the two; what comes next of that trial is looked at again."""
    report(stage, 0, "report", 1)
    left(stage)
    with stage.store.write() as connection:
        connection.execute(update(searches).where(searches.c.kind == EventKind.TELL.value).values(verdict=None))
    away = Away(stage.store)
    away.rouse([stage.id], [], [], stage.clock.now())

    assert away.rouse([stage.id], [], [stage.trials[0].job], stage.clock.now())


def test_of_a_search_whose_driver_is_back_a_dispatcher_keeps_nothing(stage: SearchStage) -> None:
    left(stage)
    away = Away(stage.store)
    away.rouse([stage.id], [], [], stage.clock.now())
    assert {stage.id} == set(away._known)

    away.rouse([], [], [], stage.clock.now())

    assert not away._known
