"""A space with a range is a search: how many trials, which configurations, what is kept, how it ends.

Of the reference's acceptance tests: 1, 2, 6 (the first half), 7, 8, 11, 12, 13, 17, 20, 21, 22.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

import jupyter_training as jt
from jupyter_training.client.handle import Handle
from jupyter_training.errors import InvalidSpec, UnknownPlugin
from tests.tuning.renate.place import CONFIG, Place

pytestmark = pytest.mark.processes

RANGE = {"learning_rate": jt.uniform(0.05, 0.3)}


def ended(handle: Any, *, state: str = "succeeded") -> Any:
    handle.wait(timeout=110)
    assert state == handle.state, (handle.sentence, handle.view["error"], handle.view["notes"])
    return handle


def test_constants_alone_are_one_training_and_the_scheduler_is_ignored(place: Place) -> None:
    """Test 1."""
    handle = place.tune({"learning_rate": 0.25}, scheduler="asha", max_num_trials_finished=50)
    assert isinstance(handle, Handle)
    (note,) = [one for one in place.notices if "exactly one configuration" in one]
    assert note.endswith("so these are ignored: scheduler, max_num_trials_finished.")
    assert any("this is one plain training, and no search" in one for one in place.notices)
    assert "succeeded" == handle.wait(timeout=60).state


def test_n_finished_trials_mean_n_and_the_best_ones_state_is_kept(place: Place) -> None:
    """Tests 2 (product rule) and 11: with the history of all trials, and nothing of the others."""
    handle = ended(
        place.tune(RANGE, scheduler="random", max_num_trials_finished=3, output_state_url="out", n_workers=2)
    )
    trials = handle.trials()
    assert 3 == len(trials)
    best = handle.best()
    rows = place.history("out")
    assert {"0"} == {row["update_id"] for row in rows}
    assert {("0", 5), ("1", 5), ("2", 5)} == {
        (one, sum(row["trial_id"] == one for row in rows)) for one in {row["trial_id"] for row in rows}
    }
    value = max(float(row["val_accuracy"]) for row in rows)
    assert value == best.value == place.about("out")["updates"][0]["value"]
    assert abs(1 - abs(1 - place.model("out")["w"]) - value) < 1e-9
    assert handle.id == place.about("out")["updates"][0]["experiment"]
    assert any("The state of trial" in one for one in handle.view["notes"])
    for one in trials:
        assert [] == place.client.artifacts(one["job"])


@pytest.mark.slow
def test_a_search_goes_on_from_the_state_of_the_one_before(place: Place) -> None:
    """Test 12."""
    ended(place.tune(RANGE, scheduler="random", max_num_trials_finished=2, output_state_url="one"))
    first = {one.name: one.read_bytes() for one in (place.folder / "one").iterdir()}
    weight = place.model("one")["w"]
    again = {"learning_rate": jt.choice([0.0, 0.001])}
    handle = ended(place.tune(again, input_state_url="one", output_state_url="two", max_epochs=2))
    assert first == {one.name: one.read_bytes() for one in (place.folder / "one").iterdir()}
    assert [0, 1] == [one["update_id"] for one in place.about("two")["updates"]]
    assert {"0", "1"} == {row["update_id"] for row in place.history("two")}
    assert weight <= place.model("two")["w"] <= weight + 0.002
    assert 2 == len(handle.trials())


def test_a_choice_is_exhausted(place: Place) -> None:
    """Test 2, the second half; 13: without an output nothing is kept."""
    handle = ended(place.tune({"learning_rate": jt.choice([0.1, 0.2])}, scheduler="random", max_num_trials_finished=50))
    assert 2 == len(handle.trials())
    assert "All 2 configurations of the space have been tried" in handle.sentence
    assert any("Nothing of the trained model is kept" in one for one in place.notices)
    assert {"renate_config.py", "renate_working_dir"} == set(os.listdir(place.folder))


def test_a_choice_of_one_is_a_search_of_one_trial(place: Place) -> None:
    """Test 22: it is a domain, as its writer says."""
    handle = ended(place.tune({"learning_rate": jt.choice([0.25])}, scheduler="random", max_num_trials_finished=5))
    assert not isinstance(handle, Handle)
    assert [{"learning_rate": 0.25}] == [one["config"] for one in handle.trials()]


def test_a_metric_of_validation_data_that_are_not_there_ends_the_search_with_the_reason(place: Place) -> None:
    """Test 6, the first half."""
    space = {**RANGE, "has_validation": False}
    handle = ended(place.tune(space, scheduler="random", max_num_trials_finished=20), state="failed")
    assert len(handle.trials()) <= 4
    assert "Provide a validation set" in handle.view["error"]


def test_all_trials_failed_is_one_error_with_the_first_ones_output(place: Place) -> None:
    """Test 17."""
    place.write(
        CONFIG.replace(
            "        report(epoch",
            "        print('I was here')\n        raise ValueError('no luck')\n        report(epoch",
        )
    )
    handle = ended(place.tune(RANGE, scheduler="random", max_num_trials_finished=20), state="failed")
    error = handle.view["error"]
    assert "ValueError: no luck" in error
    assert "renate_config.py" in error
    assert "I was here" in error


def test_max_time_stops_an_endless_trial_and_leaves_no_orphan(place: Place) -> None:
    """Test 7."""
    space = {**RANGE, "pause": 0.05}
    handle = ended(place.tune(space, scheduler="random", max_time=2, max_epochs=100_000, n_workers=2))
    states = {one["state"] for one in handle.trials()}
    assert {"stopped"} == states
    for one in handle.trials():
        assert "canceled" == place.client.job(one["job"])["state"]


def test_never_more_than_n_workers_at_once(place: Place) -> None:
    """Test 8: judged by when each trial's process began and ended."""
    space = {**RANGE, "pause": 0.1}
    handle = ended(place.tune(space, scheduler="random", max_num_trials_finished=5, n_workers=2))
    jobs = [place.client.job(one["job"]) for one in handle.trials()]
    spans = [(job["attempts"][0]["started"], job["ended"]) for job in jobs]
    most = max(sum(begin <= at < end for begin, end in spans) for at, _ in spans)
    assert 2 == most


@pytest.mark.slow
def test_the_same_seed_gives_the_same_configurations(place: Place) -> None:
    """Test 20."""
    found = []
    for seed in (11, 11, 12):
        handle = ended(place.tune(RANGE, scheduler="random", max_num_trials_finished=5, max_epochs=1, seed=seed))
        found.append([one["config"] for one in sorted(handle.trials(), key=lambda one: one["number"])])
    assert found[0] == found[1] != found[2]


@pytest.mark.slow
def test_asha_ends_who_is_clearly_worse_before_max_epochs(place: Place) -> None:
    """Test 21. With this seed the first of the trials is a good one, so that the bad ones are seen to be so."""
    space = {"learning_rate": jt.choice([0.1, 0.0001, 0.0002, 0.0003]), "pause": 0.2}
    handle = ended(place.tune(space, scheduler="asha", max_epochs=9, max_num_trials_finished=5, seed=1))
    reached = {one["number"]: (one["state"], one["resource"], one["config"]) for one in handle.trials()}
    assert any(state == "stopped" and resource < 9 for state, resource, _ in reached.values()), reached
    best = handle.best()
    assert 9 == reached[handle.view["best"]["trial"]][1], reached
    assert 0.1 == best.config["learning_rate"]


def test_an_unknown_scheduler_gets_the_names(place: Place) -> None:
    """Test 4: whatever the server's list has beside them."""
    with pytest.raises(UnknownPlugin) as caught:
        place.tune(RANGE, scheduler="foo", max_num_trials_finished=1)
    assert str(caught.value).startswith("There is no scheduler 'foo'; there is: ")
    assert "The usual ones are random, bo, asha, rush." in str(caught.value)


def test_a_servers_refusal_speaks_of_this_functions_arguments(place: Place) -> None:
    with pytest.raises(InvalidSpec, match=r"^config_space\.learning_rate: "):
        place.tune({"learning_rate": jt.loguniform(0, 1)}, max_num_trials_finished=1)
    with pytest.raises(InvalidSpec, match=r"^max_num_trials_finished: "):
        place.tune(RANGE, max_num_trials_finished=0)
    with pytest.raises(InvalidSpec, match=r"^job_name: .a b. is not a name"):
        place.tune({}, job_name="a b")


@pytest.mark.slow
def test_rush_begins_with_the_best_configuration_of_the_update_before(place: Place) -> None:
    """Its history is read from the state to begin with; what bo stands for is said."""
    handle = ended(place.tune(RANGE, scheduler="bo", max_num_trials_finished=2, output_state_url="one"))
    assert any("bo" in one and "cqr" in one.lower() for one in place.notices), place.notices
    best = handle.best().config
    again = ended(place.tune(RANGE, scheduler="rush", max_num_trials_finished=1, input_state_url="one"))
    assert [best] == [one["config"] for one in again.trials()]
