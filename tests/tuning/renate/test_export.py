"""The driver's part in a state: whoever is killed in the middle begins again, and what is there already stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import jupyter_training as jt
from jupyter_training.core.experiment import Experiment
from jupyter_training.core.ids import JobId
from jupyter_training.runtime import state
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.store import experiments
from jupyter_training.tuning import state_export
from tests.tuning.renate.place import Place

pytestmark = pytest.mark.processes

RANGE = {"learning_rate": jt.choice([0.1, 0.2])}


@pytest.fixture
def site(home: Path) -> Iterator[Site]:
    with Site.open(Settings.load(home)) as found:
        yield found


def searched(place: Place, site: Site, **more: Any) -> Experiment:
    """A search of two trials that has ended; that of 0.2 is the better one."""
    handle = place.tune(RANGE, output_state_url="out", max_num_trials_finished=2, **more).wait(timeout=110)
    assert "succeeded" == handle.state
    return experiments.one(site.store, JobId(handle.id))


def put_back(place: Place, site: Site, experiment: Experiment, number: int, text: str) -> Path:
    """A trial's state among its outputs, as it was before the driver has moved it."""
    trial = experiments.trials_of(site.store, experiment.id)[number]
    folder = site.settings.outputs / trial.job / "state"
    (folder / "before").mkdir(parents=True)
    for name in (state.MODEL, state.LEARNER):
        (folder / name).write_text(text)
    return folder


def test_publishing_again_changes_nothing_and_clears_what_is_left(place: Place, site: Site) -> None:
    experiment = searched(place, site)
    before = {one.name: one.read_bytes() for one in (place.folder / "out").iterdir()}
    left = put_back(place, site, experiment, 0, "left by a driver that was killed")
    sentence = state_export.publish(site, experiment)
    assert sentence is not None
    assert sentence in experiment.notes
    assert before == {one.name: one.read_bytes() for one in (place.folder / "out").iterdir()}
    assert not left.exists()


def test_while_it_goes_on_only_the_best_ones_state_stays(place: Place, site: Site) -> None:
    """A hundred trials of a large model would fill a disk."""
    experiment = searched(place, site)
    first, second = (put_back(place, site, experiment, number, "{}") for number in (0, 1))
    jobs = [one.job for one in experiments.trials_of(site.store, experiment.id)]
    kept = state_export.Kept(site, experiment)
    kept.ended(jobs[0], "completed", 0.5)
    assert first.exists()
    kept.ended(jobs[1], "failed", 0.9)
    assert (True, False) == (first.exists(), second.exists())
    second = put_back(place, site, experiment, 1, "{}")
    kept.ended(jobs[1], "stopped", 0.9)
    assert (False, True) == (first.exists(), second.exists())


def test_where_the_best_one_kept_nothing_the_next_one_is_taken_and_that_is_said(place: Place, site: Site) -> None:
    experiment = searched(place, site)
    trials = experiments.trials_of(site.store, experiment.id)
    best, other = sorted(trials, key=lambda one: -(one.best or 0))
    for one in (place.folder / "out").iterdir():
        one.unlink()
    assert "No trial has kept a state" in str(state_export.publish(site, experiment))
    put_back(place, site, experiment, other.number, "{}")
    sentence = str(state_export.publish(site, experiment))
    assert f"The state of trial {other.number} (that of trial {best.number}, which is better, was not kept)" in sentence
    assert {} == place.model("out")


def test_a_place_that_can_not_be_written_is_said_and_nothing_is_lost(place: Place, site: Site) -> None:
    experiment = searched(place, site)
    for one in (place.folder / "out").iterdir():
        one.unlink()
    (place.folder / "out").rmdir()
    (place.folder / "out").write_text("a file is here")
    kept = put_back(place, site, experiment, experiments.trials_of(site.store, experiment.id)[0].number, "{}")
    sentence = str(state_export.publish(site, experiment))
    assert "can't be put into" in sentence
    assert "It is kept with the job" in sentence
    assert (kept / state.MODEL).is_file()
    assert "a file is here" == (place.folder / "out").read_text()
