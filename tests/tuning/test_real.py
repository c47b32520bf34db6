"""A search end to end: a real dispatcher, driver and trials."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_training.core.experiment import EventKind, ExperimentState
from jupyter_training.core.lifecycle import Hold, JobState, Verb
from jupyter_training.services.experiment_present import experiment_views
from jupyter_training.store import experiment_verbs, verbs, views
from tests.torture import faults
from tests.torture.faults import Fault
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


class Staying:
    """How many changes have come since the driver left, and it has not come back."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._left: tuple[int, int] | None = None

    def __call__(self) -> int:
        head, attempt = views.head(self._house.site.store), self._house.driver().attempt
        if not away(self._house) or self._house.process(self._house.id) is not None:
            self._left = None
        elif self._left is None or self._left[0] != attempt:
            self._left = (attempt, head)
        return head - self._left[1] if self._left is not None else 0


def test_a_driver_with_nothing_to_do_leaves_and_is_brought_back(tmp_path: Path) -> None:
    with living(tmp_path, driver_idle_exit=0.5, sample_every=0.2) as house:
        house.search(WAITING, workers=2, params={"x": "choice(0, 1)"})
        house.until(lambda: {1} == {trial.resource for trial in house.trials()}, "all was heard")
        stays = Staying(house)
        house.until(lambda: stays() > 5, "samples of the machine are nothing to come back for")

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
    assert {"completed", "stopped"} >= {trial.outcome for trial in house.trials()}, "who was left behind was stopped"
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


BREAKS = """
from jupyter_training import params, report
print("looking at", params["x"])
raise ValueError("no such thing")
"""


def test_a_search_whose_every_trial_fails_is_one_error_and_can_be_tried_again(house: House) -> None:
    house.search(BREAKS, max_trials=3, workers=3, params={"x": "choice(0, 1, 2, 3)"})

    found = house.ended()

    assert (ExperimentState.FAILED, "All 3 trials that have ended have failed.") == (found.state, found.detail)
    (view,) = experiment_views(house.site, [found], full=True)
    assert view.error is not None
    for part in ("Trial 0", "no such thing", "looking at 3", "Traceback", "raise ValueError"):
        assert part in view.error, view.error
    experiment_verbs.retry(house.site.store, house.id, now=house.site.now())
    again = house.ended()
    assert ExperimentState.FAILED is again.state
    assert [0, 1, 2] == [event.trial for event in house.events() if event.kind is EventKind.AGAIN]
    assert 3 == len(house.trials())


def test_extended_in_the_moment_of_its_end_it_goes_on(house: House) -> None:
    """Its driver may be on its way out: it has ended then, and the search has not."""
    faults.put(str(house.faults), 0, Fault("driver", "on its way out", act=faults.STOP))
    house.search(searcher="random_once", max_trials=1)
    house.until(lambda: faults.fired(str(house.faults)), "the search has ended, and its driver sleeps")
    assert (True, JobState.RUNNING) == (house.experiment().state.is_final, house.driver().state)

    experiment_verbs.extend(house.site.store, house.id, 1, now=house.site.now())
    os.kill(faults.fired(str(house.faults))[0], signal.SIGCONT)
    found = house.ended()

    assert (ExperimentState.SUCCEEDED, 2) == (found.state, len(house.trials()))


def test_a_search_whose_driver_fails_has_failed_and_goes_on_once_it_is_tried_again(house: House) -> None:
    house.search(searcher="cloning", max_trials=3, params={"x": "uniform(0, 9)", "saves": False})
    (house.folder / "broken").touch()  # the searcher of the tests can't be made while this is there
    house.until(lambda: house.driver().state is JobState.FAILED, "the driver has failed")
    found = house.until(lambda: house.experiment().state.is_final and house.experiment(), "so has the search")

    assert ExperimentState.FAILED is found.state
    assert "Its driver failed: " in found.detail and "Retry it to go on; its log says more." in found.detail
    assert 4 == house.driver().attempt, "it was tried three times more"
    assert "RuntimeError: It is broken." in house.log(house.id)

    (house.folder / "broken").unlink()
    experiment_verbs.retry(house.site.store, house.id, now=house.site.now())
    found = house.ended()

    assert (ExperimentState.SUCCEEDED, 3) == (found.state, len(house.trials()))
    assert "Trial 2 begins anew" in " ".join(found.notes), "a clone of one that has no checkpoint"


def test_a_driver_that_a_person_stops_takes_its_search_with_it(house: House) -> None:
    house.search(WAITING, params={"x": "choice(0, 1)"})
    house.until(house.trials, "a trial runs")
    verbs.wish(house.site.store, [house.id], Verb.CANCEL, now=house.site.now())

    found = house.ended()

    assert ExperimentState.CANCELED is found.state
    assert ["canceled"] == [trial.outcome for trial in house.trials()]


def test_time_ends_a_search_also_while_its_driver_is_away(tmp_path: Path) -> None:
    with living(tmp_path, driver_idle_exit=0.5) as house:
        house.search(WAITING, workers=2, max_time=15.0, params={"x": "choice(0, 1)"})
        house.until(lambda: away(house), "the driver has left")
        assert not house.experiment().state.is_final

        found = house.ended()

        assert (ExperimentState.SUCCEEDED, "Its time is over: 15 s.") == (found.state, found.detail)
        assert {"stopped"} == {trial.outcome for trial in house.trials()}


def test_only_the_driver_imports_what_is_heavy_and_its_memory_is_bounded(house: House) -> None:
    house.search(WAITING, searcher="random", params={"x": "choice(0, 1)"}, max_trials=2)
    house.until(lambda: (house.folder / "waits-0").exists() or (house.folder / "waits-1").exists(), "a trial runs")
    pid = house.process(house.id)
    status = Path(f"/proc/{pid}/status").read_text()
    (resident,) = (int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))
    print(f"a driver with Syne Tune's random: {resident:.0f} MB")
    assert "numpy" in Path(f"/proc/{pid}/maps").read_text()
    dispatcher = Path(f"/proc/{house.dispatcher}/maps").read_text()
    assert not any(name in dispatcher for name in ("numpy", "pandas", "sklearn")), "the dispatcher imports it"
    assert resident < 300
    (house.folder / "go").touch()
    house.ended()


PICKY = """
from jupyter_training import InvalidConfig, params, report
if params["x"] in (2, 4):
    raise InvalidConfig(f"{params['x']} is nothing to train with")
report(step=1, loss=params["x"])
"""


def test_a_configuration_that_makes_no_sense_is_replaced_and_not_tried_again(house: House) -> None:
    retries = {"max": 3, "on": ["error"]}
    house.search(PICKY, searcher="random_once", max_trials=4, retries=retries)

    found = house.ended()

    assert ExperimentState.SUCCEEDED is found.state
    trials = house.trials()
    assert (4, 2) == tuple(sum(one.outcome == word for one in trials) for word in ("completed", "invalid"))
    (first, second) = (one for one in trials if one.outcome == "invalid")
    assert {2, 4} == {first.config["x"], second.config["x"]}
    assert f"{first.config['x']} is nothing to train with" in str(first.detail)
    assert "jupyter_training.InvalidConfig" in str(first.detail)
    assert [1, 1] == [views.job(house.site.store, one.job).attempt for one in (first, second)]
