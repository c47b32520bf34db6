"""What the end of a trial's job means for its search."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from jupyter_training.core.lifecycle import EndReason, JobState
from jupyter_training.tuning.ending import CLOSED, outcome_of
from jupyter_training.tuning.engine import TrialState


@pytest.mark.parametrize(
    ("state", "verdict", "closes", "outcome"),
    [
        (JobState.SUCCEEDED, "continue", False, ("completed", "")),
        (JobState.SUCCEEDED, "stop", False, ("completed", "")),
        (JobState.CANCELED, "stop", False, ("stopped", "Stopped early by the searcher at 3.")),
        (JobState.FAILED, "stop", False, ("stopped", "Stopped early by the searcher at 3.")),
        (JobState.CANCELED, "continue", True, ("stopped", CLOSED)),
        (JobState.CANCELED, "continue", False, ("canceled", "Canceled.")),
        (JobState.FAILED, "continue", False, ("failed", "Its job failed.")),
    ],
)
def test_a_trial_that_its_searcher_stopped_has_not_failed_however_its_code_answers(
    state: JobState, verdict: Any, closes: bool, outcome: tuple[str, str]
) -> None:
    trial = TrialState(0, {}, told=3, resource=3, verdict=verdict)
    job: Any = SimpleNamespace(state=state, detail=None, reason=None)
    assert outcome == outcome_of(trial, job, closes=closes, missed="no report")


def test_a_trial_that_is_stopped_where_a_whole_one_ends_has_completed() -> None:
    trial = TrialState(0, {}, told=3, resource=3, verdict="stop")
    job: Any = SimpleNamespace(state=JobState.CANCELED, detail=None)
    assert ("completed", "") == outcome_of(trial, job, closes=False, missed="", whole=3)
    assert "stopped" == outcome_of(trial, job, closes=False, missed="", whole=4)[0]


def test_what_makes_no_sense_has_not_failed() -> None:
    job: Any = SimpleNamespace(state=JobState.FAILED, detail="Failed: no.", reason=EndReason.INVALID)
    assert ("invalid", "Failed: no.") == outcome_of(TrialState(0, {}), job, closes=False, missed="")
