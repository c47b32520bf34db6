"""What became of the wishes: told under an epoch, and as often as one likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import (
    FREE_RESTART_LIMIT,
    AttemptState,
    EndReason,
    JobState,
    Seen,
    Verb,
)
from jupyter_training.core.resources import Allocation, Pool
from jupyter_training.errors import Internal, StaleEpoch, UnknownJob
from jupyter_training.seams.backend import End
from jupyter_training.store import facts, pools, verbs, views
from jupyter_training.store.queue_moves import SetPool, move_all
from tests.store.conftest import Bench


def latest(bench: Bench, job: JobId) -> Attempt:
    return views.attempts(bench.store, [job])[job][-1]


def end(bench: Bench, job: JobId, end: End, number: int = 1) -> Job:
    return facts.ended(bench.store, bench.epoch, job, number, end, bench.now)


def test_a_job_that_begins_has_an_attempt_with_its_allocation(bench: Bench) -> None:
    job = bench.a_job(pool="gpus")
    epoch = bench.take()
    given = Allocation("gpus", 2, ("0", "GPU-3"))
    (attempt,) = facts.begin(bench.store, epoch, [(job.id, given, "secret")], bench.now)
    after = views.job(bench.store, job.id)
    assert attempt == latest(bench, job.id)
    assert (given, "secret", AttemptState.LAUNCHING) == (attempt.allocation, attempt.token, attempt.state)
    assert (JobState.RUNNING, 1, None) == (after.state, after.attempt, after.started)
    assert after.version == views.head(bench.store)


def test_only_queued_and_wanted_jobs_begin(bench: Bench) -> None:
    queued, running, canceled, ended = (bench.a_job(name) for name in ("queued", "running", "canceled", "ended"))
    bench.begin([running.id, ended.id])
    end(bench, ended.id, End(EndReason.COMPLETED))
    verbs.wish(bench.store, [canceled.id], Verb.CANCEL, now=bench.now)
    asked = (JobId("zzzzzzzzzz"), ended.id, canceled.id, running.id, queued.id)
    starts = [(job, Allocation("local", 1), "t") for job in asked]
    begun = facts.begin(bench.store, bench.epoch, starts, bench.now)
    assert [queued.id] == [attempt.job for attempt in begun]


def test_a_job_that_was_moved_to_another_pool_meanwhile_does_not_begin_in_the_old_one(bench: Bench) -> None:
    """Nor would it be the old pool's any more that keeps that from being removed."""
    stays, moved = bench.a_job("stays"), bench.a_job("moved")
    for name in ("local", "lab"):
        pools.write(bench.store, Pool(name, "local", 1), now=bench.now)
    starts = [(job.id, Allocation("local", 1), "t") for job in (stays, moved)]  # planned before the move
    move_all(bench.store, [(moved.id, SetPool("lab"))], now=bench.now, judge=lambda job, name, known: None)
    begun = facts.begin(bench.store, bench.take(), starts, bench.now)
    assert [stays.id] == [attempt.job for attempt in begun]
    assert JobState.QUEUED == views.job(bench.store, moved.id).state


def test_jobs_begin_in_the_order_given(bench: Bench) -> None:
    jobs = [bench.a_job(f"j{number}") for number in range(5)]
    starts = [(job.id, Allocation("local", 1), "t") for job in reversed(jobs)]
    begun = facts.begin(bench.store, bench.take(), starts, bench.now)
    assert [job.id for job in reversed(jobs)] == [attempt.job for attempt in begun]


def test_from_launch_to_success(bench: Bench) -> None:
    job = bench.a_job()
    bench.begin([job.id])
    facts.launched(bench.store, bench.epoch, job.id, 1, "handle-1", bench.now)
    assert ("handle-1", AttemptState.LAUNCHING) == (latest(bench, job.id).handle, latest(bench, job.id).state)
    facts.running(bench.store, bench.epoch, job.id, 1, Instant(bench.now + 2), bench.now)
    assert (AttemptState.RUNNING, bench.now + 2) == (latest(bench, job.id).state, latest(bench, job.id).started)
    after = end(bench, job.id, End(EndReason.COMPLETED, exit_code=0, peak_memory=5 * 2**40))
    attempt = latest(bench, job.id)
    assert (JobState.SUCCEEDED, EndReason.COMPLETED, bench.now + 2, bench.now) == (
        after.state, after.reason, after.started, after.ended,
    )  # fmt: skip
    assert (AttemptState.ENDED, Seen.GONE, 0, 5 * 2**40) == (
        attempt.state, attempt.seen, attempt.exit_code, attempt.peak_memory,
    )  # fmt: skip


def test_an_end_keeps_its_sentence_and_signal(bench: Bench) -> None:
    job = bench.a_running_job()
    after = end(bench, job.id, End(EndReason.OUT_OF_MEMORY, "Killed: 15.9 of 16 GB \ud800\0.", signal=9))
    assert (JobState.FAILED, "Killed: 15.9 of 16 GB ??.") == (after.state, after.detail)
    assert 9 == latest(bench, job.id).signal


FACTS: list[Callable[[Bench, JobId], Any]] = [
    lambda b, job: facts.launched(b.store, b.epoch, job, 1, "h", b.now),
    lambda b, job: facts.running(b.store, b.epoch, job, 1, b.now, b.now),
    lambda b, job: facts.seen(b.store, b.epoch, job, 1, Seen.UNKNOWN, b.now),
    lambda b, job: facts.stopping(b.store, b.epoch, job, 1, "cancel", b.now),
    lambda b, job: facts.ended(b.store, b.epoch, job, 1, End(EndReason.ERROR), b.now),
    lambda b, job: facts.begin(b.store, b.epoch, [(job, Allocation("local", 1), "t")], b.now),
    lambda b, job: facts.finished(b.store, b.epoch, job, EndReason.CANCELED, b.now),
]


@pytest.mark.parametrize("tell", FACTS[:5])
def test_a_fact_told_again_changes_nothing(bench: Bench, tell: Callable[[Bench, JobId], Any]) -> None:
    job = bench.a_job()
    bench.begin([job.id])
    tell(bench, job.id)
    before = (views.head(bench.store), views.job(bench.store, job.id), latest(bench, job.id))
    tell(bench, job.id)
    assert before == (views.head(bench.store), views.job(bench.store, job.id), latest(bench, job.id))


@pytest.mark.parametrize("tell", FACTS)
def test_nobody_writes_under_a_past_epoch(bench: Bench, tell: Callable[[Bench, JobId], Any]) -> None:
    job = bench.a_job()
    bench.begin([job.id])
    before = (views.head(bench.store), views.job(bench.store, job.id), latest(bench, job.id))
    stale = bench.epoch
    bench.take(pid=2)
    bench.epoch = stale
    with pytest.raises(StaleEpoch):
        tell(bench, job.id)
    assert before == (views.head(bench.store), views.job(bench.store, job.id), latest(bench, job.id))


@pytest.mark.parametrize("tell", FACTS[:5])
def test_nothing_is_told_of_an_attempt_that_never_was(bench: Bench, tell: Callable[[Bench, JobId], Any]) -> None:
    job = bench.a_job()
    bench.take()
    with pytest.raises(UnknownJob):
        tell(bench, job.id)


@pytest.mark.parametrize("tell", FACTS[:4])
def test_an_attempt_that_has_ended_stays_ended(bench: Bench, tell: Callable[[Bench, JobId], Any]) -> None:
    job = bench.a_running_job()
    end(bench, job.id, End(EndReason.COMPLETED))
    before = latest(bench, job.id)
    tell(bench, job.id)
    assert before == latest(bench, job.id)


def test_a_kill_outranks_a_cancel_and_nothing_a_kill(bench: Bench) -> None:
    job = bench.a_running_job()
    for how, expected in (("cancel", "cancel"), ("timeout", "cancel"), ("kill", "kill"), ("cancel", "kill")):
        facts.stopping(bench.store, bench.epoch, job.id, 1, how, bench.now)  # type: ignore[arg-type]
        assert (expected, AttemptState.STOPPING) == (latest(bench, job.id).stop_asked, latest(bench, job.id).state)


def test_the_time_of_the_first_stop_is_kept(bench: Bench) -> None:
    job = bench.a_running_job()
    facts.stopping(bench.store, bench.epoch, job.id, 1, "cancel", Instant(10.0))
    facts.stopping(bench.store, bench.epoch, job.id, 1, "kill", Instant(20.0))
    assert 10.0 == latest(bench, job.id).stopping


def test_an_attempt_that_began_while_it_was_being_stopped_goes_on_stopping(bench: Bench) -> None:
    job = bench.a_job()
    bench.begin([job.id])
    facts.stopping(bench.store, bench.epoch, job.id, 1, "cancel", bench.now)
    facts.running(bench.store, bench.epoch, job.id, 1, bench.now, bench.now)
    assert (AttemptState.STOPPING, bench.now) == (latest(bench, job.id).state, latest(bench, job.id).started)


def test_what_never_began_is_queued_again_but_not_for_ever(bench: Bench) -> None:
    job = bench.a_job()
    for number in range(1, FREE_RESTART_LIMIT + 1):
        assert 1 == bench.begin([job.id])
        after = end(bench, job.id, End(EndReason.NOT_BEGUN), number)
        assert (JobState.QUEUED, None, None) == (after.state, after.reason, after.ended)
    bench.begin([job.id])
    after = end(bench, job.id, End(EndReason.NOT_BEGUN), FREE_RESTART_LIMIT + 1)
    assert (JobState.FAILED, EndReason.NOT_BEGUN) == (after.state, after.reason)
    assert FREE_RESTART_LIMIT + 1 == len(views.attempts(bench.store, [job.id])[job.id])


@pytest.mark.parametrize(("verb", "reason"), [(Verb.CANCEL, EndReason.CANCELED), (Verb.KILL, EndReason.KILLED)])
def test_what_never_began_and_is_no_longer_wanted_was_stopped_by_the_person(
    bench: Bench, verb: Verb, reason: EndReason
) -> None:
    job = bench.a_job()
    bench.begin([job.id])
    verbs.wish(bench.store, [job.id], verb, now=bench.now)
    after = end(bench, job.id, End(EndReason.VOID, "Its claim was taken."))
    assert (JobState.CANCELED, reason, None) == (after.state, after.reason, after.detail)


def test_what_happened_is_stronger_than_what_was_wished(bench: Bench) -> None:
    job = bench.a_running_job()
    verbs.wish(bench.store, [job.id], Verb.CANCEL, now=bench.now)
    assert JobState.SUCCEEDED is end(bench, job.id, End(EndReason.COMPLETED)).state


def test_a_queued_job_ends_without_an_attempt(bench: Bench) -> None:
    job = bench.a_job()
    bench.take()
    first = facts.finished(bench.store, bench.epoch, job.id, EndReason.KILLED, bench.now)
    again = facts.finished(bench.store, bench.epoch, job.id, EndReason.CANCELED, Instant(bench.now + 5))
    assert (JobState.CANCELED, EndReason.KILLED, bench.now) == (first.state, first.reason, first.ended)
    assert first == again
    assert {} == views.attempts(bench.store, [job.id])


def test_a_running_job_ends_with_its_attempt_only(bench: Bench) -> None:
    job = bench.a_running_job()
    with pytest.raises(Internal):
        facts.finished(bench.store, bench.epoch, job.id, EndReason.CANCELED, bench.now)
