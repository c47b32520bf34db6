"""A search end to end: a real dispatcher, driver and trials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_training.core.experiment import EventKind, ExperimentState
from jupyter_training.core.lifecycle import Hold, JobState
from jupyter_training.services.experiment_present import experiment_views
from jupyter_training.store import views
from tests.torture.search_house import House

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.timeout(240)]


@contextmanager
def living(folder: Path, **settings: object) -> Iterator[House]:
    house = House(folder, **settings)
    try:
        yield house
    except BaseException:
        house.abandon()
        raise
    house.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with living(tmp_path) as house:
        yield house


def test_a_search_runs_from_its_submit_to_its_best_trial(house: House) -> None:
    house.search(workers=2)

    found = house.ended()

    assert ExperimentState.SUCCEEDED is found.state, house.story()
    assert "All 6 configurations of the grid have been begun." == found.detail
    assert [0, 1, 2, 3, 4, 5] == [trial.number for trial in house.trials()]
    assert {"completed"} == {trial.outcome for trial in house.trials()}
    assert {(4, float(trial.config["x"] * 7 % 5)) for trial in house.trials()} == {  # type: ignore[operator]
        (trial.resource, trial.best) for trial in house.trials()
    }
    assert JobState.SUCCEEDED is house.driver().state
    log = house.log(house.id)
    assert "Trial 0 begins as job" in log and "x = 5" in log, log
    assert "Trial 5 completed." in log
    assert "The search has ended, succeeded: All 6 configurations" in log
    assert "Traceback" not in log


WAITING = """
import os, time
from jupyter_training import params, report
report(step=1, loss=params["x"])
open(f"{params['folder']}/waits-{params['x']}", "w").close()
while not os.path.exists(f"{params['folder']}/go"):
    time.sleep(0.05)
report(step=2, loss=params["x"])
"""


def away(house: House) -> bool:
    driver = house.driver()
    return driver.state is JobState.PAUSED and Hold.EXPERIMENT in driver.holds


def test_a_driver_with_nothing_to_do_leaves_and_is_brought_back(tmp_path: Path) -> None:
    with living(tmp_path, driver_idle_exit=0.5, sample_every=0.2) as house:
        house.search(WAITING, workers=2, params={"x": "choice(0, 1)"})
        house.until(lambda: away(house) and house.process(house.id) is None, "the driver has left")
        house.until(lambda: {1} == {trial.resource for trial in house.trials()}, "all was heard before")
        samples = len(views.changes(house.site.store, 0, 100_000).changes)
        house.until(lambda: len(views.changes(house.site.store, 0, 100_000).changes) > samples + 5, "samples came")
        assert away(house), "samples of the machine are nothing to come back for"

        (house.folder / "go").touch()
        found = house.ended()

        assert ExperimentState.SUCCEEDED is found.state
        assert {"completed"} == {trial.outcome for trial in house.trials()}
        log = house.log(house.id)
        assert "it leaves until something happens" in log and "Led through" in log
        assert house.driver().attempt > 1


def test_more_searches_than_places_wait_with_a_sentence(tmp_path: Path) -> None:
    with living(tmp_path, driver_slots=1) as house:
        first = house.search(WAITING, name="first", params={"x": "choice(0, 1)"})
        second = house.search(name="second", params={"x": "choice(0, 1)"})
        house.until(lambda: house.trials(first), "the first search runs")
        waits = house.driver(second)
        (view,) = experiment_views(house.site, [house.experiment(second)])
        assert (JobState.QUEUED, []) == (waits.state, house.trials(second))
        assert "Waits: 1 of 1 slots are used by first; it needs 1." == view.sentence

        (house.folder / "go").touch()

        assert ExperimentState.SUCCEEDED is house.ended(first).state
        assert ExperimentState.SUCCEEDED is house.ended(second).state


def test_a_search_pauses_at_a_rung_and_goes_on_from_the_checkpoint(house: House) -> None:
    promotes = {"searcher": "asha_promote", "max_resource": 4, "searcher_options": {"divisor": 2}}
    house.search(**promotes, max_trials=4, seed=18)

    found = house.ended()

    assert ExperimentState.SUCCEEDED is found.state, house.story()
    events = house.events()
    resumed = {event.trial for event in events if event.kind is EventKind.RESUME}
    assert resumed, "nobody was promoted"
    steps: dict[str, list[int]] = {}
    for job, _, _, what, *rest in house.witness():
        if what == "step":
            steps.setdefault(job, []).append(int(rest[0]))
    for number in resumed:
        job = house.trials()[number]
        assert house.driver() and views.job(house.site.store, job.job).attempt > 1
        told = [event.body["resource"] for event in events if event.kind is EventKind.TELL and event.trial == number]
        assert sorted(set(told)) == sorted(told), "a report was told twice"
        assert steps[job.job] == list(range(1, steps[job.job][-1] + 1)), "it began anew instead of going on"


def test_a_clone_begins_with_the_checkpoint_of_its_source(house: House) -> None:
    house.search(searcher="cloning", max_trials=4, workers=1, params={"x": "uniform(0, 100)"})

    found = house.ended()

    assert ExperimentState.SUCCEEDED is found.state, house.story()
    assert [None, None, 0, 1] == [trial.clone_of for trial in house.trials()]
    clone = views.job(house.site.store, house.trials()[2].job)
    assert clone.spec.start is not None
    assert (house.trials()[0].job, 4) == (clone.spec.start.job, clone.spec.start.step)
    first = next(int(rest[0]) for job, _, _, what, *rest in house.witness() if job == clone.id and what == "step")
    assert 5 == first
    assert () == found.notes[1:], found.notes
