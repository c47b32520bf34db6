"""What may become what, and how it is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import (
    FREE_RESTART_LIMIT,
    TERMINAL,
    Desired,
    EndReason,
    JobState,
    RetryOn,
    Verb,
    end_sentence,
    job_state_after,
    legal,
    may,
    said_of,
)
from jupyter_training.testing.builders import a_job

STOPS = (Verb.CANCEL, Verb.KILL)


def in_state(state: JobState, **values: Any) -> Job:
    return replace(a_job(), state=state, **values)


@pytest.mark.parametrize("state", sorted(TERMINAL))
@pytest.mark.parametrize("verb", [*STOPS, Verb.PAUSE, Verb.ACTIVATE])
def test_a_job_that_has_ended_is_not_stopped(state: JobState, verb: Verb) -> None:
    assert not may(verb, in_state(state))


@pytest.mark.parametrize("verb", STOPS)
def test_a_job_that_has_not_ended_can_be_stopped(verb: Verb) -> None:
    assert all(may(verb, in_state(state)) for state in JobState if state not in TERMINAL)


# The table of determined.md, b6, in our words: what a person may do in each state, without force.
@pytest.mark.parametrize(
    ("state", "words"),
    [
        (JobState.QUEUED, "cancel kill pause"),
        (JobState.RUNNING, "cancel kill pause"),
        (JobState.SUCCEEDED, "archive delete"),
        (JobState.FAILED, "retry archive delete"),
        (JobState.CANCELED, "retry archive delete"),
    ],
)
def test_the_verbs_of_each_state(state: JobState, words: str) -> None:
    assert words == " ".join(legal(in_state(state)))


def test_the_verbs_of_a_paused_job() -> None:
    assert "cancel kill activate" == " ".join(legal(in_state(JobState.PAUSED, desired=Desired.PAUSE)))


def test_a_job_that_is_being_paused_may_be_activated() -> None:
    assert "cancel kill activate" == " ".join(legal(in_state(JobState.RUNNING, desired=Desired.PAUSE)))


def test_a_job_that_is_being_stopped_may_only_be_stopped_harder() -> None:
    assert "kill" == " ".join(legal(in_state(JobState.RUNNING, desired=Desired.CANCEL)))
    assert not may(Verb.PAUSE, in_state(JobState.RUNNING, desired=Desired.CANCEL))


def test_an_archived_job_comes_back_or_goes() -> None:
    assert "unarchive delete" == " ".join(legal(in_state(JobState.FAILED, archived=True)))


def test_what_succeeded_is_retried_by_force_only() -> None:
    job = in_state(JobState.SUCCEEDED)
    assert (False, True) == (may(Verb.RETRY, job), may(Verb.RETRY, job, force=True))


@pytest.mark.parametrize(
    ("reason", "desired", "expected"),
    [
        (EndReason.PAUSED, Desired.PAUSE, JobState.PAUSED),
        (EndReason.PAUSED, Desired.RUN, JobState.QUEUED),  # activated before its attempt had ended
        (EndReason.PAUSED, Desired.CANCEL, JobState.CANCELED),
        (EndReason.PREEMPTED, Desired.RUN, JobState.QUEUED),
        (EndReason.PREEMPTED, Desired.PAUSE, JobState.PAUSED),
        (EndReason.ERROR, Desired.RUN, JobState.QUEUED),
        (EndReason.LOST, Desired.RUN, JobState.QUEUED),
        (EndReason.LOST, Desired.CANCEL, JobState.FAILED),
        (EndReason.TIMEOUT, Desired.RUN, JobState.FAILED),  # is not among what is retried here
        (EndReason.COMPLETED, Desired.PAUSE, JobState.SUCCEEDED),
    ],
)
def test_what_becomes_of_a_job_with_a_retry_left(reason: EndReason, desired: Desired, expected: JobState) -> None:
    assert expected is job_state_after(reason, desired, 0, retry_on=("error", "lost"), retries_left=1)


def test_a_launch_that_failed_is_not_tried_again() -> None:
    every = get_args(RetryOn)
    assert JobState.FAILED is job_state_after(EndReason.LAUNCH_FAILED, Desired.RUN, 3, retry_on=every, retries_left=9)


@pytest.mark.parametrize("retries_left", [0, 1])
def test_a_job_that_made_room_goes_on_whatever_is_retried(retries_left: int) -> None:
    again = job_state_after(EndReason.PREEMPTED, Desired.RUN, 0, retry_on=(), retries_left=retries_left)
    assert JobState.QUEUED is again


def test_without_a_retry_left_it_has_failed() -> None:
    assert JobState.FAILED is job_state_after(EndReason.ERROR, Desired.RUN, 0, retry_on=("error",), retries_left=0)


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


def test_of_a_trial_that_was_stopped_it_is_not_said_that_a_person_did_it() -> None:
    job = in_state(JobState.CANCELED, reason=EndReason.CANCELED)
    trial = replace(job, trial=3)
    kept = replace(trial, detail="Stopped by you; the checkpoint of step 12 is kept.")

    assert "Stopped by you." == said_of(job, EndReason.CANCELED)
    assert "Stopped." == said_of(trial, EndReason.CANCELED)
    assert "Stopped; the checkpoint of step 12 is kept." == said_of(kept, EndReason.CANCELED)
