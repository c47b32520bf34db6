"""A search whose every trial failed goes on once its cause is mended, on the real driver."""

from __future__ import annotations

from pathlib import Path

from jupyter_training.core.experiment import ExperimentState, StopRule
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.seams.backend import End
from jupyter_training.store import experiment_verbs
from jupyter_training.testing.scripted_backend import Script
from tests.tuning.searchers_of_tests import Counting, falling
from tests.tuning.stage import SearchStage, a_search

FAILS = Script(runs=0.5, ends=End(EndReason.ERROR, "Failed: ValueError: no.", exit_code=1))


def test_extended_it_is_not_ended_by_the_failures_of_before(tmp_path: Path) -> None:
    """The next one fails too; only then the cause is found."""
    stage = SearchStage(tmp_path / "home", slots=1, curve=falling, epochs=1)
    for number in range(3):
        stage.scripts[f"search-{number}"] = FAILS
    stage.search(a_search(stop=StopRule(max_trials_started=5)), Counting)
    assert (ExperimentState.FAILED, 2) == (stage.finish().state, len(stage.trials))

    experiment_verbs.extend(stage.store, stage.id, 1, now=stage.clock.now())
    found = stage.finish()

    assert ["failed"] * 3 + ["completed"] * 3 == [trial.outcome for trial in stage.trials]
    assert (ExperimentState.SUCCEEDED, "The 6 trials that were asked for have ended.") == (found.state, found.detail)
