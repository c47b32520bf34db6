"""What may become what, and how it is said."""

from __future__ import annotations

import pytest

from jupyter_training.core.lifecycle import (
    FREE_RESTART_LIMIT,
    TERMINAL,
    Desired,
    EndReason,
    JobState,
    Verb,
    end_sentence,
    job_state_after,
    may,
)


@pytest.mark.parametrize("state", sorted(TERMINAL))
@pytest.mark.parametrize("verb", list(Verb))
def test_a_job_that_has_ended_takes_no_verb(state: JobState, verb: Verb) -> None:
    assert not may(verb, state)


@pytest.mark.parametrize("verb", list(Verb))
def test_a_job_that_has_not_ended_can_be_stopped(verb: Verb) -> None:
    assert all(may(verb, state) for state in JobState if state not in TERMINAL)


@pytest.mark.parametrize("desired", list(Desired))
def test_what_completed_is_a_success_whatever_was_wished(desired: Desired) -> None:
    assert JobState.SUCCEEDED is job_state_after(EndReason.COMPLETED, desired, 0)


@pytest.mark.parametrize("reason", [EndReason.NOT_BEGUN, EndReason.VOID])
def test_a_launch_that_never_reached_the_code_is_queued_again(reason: EndReason) -> None:
    assert JobState.QUEUED is job_state_after(reason, Desired.RUN, FREE_RESTART_LIMIT)


@pytest.mark.parametrize("reason", [EndReason.NOT_BEGUN, EndReason.VOID])
def test_it_is_not_queued_again_for_ever(reason: EndReason) -> None:
    assert JobState.FAILED is job_state_after(reason, Desired.RUN, 0)


@pytest.mark.parametrize("desired", [Desired.CANCEL, Desired.KILL])
@pytest.mark.parametrize("reason", [EndReason.NOT_BEGUN, EndReason.VOID])
def test_it_is_not_queued_again_when_it_is_to_stop(reason: EndReason, desired: Desired) -> None:
    assert JobState.CANCELED is job_state_after(reason, desired, FREE_RESTART_LIMIT)


@pytest.mark.parametrize("reason", list(EndReason))
def test_every_reason_has_a_sentence(reason: EndReason) -> None:
    assert end_sentence(reason).endswith(".")


def test_a_detail_replaces_the_general_sentence() -> None:
    assert "Failed: ValueError." == end_sentence(EndReason.ERROR, "Failed: ValueError.")
