"""A search ends when its trials have cost as much as they may: slots times hours times the price of a slot."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_training.core.experiment import ExperimentState, StopRule
from jupyter_training.core.ids import content_hash
from jupyter_training.store import experiments
from jupyter_training.testing.scripted_backend import Script
from tests.tuning.searchers_of_tests import Counting
from tests.tuning.stage import SearchStage, a_search


@pytest.fixture
def stage(tmp_path: Path) -> SearchStage:
    """Two endless trials at once, which say nothing."""
    stage = SearchStage(tmp_path / "home", slots=2, curve=lambda config, k: None, epochs=0)
    for number in range(2):
        stage.scripts[f"search-{number}"] = Script(runs=1e9)
    return stage


def test_trials_that_say_nothing_are_stopped_when_the_money_is_spent(stage: SearchStage) -> None:
    stage.search(a_search(workers=2, stop=StopRule(max_cost=2.0), price=60.0), Counting)
    began = stage.clock.now()
    found = stage.finish(limit=200)
    assert ExperimentState.SUCCEEDED is found.state or ExperimentState.FAILED is found.state
    assert "Its trials have cost 2.0" in (found.detail or "")
    assert 60 <= stage.clock.now() - began <= 70  # two slots for a minute each, at one a minute
    assert {"stopped"} == {trial.outcome for trial in stage.trials}


def test_the_driver_stays_while_trials_run_up_costs(stage: SearchStage) -> None:
    stage.search(a_search(workers=2, stop=StopRule(max_cost=2.0), price=60.0), Counting)
    for _ in range(3):
        stage.step()
    assert stage.driver is not None
    assert not stage.driver.leave()


def test_what_was_used_counts_every_attempt_and_slot(stage: SearchStage) -> None:
    stage.search(a_search(workers=2, stop=StopRule(max_trials_started=2)), Counting)
    assert 0.0 == experiments.slot_seconds(stage.store, stage.id, stage.clock.now())
    for _ in range(3):
        stage.step()
    used = experiments.slot_seconds(stage.store, stage.id, stage.clock.now())
    stage.step(10.0)
    assert 20.0 == pytest.approx(experiments.slot_seconds(stage.store, stage.id, stage.clock.now()) - used)


def test_a_search_without_a_price_has_the_hash_that_it_had_before_there_were_prices() -> None:
    spec = a_search(stop=StopRule(max_cost=2.0))
    stored = spec.model_dump(mode="json")
    assert stored.pop("price") is None
    assert content_hash(stored) == spec.hash
    assert spec.hash != a_search(stop=StopRule(max_cost=2.0), price=1.0).hash
